//! What a person has to see or do.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::Client;
use crate::flow::state::State;
use crate::scope::Scope;
use crate::time::Now;
use crate::wire::authorization::{self, Way};

/// Show it until another takes its place. `Debug` says which it is and no more: the addresses
/// carry a `state`.
#[derive(Clone, PartialEq, Eq)]
pub enum Prompt {
    /// Open one of these in a browser.
    OpenUrl {
        /// One for each way back, the redirect first.
        sign_ins: Vec<SignIn>,
        /// When the login gives up: monotonic ms.
        deadline: u64,
    },
    /// Show both of these, also where the complete address is opened or drawn as a QR code, so
    /// that the person can compare codes (RFC 8628 §3.3.1). Warn against codes from strangers.
    EnterCode {
        /// As it came: case and dashes matter to a reader.
        user_code: String,
        /// Where to enter it.
        verification_uri: String,
        /// The same with the code in it, if there is one.
        verification_uri_complete: Option<String>,
        /// When the code lapses: monotonic ms.
        deadline: u64,
    },
}

/// One address to open, and what will come of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SignIn {
    /// What to open (RFC 6749 §4.1.1).
    pub url: String,
    /// Where it leads back to.
    pub redirect_uri: String,
    /// How the answer arrives.
    pub way: Way,
}

impl Prompt {
    /// How much time is left.
    pub fn left(&self, now: Now) -> Duration {
        let (Self::OpenUrl { deadline, .. } | Self::EnterCode { deadline, .. }) = self;
        now.until(*deadline)
    }

    pub(crate) fn of(client: &Client, scope: &Scope, state: &State) -> Option<Self> {
        match state {
            State::AwaitingRedirect(login) => {
                let endpoint = client.provider().authorization_endpoint.as_ref()?;
                let mut sign_ins = Vec::with_capacity(login.targets.len());
                for target in &login.targets {
                    let redirect_uri = target.redirect_uri.clone();
                    let verifier = &login.code_verifier;
                    let url =
                        authorization::url(client, endpoint.as_str(), scope, target, verifier);
                    sign_ins.push(SignIn { url, redirect_uri, way: target.way });
                }
                Some(Self::OpenUrl { sign_ins, deadline: login.deadline })
            }
            State::Polling(login, _) => Some(Self::EnterCode {
                user_code: login.codes.user_code.clone(),
                verification_uri: login.codes.verification_uri.clone(),
                verification_uri_complete: login.codes.verification_uri_complete.clone(),
                deadline: login.deadline,
            }),
            State::RedeemingCode(..)
            | State::RequestingCode(..)
            | State::ExchangingToken(..)
            | State::Finished(_) => None,
        }
    }
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenUrl { .. } => "OpenUrl",
            Self::EnterCode { .. } => "EnterCode",
        })
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignIn({:?})", self.way)
    }
}
