//! A credential as one JSON object, for snapshots and for stores that have no format of their own.

use crate::credential::Credential;
use crate::error::BadResponse;
use crate::scope::Scope;
use crate::wire::json::{NotAnObject, Object, Writer, is_json};
use crate::{Endpoint, Secret};

/// The names of the account's hints, in the order of its fields.
const ACCOUNT: [&str; 4] = ["account_id", "email", "plan", "organization"];

impl Credential {
    /// All of it as JSON, secrets included: for a place that only its owner can read.
    pub fn save(&self) -> Secret {
        let mut to = Writer::new();
        to.string("provider", &self.provider);
        to.string("origin", &self.origin);
        to.string("client_id", &self.client_id);
        to.string("access_token", self.access_token.expose());
        for (name, token) in [
            ("refresh_token", &self.refresh_token),
            ("subject_token", &self.subject_token),
            ("id_token", &self.id_token),
        ] {
            to.optional(name, token.as_ref().map(Secret::expose));
        }
        to.number("obtained_at", self.obtained_at);
        for (name, at) in [("expires_at", self.expires_at), ("renew_at", self.renew_at)] {
            if let Some(at) = at {
                to.number(name, at);
            }
        }
        to.string("scope", self.scope.as_str());
        for (name, hint) in ACCOUNT.into_iter().zip(self.account.hints()) {
            to.optional(name, hint.as_deref());
        }
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
        let mut saved = Self::blank();
        for (name, field) in [
            ("provider", &mut saved.provider),
            ("origin", &mut saved.origin),
            ("client_id", &mut saved.client_id),
        ] {
            *field = object.required(name)?;
        }
        saved.scope = Scope::parse(&object.required("scope")?);
        let token = |name| object.secret(name).filter(|token| !token.expose().is_empty());
        saved.access_token = token("access_token").ok_or(BadResponse::Member("access_token"))?;
        for (name, field) in [
            ("refresh_token", &mut saved.refresh_token),
            ("subject_token", &mut saved.subject_token),
            ("id_token", &mut saved.id_token),
        ] {
            *field = token(name);
        }
        let obtained_at = object.integer("obtained_at");
        saved.obtained_at = obtained_at.ok_or(BadResponse::Member("obtained_at"))?;
        saved.expires_at = object.integer("expires_at");
        saved.renew_at = object.integer("renew_at");
        for (name, field) in ACCOUNT.into_iter().zip(saved.account.fields()) {
            *field = object.string(name);
        }
        saved.api_base = object.string("api_base").and_then(|url| Endpoint::parse(url).ok());
        let extra = object.object("extra").ok_or(BadResponse::Member("extra"))?;
        for (name, raw) in extra.members() {
            saved.extra.insert(&**name, Secret::from(*raw));
        }
        Ok(saved)
    }
}
