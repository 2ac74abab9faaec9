//! Two whole logins that need nothing from their host: no I/O, no clock, no source of entropy.
//!
//! Built for `wasm32-unknown-unknown` the module imports nothing, and its `main` still logs in.
//! `./test` checks both.

use std::error::Error;
use std::time::Duration;

use grantflow_core::{
    Client, Credential, Entropy, Flow, Machine as _, Now, Prompt, ProviderFile, Redirect,
    Redirects, Response, Scope, Step, TransportError,
};

const PROVIDER: &str = r#"{
    "id": "acme",
    "client_id": "acme-agents",
    "issuer": "https://login.acme.example",
    "authorization_endpoint": "https://login.acme.example/authorize",
    "token_endpoint": "https://login.acme.example/token",
    "device_authorization_endpoint": "https://login.acme.example/device_authorization"
}"#;

const DEVICE_CODES: (u16, &str) = (
    200,
    r#"{"device_code":"d-1","user_code":"WDJB-MJHT","expires_in":900,"interval":5,
        "verification_uri":"https://login.acme.example/device"}"#,
);
const PENDING: (u16, &str) = (400, r#"{"error":"authorization_pending"}"#);
const SLOW_DOWN: (u16, &str) = (400, r#"{"error":"slow_down"}"#);
const TOKENS: (u16, &str) = (
    200,
    r#"{"access_token":"a-1","token_type":"Bearer","expires_in":3600,"refresh_token":"r-1"}"#,
);

fn main() -> Result<(), Box<dyn Error>> {
    let file = ProviderFile::parse(PROVIDER)?;
    let client = Client::new(file.provider, file.configuration)?;
    for credential in [device_login(&client)?, browser_login(&client)?] {
        if credential.access_token.expose() != "a-1" {
            return Err("the credential holds another token than the server gave".into());
        }
    }
    Ok(())
}

fn device_login(client: &Client) -> Result<Credential, Box<dyn Error>> {
    let mut host = Host::answering(&[DEVICE_CODES, PENDING, SLOW_DOWN, TOKENS]);
    let mut flow = Flow::device(client, Scope::default(), &entropy(), host.now)?;
    host.drive(&mut flow)
}

fn browser_login(client: &Client) -> Result<Credential, Box<dyn Error>> {
    let mut host = Host::answering(&[TOKENS]);
    let (scope, redirects) = (Scope::default(), Redirects::loopback(50_123));
    let mut flow = Flow::authorization_code(client, scope, &redirects, &entropy(), host.now)?;
    let redirect = approved(&flow).ok_or("the login offers no address to open")?;
    flow.handle_redirect(host.now, Redirect::Callback(&redirect))?;
    host.drive(&mut flow)
}

/// Where the server sends the browser of a person who has approved.
fn approved(flow: &Flow) -> Option<String> {
    let Some(Prompt::OpenUrl { sign_ins, .. }) = flow.prompt() else { return None };
    let sign_in = sign_ins.first()?;
    let state = sign_in.url.split(['?', '&']).find(|parameter| parameter.starts_with("state="))?;
    Some(format!("{}?code=c-1&{state}", sign_in.redirect_uri))
}

/// A server that gives these answers in turn, and a clock that jumps over every wait.
struct Host {
    answers: std::slice::Iter<'static, (u16, &'static str)>,
    now: Now,
}

impl Host {
    fn answering(answers: &'static [(u16, &'static str)]) -> Self {
        Self { answers: answers.iter(), now: Now { wall: 1_780_000_000_000, mono: 0 } }
    }

    fn drive(&mut self, flow: &mut Flow) -> Result<Credential, Box<dyn Error>> {
        loop {
            match flow.poll(self.now) {
                Step::Send(request) => {
                    let answer = self.answers.next().ok_or(TransportError::Lost);
                    let answer = answer.map(|(status, body)| Response::new(*status, *body));
                    flow.handle_response(self.now, request.id, &answer)?;
                }
                Step::Wait(Some(wait)) => self.wait(wait)?,
                Step::Wait(None) => return Err("nothing is out, and nothing will come in".into()),
                Step::Done(outcome) => return Ok(outcome?),
            }
        }
    }

    fn wait(&mut self, wait: Duration) -> Result<(), Box<dyn Error>> {
        let ms = u64::try_from(wait.as_millis())?;
        self.now = Now { wall: self.now.wall + ms, mono: self.now.mono + ms };
        Ok(())
    }
}

/// The same bytes each time: this is a proof, not a login of anybody's.
fn entropy() -> Entropy {
    Entropy::new([7; 128])
}
