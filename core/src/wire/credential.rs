//! A credential as one JSON object, for snapshots and for stores that have no format of their own.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};

use crate::credential::{Account, Credential};
use crate::error::BadResponse;
use crate::scope::Scope;
use crate::wire::json::{NotAnObject, Object, Writer, is_json};
use crate::{Endpoint, Secret};

impl Credential {
    /// All of it as JSON, secrets included: for a place that only its owner can read.
    pub fn save(&self) -> Secret {
        let mut to = Writer::new();
        to.string("provider", &self.provider);
        to.string("origin", &self.origin);
        to.string("client_id", &self.client_id);
        to.string("access_token", self.access_token.expose());
        to.optional("refresh_token", self.refresh_token.as_ref().map(Secret::expose));
        to.optional("subject_token", self.subject_token.as_ref().map(Secret::expose));
        to.optional("id_token", self.id_token.as_ref().map(Secret::expose));
        to.number("obtained_at", self.obtained_at);
        self.expires_at.iter().for_each(|at| to.number("expires_at", *at));
        self.renew_at.iter().for_each(|at| to.number("renew_at", *at));
        to.string("scope", &self.scope.to_string());
        to.optional("account_id", self.account.id.as_deref());
        to.optional("email", self.account.email.as_deref());
        to.optional("plan", self.account.plan.as_deref());
        to.optional("organization", self.account.organization.as_deref());
        to.optional("api_base", self.api_base.as_ref().map(Endpoint::as_str));
        let mut extra = Writer::new();
        for (name, value) in &self.extra {
            // A caller may have put a plain text there.
            if is_json(value.expose()) {
                extra.raw(name, value.expose());
            } else {
                extra.string(name, value.expose());
            }
        }
        to.raw("extra", extra.finish().expose());
        to.finish()
    }

    /// Reads what [`Credential::save`] wrote; members that it does not know are ignored.
    ///
    /// # Errors
    /// [`BadResponse`] names what is missing.
    pub fn restore(saved: &Secret) -> Result<Self, BadResponse> {
        let object = Object::parse(saved.expose()).map_err(|why| match why {
            NotAnObject::Unreadable => BadResponse::NotAnObject,
            NotAnObject::Bad(why) => why,
        })?;
        let text = |name| object.string(name).map(Cow::into_owned);
        let need = |name| text(name).ok_or(BadResponse::Member(name));
        let secret = |name| text(name).filter(|text| !text.is_empty()).map(Secret::new);
        let extra = object.object("extra").ok_or(BadResponse::Member("extra"))?;
        let extra: BTreeMap<String, Secret> =
            extra.members().map(|(name, raw)| (name.to_string(), Secret::from(raw))).collect();
        Ok(Self {
            provider: need("provider")?,
            origin: need("origin")?,
            client_id: need("client_id")?,
            access_token: secret("access_token").ok_or(BadResponse::Member("access_token"))?,
            refresh_token: secret("refresh_token"),
            subject_token: secret("subject_token"),
            id_token: secret("id_token"),
            obtained_at: object.integer("obtained_at").ok_or(BadResponse::Member("obtained_at"))?,
            expires_at: object.integer("expires_at"),
            renew_at: object.integer("renew_at"),
            scope: Scope::parse(&need("scope")?),
            account: Account {
                id: text("account_id"),
                email: text("email"),
                plan: text("plan"),
                organization: text("organization"),
            },
            api_base: text("api_base").and_then(|url| Endpoint::parse(url).ok()),
            extra,
        })
    }
}
