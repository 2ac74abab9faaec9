//! By grantflow-core. Both clocks are read at each step, as a host does.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use grantflow_core::{
    Client, Configuration, Credential, Entropy, Flow, Machine, Now, Prompt, ProviderFile, Redirect,
    Redirects, Response, Scope, Secret, Step,
};
use grantflow_tests::renewing::Renewing;

use super::{
    ACCESS_TOKEN, AUTHORIZATION_ENDPOINT, CLIENT_ID, DEVICE_ANSWERS, DEVICE_ENDPOINT,
    REFRESH_TOKEN, SCOPE, TOKEN_ENDPOINT, TOKENS, redirected,
};

/// A client and a clock.
pub struct Us {
    client: Client,
    redirects: Redirects,
    begun: Instant,
    old: Credential,
}

impl Default for Us {
    fn default() -> Self {
        let client = Client::new(provider(), Configuration::default()).unwrap();
        let old = Credential {
            origin: client.provider().origin(),
            client_id: CLIENT_ID.into(),
            refresh_token: Some(Secret::new(REFRESH_TOKEN)),
            obtained_at: 0,
            expires_at: Some(1),
            scope: Scope::parse(&SCOPE.join(" ")),
            ..Credential::bare("example", Secret::new("the-old-access-token"))
        };
        Self { client, redirects: Redirects::loopback(50_123), begun: Instant::now(), old }
    }
}

/// A provider by the book.
pub fn provider() -> grantflow_core::Provider {
    let scope = SCOPE.join(" ");
    let file = format!(
        r#"{{"id": "example", "name": "Example", "client_id": "{CLIENT_ID}", "scope": "{scope}",
            "authorization_endpoint": "{AUTHORIZATION_ENDPOINT}",
            "token_endpoint": "{TOKEN_ENDPOINT}",
            "device_authorization_endpoint": "{DEVICE_ENDPOINT}"}}"#
    );
    ProviderFile::parse(&file).unwrap().provider
}

impl super::Logins for Us {
    fn browser(&self) -> bool {
        let (scope, entropy) = (Scope::default(), entropy());
        let flow =
            Flow::authorization_code(&self.client, scope, &self.redirects, &entropy, self.now(0));
        let mut flow = flow.unwrap();
        assert!(matches!(flow.poll(self.now(0)), Step::Wait(_)));
        let Some(Prompt::OpenUrl { sign_ins, .. }) = flow.prompt() else { return false };
        let redirect = redirected(&sign_ins[0].url);
        flow.handle_redirect(self.now(0), Redirect::Callback(&redirect)).unwrap();
        self.driven(&mut flow, &[(200, TOKENS)])
    }

    fn device(&self) -> bool {
        let flow = Flow::device(&self.client, Scope::default(), &entropy(), self.now(0));
        self.driven(&mut flow.unwrap(), &DEVICE_ANSWERS)
    }

    fn refresh(&self) -> bool {
        let mut renewing = Renewing::new(&self.client, self.old.clone(), &entropy(), self.now(0));
        self.driven(&mut renewing, &[(200, TOKENS)])
    }
}

impl Us {
    /// The contract's loop; what waits has waited.
    fn driven(&self, machine: &mut impl Machine, answers: &[(u16, &str)]) -> bool {
        let mut answers = answers.iter();
        let mut waited = 0;
        loop {
            match machine.poll(self.now(waited)) {
                Step::Send(request) => {
                    let (status, body) = answers.next().unwrap();
                    let answer = Ok(Response::new(*status, *body));
                    machine.handle_response(self.now(waited), request.id, &answer).unwrap();
                }
                Step::Wait(wait) => waited += u64::try_from(wait.unwrap().as_millis()).unwrap(),
                Step::Done(outcome) => {
                    return outcome.unwrap().access_token.expose() == ACCESS_TOKEN;
                }
            }
        }
    }

    fn now(&self, waited: u64) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let mono = self.begun.elapsed().as_millis();
        Now {
            wall: u64::try_from(wall).unwrap() + waited,
            mono: u64::try_from(mono).unwrap() + waited,
        }
    }
}

fn entropy() -> Entropy {
    let mut bytes = [0; 128];
    getrandom::fill(&mut bytes).unwrap();
    Entropy::new(bytes)
}
