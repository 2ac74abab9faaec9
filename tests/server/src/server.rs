//! The machine: a request in, a reply out.

use std::{collections::BTreeMap, fmt};

use crate::{
    Config, Endpoint, Fault, FaultRule, Finding, LogEntry, Outcome, Reply, Request, Response,
    clock::http_date,
    exchange::Exchange,
    grants::Grants,
    login::{BrowserLogin, DeviceLogin},
    mint::Mint,
    page,
    parameters::Parameters,
    strike::{self, Strikes},
};

/// An authorization server as a pure machine.
pub struct Server {
    pub(crate) config: Config,
    pub(crate) mint: Mint,
    pub(crate) grants: Grants,
    /// Browser logins that wait for a person, by their `request_id`.
    pub(crate) browser_logins: BTreeMap<String, BrowserLogin>,
    /// Device logins, by their `device_code`.
    pub(crate) device_logins: BTreeMap<String, DeviceLogin>,
    log: Vec<LogEntry>,
}

impl Server {
    /// A server that nobody has called yet.
    pub fn new(config: Config) -> Self {
        Self {
            mint: Mint::new(config.seed),
            config,
            grants: Grants::new(),
            browser_logins: BTreeMap::new(),
            device_logins: BTreeMap::new(),
            log: Vec::new(),
        }
    }

    /// Answers a request.
    ///
    /// The time is in milliseconds and must not go back. Where `exp`, `expires_at` or `Date`
    /// matter, it counts from 1970.
    pub fn handle(&mut self, now_ms: u64, request: &Request) -> Reply {
        let endpoint = self.config.dialect.endpoint(request.path());
        let strikes = Strikes::at(endpoint, &self.config.faults);
        let mut x = Exchange::new(now_ms, endpoint, request, strikes);
        let reply = self.reply(&mut x);
        self.log.push(LogEntry {
            at_ms: now_ms,
            method: request.method.clone(),
            path: request.path().to_owned(),
            endpoint,
            user_agent: request.header("user-agent").map(str::to_owned),
            grant_type: x.grant_type,
            presented: x.presented,
            findings: x.findings,
            faults: x.strikes.settle(&mut self.config.faults),
            outcome: outcome(&reply, x.error),
        });
        reply
    }

    /// Every request so far.
    pub fn log(&self) -> &[LogEntry] {
        &self.log
    }

    /// How it is set up. The faults are those that are left.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Makes one more thing go wrong from now on.
    pub fn inject(&mut self, rule: FaultRule) {
        self.config.faults.push(rule);
    }

    /// Makes nothing go wrong from now on.
    pub fn clear_faults(&mut self) {
        self.config.faults.clear();
    }

    /// Revokes every token, as a person can in the account's settings.
    pub fn revoke_all(&mut self) {
        self.grants.revoke_all();
    }

    /// Takes another base URL, as a host does that chose the port.
    pub fn set_issuer(&mut self, issuer: impl Into<String>) {
        self.config.issuer = issuer.into();
    }

    /// The path and query of a URL of this server.
    pub fn path_of<'u>(&self, url: &'u str) -> Option<&'u str> {
        url.strip_prefix(&self.config.issuer).filter(|path| path.starts_with('/'))
    }

    fn reply(&mut self, x: &mut Exchange<'_>) -> Reply {
        let cors = self.config.cors && x.endpoint.is_called_by_programs();
        let cors = cors && !x.strikes(Fault::NoCors);
        if cors && x.request.method == "OPTIONS" {
            return Reply::Answer(preflight());
        }
        let reply = strike::before(x, &self.config.issuer).unwrap_or_else(|| {
            let response = self.answer(x);
            strike::after(x, response)
        });
        let date = http_date(x.wall_ms());
        let dated = |response: Response| {
            let response = response.with("date", &date);
            if cors { response.with("access-control-allow-origin", "*") } else { response }
        };
        match reply {
            Reply::Answer(response) => Reply::Answer(dated(response)),
            Reply::Truncated { response, bytes } => {
                Reply::Truncated { response: dated(response), bytes }
            }
            Reply::Stall | Reply::Reset { .. } => reply,
        }
    }

    fn answer(&mut self, x: &mut Exchange<'_>) -> Response {
        let methods = x.endpoint.methods();
        if !methods.is_empty() && !methods.contains(&x.request.method.as_str()) {
            x.find(Finding::WrongMethod);
            return Response::text(405, "Not with this method.").with("allow", &methods.join(", "));
        }
        match x.endpoint {
            Endpoint::Authorization => self.authorization(x),
            Endpoint::Token => self.token(x),
            Endpoint::DeviceAuthorization => self.device_authorization(x),
            Endpoint::DeviceToken => self.device_token(x),
            Endpoint::Verification => self.verification(x),
            Endpoint::Revocation => self.revocation(x),
            Endpoint::SecondToken => self.second_token(x),
            Endpoint::Api => self.api(x),
            Endpoint::Metadata => self.metadata(),
            Endpoint::CodePage => page::copy_code(&Parameters::of_query(x.request)),
            Endpoint::Sink => sink(x),
            Endpoint::Unknown => {
                x.find(Finding::UnknownEndpoint);
                Response::text(404, "There is nothing here.")
            }
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({}, {} requests)", self.config.dialect, self.log.len())
    }
}

fn outcome(reply: &Reply, error: Option<&'static str>) -> Outcome {
    match reply {
        Reply::Answer(response) => Outcome::Answered { status: response.status, error },
        Reply::Stall => Outcome::Stalled,
        Reply::Reset { processed } => Outcome::Reset { processed: *processed },
        Reply::Truncated { .. } => Outcome::Truncated,
    }
}

fn preflight() -> Response {
    let response = Response { status: 204, headers: Vec::new(), body: Vec::new() };
    response
        .with("access-control-allow-origin", "*")
        .with("access-control-allow-methods", "GET, POST")
        .with(
            "access-control-allow-headers",
            "accept, authorization, content-type, editor-version, editor-plugin-version, \
             copilot-integration-id",
        )
        .with("access-control-max-age", "600")
}

/// Where the redirect of a token endpoint leads that no client must follow.
fn sink(x: &mut Exchange<'_>) -> Response {
    let credentials = !x.request.body.is_empty()
        || !x.request.query().is_empty()
        || x.request.header("authorization").is_some();
    x.find(Finding::RedirectFollowed { credentials });
    Response::text(200, "You should not have come here.")
}
