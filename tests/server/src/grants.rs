//! What people have granted: codes, and the tokens that came of them.

use std::collections::BTreeMap;

use crate::{
    Finding, Rotation,
    exchange::Exchange,
    mint::{Mint, code_challenge},
    refusal::{BadGrant, Refusal},
};

/// What a person agreed to.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) scope: String,
    /// Whether there is a `refresh_token`.
    pub(crate) offline: bool,
}

/// An authorization code (RFC 6749 §4.1.2) and what it is bound to.
pub(crate) struct IssuedCode {
    pub(crate) grant: Grant,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) code_challenge: String,
    pub(crate) expires_ms: u64,
}

/// What a client presents to redeem a code.
pub(crate) struct Redemption<'a> {
    pub(crate) code: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) code_verifier: &'a str,
    /// Where the dialect wants it.
    pub(crate) state: Option<&'a str>,
}

/// All tokens that came of one login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Family(usize);

pub(crate) struct Grants {
    codes: BTreeMap<String, (IssuedCode, Use)>,
    families: Vec<FamilyRecord>,
    refresh_tokens: BTreeMap<String, RefreshToken>,
    access_tokens: BTreeMap<String, Family>,
}

enum Use {
    Fresh,
    Spent(Option<Family>),
}

struct FamilyRecord {
    grant: Grant,
    revoked: bool,
}

struct RefreshToken {
    family: Family,
    replaced: Option<Replaced>,
}

#[derive(Clone)]
struct Replaced {
    at_ms: u64,
    by: String,
}

impl Grants {
    pub(crate) fn new() -> Self {
        Self {
            codes: BTreeMap::new(),
            families: Vec::new(),
            refresh_tokens: BTreeMap::new(),
            access_tokens: BTreeMap::new(),
        }
    }

    pub(crate) fn add_code(&mut self, code: String, bound: IssuedCode) {
        self.codes.insert(code, (bound, Use::Fresh));
    }

    /// Redeems a code. Any attempt spends it, and a second one revokes what the first one gave
    /// (RFC 6749 §4.1.2).
    pub(crate) fn redeem(
        &mut self,
        x: &mut Exchange<'_>,
        presented: &Redemption<'_>,
    ) -> Result<Family, Refusal> {
        let Some((code, used)) = self.codes.get_mut(presented.code) else {
            x.find(Finding::ParameterWrong("code".into()));
            return Err(Refusal::InvalidGrant(BadGrant::Code));
        };
        match used {
            Use::Spent(family) => {
                let family = *family;
                x.find(Finding::CodeReused);
                self.revoke_family(family);
                Err(Refusal::InvalidGrant(BadGrant::Code))
            }
            Use::Fresh => {
                *used = Use::Spent(None);
                code.check(x, presented)?;
                let family = begin(&mut self.families, code.grant.clone());
                *used = Use::Spent(Some(family));
                Ok(family)
            }
        }
    }

    /// Begins the family of tokens of one login.
    pub(crate) fn begin(&mut self, grant: Grant) -> Family {
        begin(&mut self.families, grant)
    }

    pub(crate) fn grant(&self, family: Family) -> Option<&Grant> {
        self.families.get(family.0).map(|record| &record.grant)
    }

    pub(crate) fn add_access_token(&mut self, family: Family, token: &str) {
        self.access_tokens.insert(token.into(), family);
    }

    pub(crate) fn add_refresh_token(&mut self, family: Family, token: &str) {
        self.refresh_tokens.insert(token.into(), RefreshToken { family, replaced: None });
    }

    /// Whether an access token is one of ours and not revoked.
    pub(crate) fn is_live(&self, access_token: &str) -> bool {
        self.access_tokens.get(access_token).is_some_and(|&family| !self.is_revoked(family))
    }

    /// Renews: the family, and the `refresh_token` that the answer carries (RFC 6749 §6).
    pub(crate) fn renew(
        &mut self,
        x: &mut Exchange<'_>,
        mint: &mut Mint,
        rotation: Rotation,
        presented: &Renewal<'_>,
    ) -> Result<(Family, Option<String>), Refusal> {
        let known = self.refresh_tokens.get(presented.refresh_token);
        let Some((family, replaced)) = known.map(|own| (own.family, own.replaced.clone())) else {
            x.find(Finding::ParameterWrong("refresh_token".into()));
            return Err(Refusal::InvalidGrant(BadGrant::RefreshTokenInvalid));
        };
        if let Some(replaced) = replaced {
            return self.renew_again(x, rotation, family, replaced);
        }
        self.check_renewal(x, family, presented)?;
        if rotation == Rotation::Off {
            return Ok((family, None));
        }
        let successor = mint.token(presented.prefix);
        let replaced = Some(Replaced { at_ms: x.now_ms, by: successor.clone() });
        self.refresh_tokens
            .insert(presented.refresh_token.into(), RefreshToken { family, replaced });
        self.add_refresh_token(family, &successor);
        Ok((family, Some(successor)))
    }

