//! What the server saw, and what was wrong with it.

use std::fmt;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{Endpoint, Fault};

/// One request and its answer. It holds no secret: what was presented is there as digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// When it came, in the host's milliseconds.
    pub at_ms: u64,
    /// Its method.
    pub method: String,
    /// Its path, without the query.
    pub path: String,
    /// What is there.
    pub endpoint: Endpoint,
    /// The `User-Agent` that its sender goes by.
    pub user_agent: Option<String>,
    /// Which grant it asked for, at a token endpoint or a device dialect's.
    pub grant_type: Option<GrantType>,
    /// The secrets in it, by the names of their parameters.
    pub presented: Vec<(&'static str, Digest)>,
    /// What the client did wrong.
    pub findings: Vec<Finding>,
    /// What the server did wrong, on demand.
    pub faults: Vec<Fault>,
    /// How it ended.
    pub outcome: Outcome,
}

impl LogEntry {
    /// The digest of a secret that the request carried.
    pub fn presented(&self, name: &str) -> Option<Digest> {
        self.presented.iter().find(|(own, _)| *own == name).map(|&(_, digest)| digest)
    }

    /// The entry as one line of JSON, as the command prints it.
    pub fn to_json(&self) -> String {
        let presented: serde_json::Map<String, Value> = self
            .presented
            .iter()
            .map(|(name, digest)| ((*name).to_owned(), digest.to_string().into()))
            .collect();
        json!({
            "at_ms": self.at_ms,
            "method": self.method,
            "path": self.path,
            "endpoint": self.endpoint.name(),
            "user_agent": self.user_agent,
            "grant_type": self.grant_type.map(GrantType::name),
            "presented": presented,
            "findings": self.findings.iter().map(Finding::to_json).collect::<Vec<_>>(),
            "faults": self.faults.iter().map(|fault| fault.name()).collect::<Vec<_>>(),
            "outcome": self.outcome.name(),
            "status": self.outcome.status(),
            "error": self.outcome.error(),
        })
        .to_string()
    }
}

/// The beginning of the SHA-256 of a secret: enough to tell two apart, not to find one out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 6]);

impl Digest {
    /// The digest of a secret, to be compared with one of the log.
    pub fn of(secret: &str) -> Self {
        let hash: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        Self(hash.first_chunk().copied().unwrap_or_default())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a request at a token endpoint asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    /// RFC 6749 §4.1.3.
    AuthorizationCode,
    /// RFC 6749 §6.
    RefreshToken,
    /// RFC 8628 §3.4.
    DeviceCode,
}

impl GrantType {
    /// Its name, without the URN that the RFC puts before the last one.
    pub fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::DeviceCode => "device_code",
        }
    }
}

