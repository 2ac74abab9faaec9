//! The other side, as small as it can be: which refresh token of which login is good, and what
//! presenting another one does.

use grantflow_core::{Response, Secret};

/// The so-manieth token of a login. Access and refresh tokens are named alike: `a1.2`, `r1.2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Token {
    pub(super) login: u8,
    pub(super) number: u8,
}

/// What happens to a refresh token when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    /// It is replaced, and using the old one again ends the login (RFC 9700 §4.14.2).
    Strict,
    /// It is replaced, and the old one brings the same answer again for less than an hour.
    Grace,
    /// It stays.
    Keeps,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Server {
    rule: Rule,
    logins: Vec<Login>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Login {
    /// Of the refresh token that is good.
    current: u8,
    /// Of the newest access token.
    issued: u8,
    replaced_in: i8,
    is_revoked: bool,
    was_reused: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Reply {
    Tokens { access: Token, refresh: Option<Token> },
    InvalidGrant,
    Overloaded,
    Revoked,
}

impl Server {
    /// With one login, whose second pair of tokens is in use.
    pub(super) fn new(rule: Rule) -> Self {
        let mut server = Self { rule, logins: Vec::new() };
        server.sign_in();
        if rule != Rule::Keeps {
            server.logins[0].current = 1;
        }
        server.logins[0].issued = 1;
        server
    }

    pub(super) fn sign_in(&mut self) -> Token {
        let login =
            Login { current: 0, issued: 0, replaced_in: -9, is_revoked: false, was_reused: false };
        self.logins.push(login);
        Token { login: index(self.logins.len() - 1), number: 0 }
    }

    /// RFC 6749 §6.
    pub(super) fn renew(&mut self, token: Token, hour: i8) -> Reply {
        let rule = self.rule;
        let login = &mut self.logins[usize::from(token.login)];
        let is_current = token.number == login.current;
        let was_just_replaced =
            rule == Rule::Grace && token.number + 1 == login.current && login.replaced_in == hour;
        if login.is_revoked || !is_current && !was_just_replaced {
            login.was_reused |= !is_current;
            login.is_revoked = true;
            return Reply::InvalidGrant;
        }
        if is_current {
            login.issued += 1;
            if rule != Rule::Keeps {
                login.current += 1;
                login.replaced_in = hour;
            }
        }
        let token = |number| Token { login: token.login, number };
        Reply::Tokens {
            access: token(login.issued),
            refresh: (rule != Rule::Keeps).then(|| token(login.current)),
        }
    }

    /// RFC 7009.
    pub(super) fn revoke(&mut self, token: Token) -> Reply {
        self.logins[usize::from(token.login)].is_revoked = true;
        Reply::Revoked
    }

    /// The good refresh token of this one's login.
    pub(super) fn current(&self, token: Token) -> Token {
        Token { number: self.logins[usize::from(token.login)].current, ..token }
    }

    /// A spent token came, and the login is over.
    pub(super) fn saw_reuse(&self) -> bool {
        self.logins.iter().any(|login| login.was_reused)
    }
}

impl Token {
    pub(super) fn access(self) -> Secret {
        Secret::new(format!("a{}.{}", self.login, self.number))
    }

    pub(super) fn refresh(self) -> Secret {
        Secret::new(format!("r{}.{}", self.login, self.number))
    }

    pub(super) fn read(text: &Secret) -> Option<Self> {
        let (login, number) = text.expose().get(1..)?.split_once('.')?;
        Some(Self { login: login.parse().ok()?, number: number.parse().ok()? })
    }
}

impl Reply {
    pub(super) fn response(self) -> Response {
        match self {
            Self::Tokens { access, refresh } => {
                let access = access.access();
                let refresh = refresh.map_or_else(String::new, |token| {
                    format!(r#","refresh_token":"{}""#, token.refresh().expose())
                });
                let body = format!(
                    r#"{{"access_token":"{}","token_type":"Bearer","expires_in":3600{refresh}}}"#,
                    access.expose()
                );
                Response::new(200, body)
            }
            Self::InvalidGrant => Response::new(400, r#"{"error":"invalid_grant"}"#),
            Self::Overloaded => Response::new(503, "").with_retry_after("1"),
            Self::Revoked => Response::new(200, ""),
        }
    }
}

fn index(number: usize) -> u8 {
    u8::try_from(number).expect("a small world")
}
