//! Which parameters each dialect wants, where.

use crate::Dialect;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Authorization,
    CodeExchange,
    Renewal,
    DeviceAuthorization,
    DevicePoll,
    Revocation,
}

/// How parameters are written in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Form,
    Json,
    Either,
}

/// What a call has to look like. `client_id` and `client_secret` are not named where the client
/// authenticates: that is a matter of its registration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) encoding: Encoding,
    pub(crate) required: &'static [&'static str],
    pub(crate) optional: &'static [&'static str],
    /// Required, and with this value.
    pub(crate) fixed: &'static [(&'static str, &'static str)],
    /// Not only unknown: the vendor refuses the request.
    pub(crate) forbidden: &'static [&'static str],
    pub(crate) authenticates: bool,
}

impl Rule {
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        let fixed = self.fixed.iter().map(|(name, _)| *name);
        self.required.iter().chain(self.optional).copied().chain(fixed)
    }
}

const S256: (&str, &str) = ("code_challenge_method", "S256");

impl Dialect {
    pub(crate) fn rule(self, call: Call, device_pkce: bool) -> Rule {
        match call {
            Call::Authorization => self.authorization_rule(),
            Call::CodeExchange => self.code_exchange_rule(),
            Call::Renewal => self.renewal_rule(),
            Call::DeviceAuthorization => self.device_authorization_rule(device_pkce),
            Call::DevicePoll => self.device_poll_rule(device_pkce),
            Call::Revocation => self.revocation_rule(),
        }
    }

    /// RFC 6749 §4.1.1 and RFC 7636 §4.3, `state` always.
    fn authorization_rule(self) -> Rule {
        let query = Rule {
            required: &[
                "response_type",
                "client_id",
                "redirect_uri",
                "scope",
                "state",
                "code_challenge",
            ],
            fixed: &[S256],
            ..form(&[])
        };
        match self {
            Self::Standard | Self::Github => Rule {
                required: &[
                    "response_type",
                    "client_id",
                    "redirect_uri",
                    "state",
                    "code_challenge",
                ],
                optional: &["scope"],
                ..query
            },
            Self::Anthropic => Rule { fixed: &[S256, ("code", "true")], ..query },
            Self::Codex => Rule {
                required: &[
                    "response_type",
                    "client_id",
                    "redirect_uri",
                    "scope",
                    "state",
                    "code_challenge",
                    "originator",
                ],
                optional: &["allowed_workspace_id"],
                fixed: &[
                    S256,
                    ("id_token_add_organizations", "true"),
                    ("codex_cli_simplified_flow", "true"),
                ],
                ..query
            },
            Self::Google => Rule { optional: &["access_type", "prompt"], ..query },
        }
    }

    /// RFC 6749 §4.1.3 and RFC 7636 §4.5.
    fn code_exchange_rule(self) -> Rule {
        let standard = Rule {
            authenticates: true,
            ..form(&["grant_type", "code", "redirect_uri", "code_verifier"])
        };
        match self {
            Self::Standard | Self::Github | Self::Google => standard,
            Self::Anthropic => Rule {
                encoding: Encoding::Json,
                required: &["grant_type", "code", "redirect_uri", "code_verifier", "state"],
                ..standard
            },
            Self::Codex => Rule { forbidden: &["state"], ..standard },
        }
    }

    /// RFC 6749 §6.
    fn renewal_rule(self) -> Rule {
        let standard = Rule { authenticates: true, ..form(&["grant_type", "refresh_token"]) };
        match self {
            Self::Standard | Self::Github | Self::Google => {
                Rule { optional: &["scope"], ..standard }
            }
            Self::Anthropic => Rule { encoding: Encoding::Json, ..standard },
            Self::Codex => Rule {
                encoding: Encoding::Either,
                optional: &["scope", "refresh_reason"],
                ..standard
            },
        }
    }

    /// RFC 8628 §3.1.
    fn device_authorization_rule(self, pkce: bool) -> Rule {
        match self {
            Self::Standard | Self::Anthropic => Rule {
                optional: &["scope"],
                required: if pkce { &["code_challenge"] } else { &[] },
                fixed: if pkce { &[S256] } else { &[] },
                authenticates: true,
                ..form(&[])
            },
            Self::Codex => Rule { encoding: Encoding::Json, ..form(&["client_id"]) },
            Self::Github => {
                Rule { encoding: Encoding::Either, optional: &["scope"], ..form(&["client_id"]) }
            }
            // The one place where Google does not want the secret.
            Self::Google => form(&["client_id", "scope"]),
        }
    }

    /// RFC 8628 §3.4.
    fn device_poll_rule(self, pkce: bool) -> Rule {
        let standard = Rule { authenticates: true, ..form(&["grant_type", "device_code"]) };
        match self {
            Self::Standard | Self::Anthropic if pkce => {
                Rule { required: &["grant_type", "device_code", "code_verifier"], ..standard }
            }
            Self::Standard | Self::Anthropic | Self::Google => standard,
            Self::Codex => {
                Rule { encoding: Encoding::Json, ..form(&["device_auth_id", "user_code"]) }
            }
            Self::Github => Rule { encoding: Encoding::Either, ..standard },
        }
    }

    /// RFC 7009 §2.1.
    fn revocation_rule(self) -> Rule {
        let standard = Rule { optional: &["token_type_hint"], ..form(&["token"]) };
        match self {
            Self::Standard | Self::Github => Rule { authenticates: true, ..standard },
            Self::Google => Rule { optional: &[], ..standard },
            // Reports disagree about the encoding.
            Self::Anthropic => Rule {
                encoding: Encoding::Either,
                optional: &["client_id", "token_type_hint"],
                ..standard
            },
            Self::Codex => Rule {
                encoding: Encoding::Json,
                optional: &["client_id", "token_type_hint"],
                ..standard
            },
        }
    }
}

fn form(required: &'static [&'static str]) -> Rule {
    Rule {
        encoding: Encoding::Form,
        required,
        optional: &[],
        fixed: &[],
        forbidden: &[],
        authenticates: false,
    }
}
