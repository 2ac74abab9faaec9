//! The way to the server, which breaks: each connection as chance has it, at a byte that chance
//! has it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use grantflow_tests::Chance;

/// About as many bytes as a request or an answer has.
const REACH: usize = 900;

/// What becomes of a connection.
#[derive(Clone, Copy, Debug)]
enum Harm {
    None,
    /// It is reset before anything is read.
    Refused,
    /// It is closed after so many bytes of the request, or of the answer.
    CutAsking(usize),
    Cut(usize),
    /// It is reset after so many bytes of the answer.
    Reset(usize),
    /// Nothing moves any more after so many bytes, of either.
    StallAsking(usize),
    Stall(usize),
    /// One bit of that byte is another.
    FlipAsking(usize),
    Flip(usize),
    /// That byte comes twice.
    Stutter(usize),
    /// The answer comes byte by byte.
    Drip,
    /// Something that was never asked for.
    Garbage(usize),
    /// An answer without an end.
    Endless,
}

pub(crate) async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Until it is dropped, with all its connections.
pub(crate) async fn relay(listener: TcpListener, server: SocketAddr, mut chance: Chance) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let harm = Harm::by(&mut chance);
        // Whoever is cut off has nothing to say about it.
        tokio::spawn(async move { drop(pass(client, server, harm).await) });
    }
}

impl Harm {
    fn by(chance: &mut Chance) -> Self {
        let at = chance.below(REACH);
        match chance.below(24) {
            0 => Self::Refused,
            1 => Self::CutAsking(at),
            2 => Self::Cut(at),
            3 => Self::Reset(at),
            4 => Self::StallAsking(at),
            5 => Self::Stall(at),
            6 => Self::FlipAsking(at),
            7 => Self::Flip(at),
            8 => Self::Stutter(at),
            9 => Self::Drip,
            10 => Self::Garbage(at),
            11 => Self::Endless,
            _ => Self::None,
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "every other harm is of the other direction")]
async fn pass(client: TcpStream, server: SocketAddr, harm: Harm) -> io::Result<()> {
    if let Harm::Refused = harm {
        return client.set_zero_linger();
    }
    let server = TcpStream::connect(server).await?;
    let (mut requests, mut client) = client.into_split();
    let (mut answers, mut server) = server.into_split();
    let asking = async {
        match harm {
            Harm::CutAsking(at) => bring(&mut requests, &mut server, at).await,
            Harm::StallAsking(at) => stall(bring(&mut requests, &mut server, at)).await,
            Harm::FlipAsking(at) => {
                bring(&mut requests, &mut server, at).await?;
                flip(&mut requests, &mut server).await?;
                bring(&mut requests, &mut server, usize::MAX).await
            }
            _ => bring(&mut requests, &mut server, usize::MAX).await,
        }
    };
    let answering = async {
        match harm {
            Harm::Cut(at) | Harm::Reset(at) => bring(&mut answers, &mut client, at).await,
            Harm::Stall(at) => stall(bring(&mut answers, &mut client, at)).await,
            Harm::Flip(at) | Harm::Stutter(at) => {
                bring(&mut answers, &mut client, at).await?;
                if let Harm::Flip(_) = harm {
                    flip(&mut answers, &mut client).await?;
                } else {
                    stutter(&mut answers, &mut client).await?;
                }
                bring(&mut answers, &mut client, usize::MAX).await
            }
            Harm::Drip => drip(&mut answers, &mut client).await,
            Harm::Garbage(at) => {
                let garbage: Vec<u8> = (0..at).map(|byte| byte.to_le_bytes()[0] ^ 0xa5).collect();
                client.write_all(&garbage).await
            }
            Harm::Endless => {
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"a\":\"").await?;
                loop {
                    client.write_all(&[b'a'; 8192]).await?;
                }
            }
            _ => bring(&mut answers, &mut client, usize::MAX).await,
        }
    };
    // The one that ends first ends both, but for an asker who has no more to ask.
    tokio::select! {
        asked = asking => asked?,
        answered = answering => answered?,
    }
    if let Harm::Reset(_) = harm {
        client.reunite(requests).map_err(io::Error::other)?.set_zero_linger()?;
    }
    Ok(())
}

/// So many bytes, or fewer if no more come.
async fn bring(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    most: usize,
) -> io::Result<()> {
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    tokio::io::copy(&mut from.take(limit), to).await?;
    to.flush().await
}

/// It goes on only if that had come to its end by itself, which nobody can tell: so never.
async fn stall(brought: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    brought.await?;
    std::future::pending().await
}

async fn flip(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    let byte = from.read_u8().await?;
    to.write_u8(byte ^ 1 << (byte % 7)).await
}

async fn stutter(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    let byte = from.read_u8().await?;
    to.write_all(&[byte, byte]).await
}

async fn drip(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    loop {
        let byte = from.read_u8().await?;
        to.write_u8(byte).await?;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
