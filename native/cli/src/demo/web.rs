//! The web demo on a loopback port: a folder of static files, which are read when they are asked for.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use grantflow::browser::{self, Openable};
use grantflow::environment::Environment;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// What the page may do, as its own `meta` says it. Only a header can forbid frames.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    connect-src 'self'; style-src 'self'; img-src 'self' data:; worker-src 'self'; \
    form-action 'self'; base-uri 'none'; require-trusted-types-for 'script'; \
    frame-ancestors 'none'";

const HEADERS: [(&str, &str); 5] = [
    ("content-security-policy", POLICY),
    ("cross-origin-opener-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    // The folder may be built anew while it is served.
    ("cache-control", "no-cache"),
];

/// Serves until it is interrupted.
pub(super) async fn serve(output: Output, port: Option<u16>) -> Result<Exit, Failure> {
    let folder = folder()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0))).await?;
    let address = format!("http://{}/", listener.local_addr()?);
    output.event("demo_page", &json!({ "url": address }))?;
    output.result(&format!("The demo is at {address}"))?;
    output.say("Ctrl-C ends it.");
    if Environment::detect().can_open_browser() {
        open(&output, &address).await;
    }
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.spawn(connection(stream, folder.clone()));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// The address has been shown, so a browser that does not open is no failure.
async fn open(output: &Output, address: &str) {
    let Ok(address) = Openable::parse(address) else { return };
    if let Err(why) = browser::open(&address).await {
        output.explain(&why.to_string());
    }
}

/// What was built of the checkout that we stand in, or else of the one that we come from.
fn folder() -> Result<PathBuf, Failure> {
    let here = std::env::current_dir()?;
    let origin = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checkout = here.ancestors().chain(origin.ancestors());
    let pages = checkout.map(|folder| folder.join("web-demo"));
    let page =
        pages.into_iter().find(|page| page.join("build.mjs").is_file()).ok_or_else(|| {
            let next = "clone the repository of grantflow, and start it there";
            Failure::new(
                Exit::Failed,
                "the web demo is not here: it is not part of the command",
                next,
            )
        })?;
    let folder = page.join("dist");
    if folder.join("index.html").is_file() {
        return Ok(folder);
    }
    let build = format!("node {}", page.join("build.mjs").display());
    Err(Failure::new(Exit::Failed, "the web demo is not built yet", build))
}

async fn connection(stream: TcpStream, folder: PathBuf) {
    let service = service_fn(move |request| answer(request, folder.clone()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    // A browser that has gone is no failure.
    let _ = connection.await;
}

async fn answer(
    request: Request<Incoming>,
    folder: PathBuf,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return Ok(text(StatusCode::METHOD_NOT_ALLOWED, "Only GET."));
    }
    let Some((file, content_type)) = named(request.uri().path()) else {
        return Ok(text(StatusCode::NOT_FOUND, "There is nothing here."));
    };
    Ok(match tokio::task::spawn_blocking(move || std::fs::read(folder.join(file))).await {
        Ok(Ok(bytes)) => response(StatusCode::OK, content_type, bytes.into()),
        Ok(Err(why)) => unread(&why),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "The file was not read."),
    })
}

/// The file of a path, and what it is. Names are plain words, so that none leads out of the folder.
fn named(path: &str) -> Option<(PathBuf, &'static str)> {
    let path = path.strip_prefix('/')?;
    let path = if path.is_empty() { "index.html" } else { path };
    let is_plain = |name: &str| {
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !name.is_empty() && !name.starts_with('.') && name.chars().all(is_word)
    };
    let (_, extension) = path.rsplit_once('.')?;
    path.split('/').all(is_plain).then_some((path.into(), content_type(extension)?))
}

fn content_type(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        _ => return None,
    })
}

fn unread(why: &io::Error) -> Response<Full<Bytes>> {
    if why.kind() == ErrorKind::NotFound {
        text(StatusCode::NOT_FOUND, "There is nothing here.")
    } else {
        text(StatusCode::INTERNAL_SERVER_ERROR, "The file was not read.")
    }
}

fn text(status: StatusCode, said: &'static str) -> Response<Full<Bytes>> {
    response(status, "text/plain; charset=utf-8", said.into())
}

fn response(status: StatusCode, content_type: &str, body: Bytes) -> Response<Full<Bytes>> {
    let mut builder = Response::builder().status(status).header("content-type", content_type);
    for (name, value) in HEADERS {
        builder = builder.header(name, value);
    }
    // Every name and value is a constant.
    builder.body(Full::new(body)).unwrap_or_default()
}
