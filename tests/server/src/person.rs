//! The person's side, to be played by tests.

use std::fmt;

use crate::{
    Endpoint, Person, Reply, Request, Response, Server, exchange::Exchange, page, strike::Strikes,
};

/// What a person does who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Agrees.
    Approve,
    /// Refuses.
    Deny,
    /// Closes the window.
    Ignore,
}

impl Decision {
    /// From the button that was pressed.
    pub(crate) fn of_form(button: &str) -> Option<Self> {
        match button {
            "approve" => Some(Self::Approve),
            "deny" => Some(Self::Deny),
            _ => None,
        }
    }
}

/// A login that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pending {
    /// In a browser: a consent page is open.
    Browser {
        /// What names it.
        request_id: String,
        /// Who asks.
        client_id: String,
        /// For what.
        scope: String,
    },
    /// On a device: it shows a code.
    Device {
        /// The code, which names it.
        user_code: String,
        /// Who asks.
        client_id: String,
        /// For what.
        scope: String,
    },
}

/// Nothing of that name waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotWaiting;

/// Why [`Server::authorize`] came to no redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoRedirect {
    /// The URL is not the authorization endpoint of this server.
    ForeignUrl,
    /// The server refused the request with a page of this status; its log says why.
    Refused(u16),
    /// The person did nothing.
    Ignored,
    /// A fault broke the connection.
    Broken,
}

impl Server {
    /// What waits for a person, the browser logins first.
    pub fn pending(&self, now_ms: u64) -> Vec<Pending> {
        let browser = self.browser_logins.iter().map(|(request_id, login)| Pending::Browser {
            request_id: request_id.clone(),
            client_id: login.grant.client_id.clone(),
            scope: login.grant.scope.clone(),
        });
        let is_played = self.config.person == Person::Ask;
        let waiting =
            self.device_logins.values().filter(|login| is_played && login.is_open(now_ms));
        let device = waiting.map(|login| Pending::Device {
            user_code: login.user_code.clone(),
            client_id: login.grant.client_id.clone(),
            scope: login.grant.scope.clone(),
        });
        browser.chain(device).collect()
    }

    /// The person agrees to the login of this `request_id` or `user_code`. For a browser login:
    /// where the browser goes now.
    ///
    /// # Errors
    /// [`NotWaiting`] if there is no such login, or its person has decided.
    pub fn approve(&mut self, now_ms: u64, id: &str) -> Result<Option<String>, NotWaiting> {
        self.decide(now_ms, id, Decision::Approve)
    }

    /// The person refuses. For a browser login: where the browser goes now.
    ///
    /// # Errors
    /// [`NotWaiting`] if there is no such login, or its person has decided.
    pub fn deny(&mut self, now_ms: u64, id: &str) -> Result<Option<String>, NotWaiting> {
        self.decide(now_ms, id, Decision::Deny)
    }

    /// The person closes the window and never decides.
    ///
    /// # Errors
    /// [`NotWaiting`] if there is no such login, or its person has decided.
    pub fn ignore(&mut self, now_ms: u64, id: &str) -> Result<(), NotWaiting> {
        self.decide(now_ms, id, Decision::Ignore).map(|_| ())
    }

    /// Plays a browser and the person in front of it: opens the authorization URL, presses the
    /// button, and says where the browser is sent. Where [`Config::person`](crate::Config::person)
    /// decides at once, the decision given here has no say.
    ///
    /// # Errors
    /// [`NoRedirect`] says why the browser is not sent anywhere.
    pub fn authorize(
        &mut self,
        now_ms: u64,
        authorization_url: &str,
        decision: Decision,
    ) -> Result<String, NoRedirect> {
        let path = self.path_of(authorization_url).ok_or(NoRedirect::ForeignUrl)?;
        let request = Request::get(path);
        if self.config.dialect.endpoint(request.path()) != Endpoint::Authorization {
            return Err(NoRedirect::ForeignUrl);
        }
        let shown = arrived(self.handle(now_ms, &request))?;
        if let Some(location) = shown.header("location") {
            return Ok(location.to_owned());
        }
        let button = match decision {
            _ if shown.status != 200 => return Err(NoRedirect::Refused(shown.status)),
            Decision::Approve => "approve",
            Decision::Deny => "deny",
            Decision::Ignore => return Err(NoRedirect::Ignored),
        };
        let request_id = page::request_id(&shown).ok_or(NoRedirect::Ignored)?;
        let form = [("request_id", request_id.as_str()), ("decision", button)];
        let sent = arrived(self.handle(now_ms, &Request::post_form(request.path(), &form)))?;
        sent.header("location").map(str::to_owned).ok_or(NoRedirect::Refused(sent.status))
    }

    fn decide(
        &mut self,
        now_ms: u64,
        id: &str,
        decision: Decision,
    ) -> Result<Option<String>, NotWaiting> {
        let Some(login) = self.browser_logins.remove(id) else {
            return if self.decide_device(now_ms, id, decision) {
                Ok(None)
            } else {
                Err(NotWaiting)
            };
        };
        if decision == Decision::Ignore {
            return Ok(None);
        }
        // Not a request: nothing is logged, and the faults of redirects happen all the same.
        let request = Request::get("");
        let strikes = Strikes::at(Endpoint::Authorization, &self.config.faults);
        let mut x = Exchange::new(now_ms, Endpoint::Authorization, &request, strikes);
        let url = self.decided_url(&mut x, login, decision == Decision::Approve);
        x.strikes.settle(&mut self.config.faults);
        Ok(Some(url))
    }

    /// Whether there was a device login to decide.
    pub(crate) fn decide_device(
        &mut self,
        now_ms: u64,
        user_code: &str,
        decision: Decision,
    ) -> bool {
        let mut waiting = self.device_logins.values_mut().filter(|login| login.is_open(now_ms));
        let Some(login) = waiting.find(|login| login.has_user_code(user_code)) else {
            return false;
        };
        login.decision = Some(decision);
        true
    }
}

fn arrived(reply: Reply) -> Result<Response, NoRedirect> {
    reply.answer().ok_or(NoRedirect::Broken)
}

impl fmt::Display for NotWaiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no login of that name waits for a person")
    }
}

impl std::error::Error for NotWaiting {}

impl fmt::Display for NoRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForeignUrl => f.write_str("not the authorization endpoint of this server"),
            Self::Refused(status) => write!(f, "refused with status {status}; see the log"),
            Self::Ignored => f.write_str("the person did nothing"),
            Self::Broken => f.write_str("a fault broke the connection"),
        }
    }
}

impl std::error::Error for NoRedirect {}
