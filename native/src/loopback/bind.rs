//! From what a provider allows to bound sockets on this machine.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

use super::{Host, LoopbackOptions, Ports};

/// How often a free port is asked for: the one found free in IPv4 may be taken in IPv6.
const ATTEMPTS_AT_ANY_PORT: usize = 5;

const ANY_PORT: u16 = 0;

pub(super) struct Bound {
    pub(super) listeners: Vec<TcpListener>,
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) port: u16,
}

pub(super) async fn bind(options: &LoopbackOptions) -> Result<Bound, LoopbackError> {
    if !is_plain_path(&options.path) {
        return Err(LoopbackError::UnusablePath);
    }
    let candidates = candidates(&options.ports)?;
    let mut last = io::ErrorKind::AddrInUse;
    for port in candidates {
        match bind_every(families(options.host), port).await {
            Ok(listeners) => return read_back(listeners),
            Err(error) if is_taken(&error) => last = error.kind(),
            Err(error) => return Err(LoopbackError::System(error)),
        }
    }
    match &options.ports {
        Ports::List(ports) => Err(LoopbackError::PortsTaken { ports: ports.clone() }),
        Ports::Any | Ports::Preferred(_) => Err(LoopbackError::System(last.into())),
    }
}

/// Binds all the addresses to one port, leaving out a family that this machine does not have.
///
/// Any other failure fails the whole: whoever holds the port in the other family would get the
/// redirect of a browser that tries that family first.
async fn bind_every(addresses: &[IpAddr], mut port: u16) -> io::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    let mut absent = None;
    for &address in addresses {
        match TcpListener::bind((address, port)).await {
            Ok(listener) => {
                port = listener.local_addr()?.port();
                listeners.push(listener);
            }
            Err(error) if is_absent_family(&error) => absent = Some(error),
            Err(error) => return Err(error),
        }
    }
    match absent {
        Some(error) if listeners.is_empty() => Err(error),
        Some(_) | None => Ok(listeners),
    }
}

/// Asks the system what was bound instead of trusting what was asked for (RFC 8252 §8.3).
fn read_back(listeners: Vec<TcpListener>) -> Result<Bound, LoopbackError> {
    let addresses = listeners
        .iter()
        .map(TcpListener::local_addr)
        .collect::<io::Result<Vec<_>>>()
        .map_err(LoopbackError::System)?;
    match (addresses.first(), addresses.iter().find(|address| !address.ip().is_loopback())) {
        (_, Some(stranger)) => Err(LoopbackError::NotLoopback(*stranger)),
        (None, None) => Err(LoopbackError::System(io::ErrorKind::AddrNotAvailable.into())),
        (Some(first), None) => Ok(Bound { port: first.port(), listeners, addresses }),
    }
}

fn candidates(ports: &Ports) -> Result<Vec<u16>, LoopbackError> {
    let any = [ANY_PORT; ATTEMPTS_AT_ANY_PORT];
    match ports {
        Ports::Any => Ok(any.to_vec()),
        Ports::Preferred(ports) => Ok([ports, &any[..]].concat()),
        Ports::List(ports) if ports.is_empty() || ports.contains(&ANY_PORT) => {
            Err(LoopbackError::NoPort)
        }
        Ports::List(ports) => Ok(ports.clone()),
    }
}

fn families(host: Host) -> &'static [IpAddr] {
    const IPV4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const IPV6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
    match host {
        Host::Ipv4 => &[IPV4],
        Host::Ipv6 => &[IPV6],
        Host::Localhost => &[IPV4, IPV6],
    }
}

/// Windows answers "permission denied" for its excluded port ranges, Unix for ports below 1024.
fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

/// The family has no loopback address here, or is not compiled into the system at all.
fn is_absent_family(error: &io::Error) -> bool {
    // EAFNOSUPPORT, which has no `ErrorKind`.
    let unsupported = match std::env::consts::OS {
        "linux" | "android" => 97,
        "windows" => 10047,
        _ => 47,
    };
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(unsupported)
}

fn is_plain_path(path: &str) -> bool {
    path.starts_with('/')
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?' && byte != b'#')
}

/// Why no listener could be opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoopbackError {
    /// The registered ports are held by other programs, in one address family at least, or
    /// reserved by the system.
    PortsTaken {
        /// Every port that was tried.
        ports: Vec<u16>,
    },
    /// The list of ports is empty or contains 0.
    NoPort,
    /// The path does not start with `/`, or has a query, a fragment or a character outside ASCII.
    UnusablePath,
    /// The system bound an address that is not loopback; it was closed again.
    NotLoopback(SocketAddr),
    /// The system refused for another reason.
    System(io::Error),
}

impl fmt::Display for LoopbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PortsTaken { ports } => {
                let listed: Vec<_> = ports.iter().map(u16::to_string).collect();
                let (noun, verb, them) =
                    if ports.len() == 1 { ("port", "is", "it") } else { ("ports", "are", "them") };
                write!(
                    f,
                    "{noun} {} {verb} taken on this machine, and the provider allows no other: end \
                     the program that holds {them} (another login, perhaps), or use the device \
                     login or paste the address",
                    listed.join(" and ")
                )
            }
            Self::NoPort => f.write_str("no usable port is listed: list ports from 1 to 65535"),
            Self::UnusablePath => f.write_str(
                "the redirect path must be plain ASCII, start with / and have no query or fragment",
            ),
            Self::NotLoopback(address) => {
                write!(f, "asked for loopback, the system bound {address}: use the device login")
            }
            Self::System(error) => {
                write!(f, "cannot listen on loopback: {error}; use the device login or paste")
            }
        }
    }
}

impl std::error::Error for LoopbackError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System(error) => Some(error),
            Self::PortsTaken { .. } | Self::NoPort | Self::UnusablePath | Self::NotLoopback(_) => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TEST-NET-1 (RFC 5737): no machine has it, so binding it fails as an absent family does.
    const ABSENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    #[tokio::test]
    async fn one_present_family_is_enough() {
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        for addresses in [[here, ABSENT], [ABSENT, here]] {
            let bound = read_back(bind_every(&addresses, ANY_PORT).await.unwrap()).unwrap();
            assert_eq!(bound.addresses, [SocketAddr::new(here, bound.port)]);
        }
    }

    #[tokio::test]
    async fn no_family_at_all_is_an_error() {
        let error = bind_every(&[ABSENT], ANY_PORT).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    }

    #[tokio::test]
    async fn an_address_that_is_not_loopback_is_refused_when_read_back() {
        let everywhere = TcpListener::bind("0.0.0.0:0").await.unwrap();
        assert!(matches!(read_back(vec![everywhere]), Err(LoopbackError::NotLoopback(_))));
    }
}