/// Something that a client must not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A poll came before the interval was over (RFC 8628 §3.5).
    EarlyPoll {
        /// By how much.
        early_by_ms: u64,
    },
    /// An authorization code was presented again (RFC 6749 §4.1.2).
    CodeReused,
    /// A `device_code` was presented after it had given tokens.
    DeviceCodeReused,
    /// A `refresh_token` was presented after it had been replaced.
    RefreshTokenReused {
        /// Whether the time of grace was not over.
        forgiven: bool,
    },
    /// A code or a `device_code` was presented after its time, or something else expired.
    Expired(&'static str),
    /// No `code_challenge`, or no `code_verifier` (RFC 7636).
    PkceMissing,
    /// Not S256, malformed, or the `code_verifier` is not the one of the `code_challenge`.
    PkceWrong,
    /// No `state` where one has to be.
    StateMissing,
    /// A parameter that has to be there is not.
    ParameterMissing(String),
    /// A parameter that has no business there.
    ParameterUnknown(String),
    /// A parameter that is there twice (RFC 6749 §3.1, §3.2).
    ParameterRepeated(String),
    /// A parameter without a value (RFC 6749 §3.1, §3.2).
    ParameterEmpty(String),
    /// A parameter with a value that cannot be.
    ParameterWrong(String),
    /// A parameter in the URL that belongs into the body (RFC 6749 §2.3.1).
    ParameterInUrl(String),
    /// Not the registered `redirect_uri`, or not the one of the authorization request.
    RedirectUriMismatch,
    /// Form where JSON is due, JSON where a form is due, or neither.
    WrongEncoding,
    /// GET where POST is due, or the like.
    WrongMethod,
    /// No client of that id.
    UnknownClient,
    /// The client did not authenticate as it is registered (RFC 6749 §2.3).
    WrongClientAuthentication,
    /// A header is missing or not what it has to be.
    WrongHeader(&'static str),
    /// Nothing is at that path.
    UnknownEndpoint,
    /// A redirect of the token endpoint was followed.
    RedirectFollowed {
        /// Whether secrets went along.
        credentials: bool,
    },
}

impl Finding {
    /// Its name in the JSON of the log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::EarlyPoll { .. } => "early_poll",
            Self::CodeReused => "code_reused",
            Self::DeviceCodeReused => "device_code_reused",
            Self::RefreshTokenReused { .. } => "refresh_token_reused",
            Self::Expired(_) => "expired",
            Self::PkceMissing => "pkce_missing",
            Self::PkceWrong => "pkce_wrong",
            Self::StateMissing => "state_missing",
            Self::ParameterMissing(_) => "parameter_missing",
            Self::ParameterUnknown(_) => "parameter_unknown",
            Self::ParameterRepeated(_) => "parameter_repeated",
            Self::ParameterEmpty(_) => "parameter_empty",
            Self::ParameterWrong(_) => "parameter_wrong",
            Self::ParameterInUrl(_) => "parameter_in_url",
            Self::RedirectUriMismatch => "redirect_uri_mismatch",
            Self::WrongEncoding => "wrong_encoding",
            Self::WrongMethod => "wrong_method",
            Self::UnknownClient => "unknown_client",
            Self::WrongClientAuthentication => "wrong_client_authentication",
            Self::WrongHeader(_) => "wrong_header",
            Self::UnknownEndpoint => "unknown_endpoint",
            Self::RedirectFollowed { .. } => "redirect_followed",
        }
    }

    fn to_json(&self) -> Value {
        let kind = self.name();
        match self {
            Self::EarlyPoll { early_by_ms } => {
                json!({ "finding": kind, "early_by_ms": early_by_ms })
            }
            Self::RefreshTokenReused { forgiven } => {
                json!({ "finding": kind, "forgiven": forgiven })
            }
            Self::RedirectFollowed { credentials } => {
                json!({ "finding": kind, "credentials": credentials })
            }
            Self::Expired(name) | Self::WrongHeader(name) => {
                json!({ "finding": kind, "name": name })
            }
            Self::ParameterMissing(name)
            | Self::ParameterUnknown(name)
            | Self::ParameterRepeated(name)
            | Self::ParameterEmpty(name)
            | Self::ParameterWrong(name)
            | Self::ParameterInUrl(name) => json!({ "finding": kind, "name": name }),
            Self::CodeReused
            | Self::DeviceCodeReused
            | Self::PkceMissing
            | Self::PkceWrong
            | Self::StateMissing
            | Self::RedirectUriMismatch
            | Self::WrongEncoding
            | Self::WrongMethod
            | Self::UnknownClient
            | Self::WrongClientAuthentication
            | Self::UnknownEndpoint => json!({ "finding": kind }),
        }
    }
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With an answer.
    Answered {
        /// Its status.
        status: u16,
        /// The error it tells, if it tells one.
        error: Option<&'static str>,
    },
    /// Without one, the connection left open.
    Stalled,
    /// Without one, the connection reset.
    Reset {
        /// Whether it took effect before.
        processed: bool,
    },
    /// With a part of one. It took effect.
    Truncated,
}

impl Outcome {
    /// Its name in the JSON of the log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Answered { .. } => "answered",
            Self::Stalled => "stalled",
            Self::Reset { processed: false } => "reset_before",
            Self::Reset { processed: true } => "reset_after",
            Self::Truncated => "truncated",
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(*status),
            Self::Stalled | Self::Reset { .. } | Self::Truncated => None,
        }
    }

    /// The error of the answer: `authorization_pending`, `invalid_grant`, …
    pub fn error(&self) -> Option<&'static str> {
        match self {
            Self::Answered { error, .. } => *error,
            Self::Stalled | Self::Reset { .. } | Self::Truncated => None,
        }
    }
}