    /// Revokes a token of either kind and its whole family (RFC 7009 §2.1).
    pub(crate) fn revoke(&mut self, token: &str) {
        let of_refresh_token = self.refresh_tokens.get(token).map(|own| own.family);
        self.revoke_family(of_refresh_token.or_else(|| self.access_tokens.get(token).copied()));
    }

    /// Revokes what a code gave.
    pub(crate) fn revoke_code(&mut self, code: &str) {
        match self.codes.get(code) {
            Some((_, Use::Spent(family))) => self.revoke_family(*family),
            Some((_, Use::Fresh)) | None => {}
        }
    }

    pub(crate) fn revoke_family(&mut self, family: Option<Family>) {
        if let Some(record) = family.and_then(|family| self.families.get_mut(family.0)) {
            record.revoked = true;
        }
    }

    pub(crate) fn revoke_all(&mut self) {
        for record in &mut self.families {
            record.revoked = true;
        }
    }

    /// A token that was replaced comes again: forgiven for a while, or the end of its family.
    fn renew_again(
        &mut self,
        x: &mut Exchange<'_>,
        rotation: Rotation,
        family: Family,
        replaced: Replaced,
    ) -> Result<(Family, Option<String>), Refusal> {
        let age_ms = x.now_ms.saturating_sub(replaced.at_ms);
        let forgiven = !self.is_revoked(family)
            && match rotation {
                Rotation::Grace { ms } => age_ms <= ms,
                Rotation::Strict | Rotation::Off => false,
            };
        x.find(Finding::RefreshTokenReused { forgiven });
        if forgiven {
            return Ok((family, Some(replaced.by)));
        }
        self.revoke_family(Some(family));
        Err(Refusal::InvalidGrant(BadGrant::RefreshTokenReused))
    }

    fn check_renewal(
        &self,
        x: &mut Exchange<'_>,
        family: Family,
        presented: &Renewal<'_>,
    ) -> Result<(), Refusal> {
        if self.is_revoked(family) {
            x.find(Finding::ParameterWrong("refresh_token".into()));
            return Err(Refusal::InvalidGrant(BadGrant::RefreshTokenInvalid));
        }
        let granted = self.grant(family);
        if granted.is_none_or(|grant| grant.client_id != presented.client_id) {
            x.find(Finding::ParameterWrong("client_id".into()));
            return Err(Refusal::InvalidGrant(BadGrant::RefreshTokenInvalid));
        }
        let scope = granted.map_or("", |grant| &grant.scope);
        let beyond = |one: &str| !scope.split_ascii_whitespace().any(|own| own == one);
        if presented.scope.split_ascii_whitespace().any(beyond) {
            x.find(Finding::ParameterWrong("scope".into()));
            return Err(Refusal::InvalidScope);
        }
        Ok(())
    }

    fn is_revoked(&self, family: Family) -> bool {
        self.families.get(family.0).is_none_or(|record| record.revoked)
    }
}

fn begin(families: &mut Vec<FamilyRecord>, grant: Grant) -> Family {
    families.push(FamilyRecord { grant, revoked: false });
    Family(families.len() - 1)
}

/// What a client presents to renew.
pub(crate) struct Renewal<'a> {
    pub(crate) refresh_token: &'a str,
    pub(crate) client_id: &'a str,
    /// Empty when not asked for.
    pub(crate) scope: &'a str,
    /// What the next `refresh_token` begins with.
    pub(crate) prefix: &'a str,
}

impl IssuedCode {
    fn check(&self, x: &mut Exchange<'_>, presented: &Redemption<'_>) -> Result<(), Refusal> {
        if x.now_ms >= self.expires_ms {
            x.find(Finding::Expired("code"));
            return Err(Refusal::InvalidGrant(BadGrant::Code));
        }
        if presented.client_id != self.grant.client_id {
            x.find(Finding::ParameterWrong("client_id".into()));
            return Err(Refusal::InvalidGrant(BadGrant::Code));
        }
        if presented.redirect_uri != self.redirect_uri {
            x.find(Finding::RedirectUriMismatch);
            return Err(Refusal::InvalidGrant(BadGrant::RedirectUri));
        }
        if presented.state.is_some() && presented.state != self.state.as_deref() {
            x.find(Finding::ParameterWrong("state".into()));
            return Err(Refusal::InvalidRequest);
        }
        check_pkce(x, presented.code_verifier, &self.code_challenge)
    }
}

/// RFC 7636 §4.6, and the form of a `code_verifier` (§4.1).
pub(crate) fn check_pkce(
    x: &mut Exchange<'_>,
    code_verifier: &str,
    expected: &str,
) -> Result<(), Refusal> {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let well_formed =
        (43..=128).contains(&code_verifier.len()) && code_verifier.bytes().all(unreserved);
    if well_formed && code_challenge(code_verifier) == expected {
        return Ok(());
    }
    x.find(Finding::PkceWrong);
    Err(Refusal::InvalidGrant(BadGrant::CodeVerifier))
}
