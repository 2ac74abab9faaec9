//! A server on this machine, and the browser that visits it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use grantflow_test_server::{Client, Config, Dialect, Person, RedirectUri, Server, http};
use grantflow_tests::Relay;
use tokio::runtime::Runtime;

/// By the book unless said otherwise, and quick to poll.
pub(crate) struct TestServer {
    // Before the runtime that it runs in.
    pub(crate) handle: http::Handle,
    runtime: Runtime,
}

impl TestServer {
    pub(crate) fn start(config: Config) -> Self {
        let runtime = Runtime::new().unwrap();
        let address = (std::net::Ipv4Addr::LOCALHOST, 0).into();
        let handle = runtime.block_on(http::serve(Server::new(config), address)).unwrap();
        Self { handle, runtime }
    }

    pub(crate) fn issuer(&self) -> String {
        self.handle.issuer()
    }

    /// A recorded way here.
    pub(crate) fn relay(&self) -> Relay {
        self.runtime.block_on(Relay::to(self.handle.address())).unwrap()
    }

    /// A provider file in TOML that leads here.
    pub(crate) fn provider_file(&self) -> String {
        self.provider_file_by(&self.issuer())
    }

    /// The same, where requests go by this address; browsers go by themselves.
    pub(crate) fn provider_file_by(&self, address: &str) -> String {
        let issuer = self.issuer();
        format!(
            "id = \"acme\"\nname = \"Acme\"\nissuer = \"{issuer}\"\n\
             authorization_endpoint = \"{issuer}/authorize\"\n\
             token_endpoint = \"{address}/token\"\n\
             device_authorization_endpoint = \"{address}/device_authorization\"\n\
             client_id = \"test-client\"\nscope = \"openid\"\n"
        )
    }

    /// Copilot's preset, moved here.
    pub(crate) fn copilot_file(&self) -> String {
        let issuer = self.issuer();
        format!(
            "preset = \"github-copilot\"\n\
             device_authorization_endpoint = \"{issuer}/login/device/code\"\n\
             token_endpoint = \"{issuer}/login/oauth/access_token\"\n\
             then = {{ endpoint = \"{issuer}/copilot_internal/v2/token\" }}\n"
        )
    }

    /// What the server found wrong with its client.
    pub(crate) fn findings(&self) -> Vec<String> {
        let server = self.handle.server();
        let findings = server.log().iter().flat_map(|entry| &entry.findings);
        findings.map(|finding| finding.name().to_owned()).collect()
    }
}

/// A standard server whose person answers like this.
pub(crate) fn standard(person: Person) -> Config {
    Config { person, interval_s: 1, ..Config::new(Dialect::Standard, "") }
}

/// The same server, where only this client is registered.
pub(crate) fn with_client(config: Config, client_id: &str) -> Config {
    let redirects = vec![RedirectUri::AnyPort("http://127.0.0.1/callback".into())];
    Config { clients: vec![Client::public(client_id, redirects)], ..config }
}

/// Where the server sends a browser that opens this address.
pub(crate) fn redirect_of(address: &str) -> String {
    let answer = get(address);
    let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
    location.unwrap_or_else(|| panic!("no redirect: {answer}")).trim().to_owned()
}

/// Opens an address as a browser does: a plain GET and what came back.
pub(crate) fn get(address: &str) -> String {
    let rest = address.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
