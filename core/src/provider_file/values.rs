//! The values of a provider file, one kind after the other.

use alloc::string::String;
use alloc::vec::Vec;

use crate::provider::{
    ClientAuthentication, DeviceDialect, Encoding, Expiry, LoopbackHost, Reuse, TermsStatus,
};
use crate::text::joined;
use crate::wire::json::{Object, elements, string};
use crate::{Endpoint, Map, Scope};

/// Something that a file can set.
///
/// What is wrong is told as what would be right, with a space in front (` must be a text`), or
/// with the name of what is wrong inside (`ports must be a list`). A value is never quoted: it may
/// be a secret in the wrong place.
pub(super) trait Field {
    /// Takes a JSON text over. An object leaves what it does not name.
    fn set(&mut self, raw: &str) -> Result<(), String>;
}

/// One that there may be none of, or many.
pub(super) trait Blank: Field {
    /// What a file begins with that sets what there was not.
    fn blank() -> Self;
}

/// What is wrong, and inside of what.
pub(super) fn inside(name: &str, why: &str) -> String {
    let joint = if why.starts_with(' ') { "" } else { "." };
    joined(&[name, joint, why])
}

pub(super) fn object(raw: &str) -> Result<Object<'_>, String> {
    Object::parse(raw).map_err(|_| String::from(" must be a table, each name once"))
}

fn text(raw: &str) -> Result<String, String> {
    string(raw).ok_or_else(|| String::from(" must be a text"))
}

impl Field for String {
    fn set(&mut self, raw: &str) -> Result<(), String> {
        *self = text(raw)?;
        Ok(())
    }
}

impl Blank for String {
    fn blank() -> Self {
        Self::new()
    }
}

impl Field for bool {
    fn set(&mut self, raw: &str) -> Result<(), String> {
        *self = raw == "true";
        let is_bool = *self || raw == "false";
        is_bool.then_some(()).ok_or_else(|| String::from(" must be true or false"))
    }
}

impl Field for Scope {
    fn set(&mut self, raw: &str) -> Result<(), String> {
        *self = Self::parse(&text(raw)?);
        Ok(())
    }
}

impl Field for Endpoint {
    fn set(&mut self, raw: &str) -> Result<(), String> {
        *self = Self::parse(text(raw)?).map_err(|why| joined(&[" ", why.text()]))?;
        Ok(())
    }
}

impl Blank for Endpoint {
    fn blank() -> Self {
        Self::blank()
    }
}

impl<F: Blank> Field for Option<F> {
    fn set(&mut self, raw: &str) -> Result<(), String> {
        if raw == "null" {
            *self = None;
            return Ok(());
        }
        self.get_or_insert_with(F::blank).set(raw)
    }
}

fn each(raw: &str, one: &mut dyn FnMut(&str) -> Result<(), String>) -> Result<(), String> {
    let elements = elements(raw).ok_or_else(|| String::from(" must be a list"))?;
    elements.into_iter().try_for_each(one)
}

impl<F: Blank> Field for Vec<F> {
    fn set(&mut self, raw: &str) -> Result<(), String> {
        self.clear();
        each(raw, &mut |element| {
            let mut value = F::blank();
            value.set(element)?;
            self.push(value);
            Ok(())
        })
    }
}

impl<F: Blank> Blank for Vec<F> {
    fn blank() -> Self {
        Self::new()
    }
}

impl Field for Map<String> {
    fn set(&mut self, raw: &str) -> Result<(), String> {
        if raw == "null" {
            *self = Self::new();
            return Ok(());
        }
        for (name, raw) in object(raw)?.members() {
            if *raw == "null" {
                self.remove(name);
            } else {
                let value = text(raw).map_err(|_| " must hold nothing but texts")?;
                self.insert(&**name, value);
            }
        }
        Ok(())
    }
}

impl Field for Reuse {
    fn set(&mut self, raw: &str) -> Result<(), String> {
        let within = Object::parse(raw).ok().filter(|object| object.members().len() == 1);
        let seconds = within.and_then(|object| object.integer("within")?.try_into().ok());
        *self = match (seconds, string(raw).as_deref()) {
            (Some(seconds), _) => Self::Within(seconds),
            (None, Some("never")) => Self::Never,
            (None, Some("freely")) => Self::Freely,
            (None, _) => return Err(" must be never, freely or within so many seconds".into()),
        };
        Ok(())
    }
}

impl Field for DeviceDialect {
    /// Replaces: one dialect cannot be filled in from another.
    fn set(&mut self, raw: &str) -> Result<(), String> {
        if text(raw).is_ok_and(|name| name == "rfc8628") {
            *self = Self::Rfc8628;
            return Ok(());
        }
        let dialect = Object::parse(raw).ok().filter(|object| object.members().len() == 1);
        let rules = dialect.and_then(|object| object.object("authorization_code"));
        let rules = rules.ok_or(" must be rfc8628 or a table authorization_code")?;
        let (mut redirect_uri, mut verification_uri) = (Endpoint::blank(), Endpoint::blank());
        super::fields::set_members(
            &rules,
            &mut [
                ("redirect_uri", "null", &mut redirect_uri),
                ("verification_uri", "null", &mut verification_uri),
            ],
        )
        .and(super::fields::needs(&redirect_uri, "redirect_uri"))
        .and(super::fields::needs(&verification_uri, "verification_uri"))
        .map_err(|why| inside("authorization_code", &why))?;
        *self = Self::AuthorizationCode { redirect_uri, verification_uri };
        Ok(())
    }
}

macro_rules! numbers {
    ($($kind:ty),*) => {$(
        impl Field for $kind {
            fn set(&mut self, raw: &str) -> Result<(), String> {
                let number = raw.parse::<u64>().ok().and_then(|number| number.try_into().ok());
                *self = number.ok_or(" must be a whole number that fits")?;
                Ok(())
            }
        }
    )*};
}

numbers!(u16, u32, usize);

impl Blank for u16 {
    fn blank() -> Self {
        0
    }
}

macro_rules! names {
    ($($kind:ty { $($name:literal $value:ident),* })*) => {$(
        impl Field for $kind {
            fn set(&mut self, raw: &str) -> Result<(), String> {
                *self = match string(raw).unwrap_or_default().as_str() {
                    $($name => Self::$value,)*
                    _ => return Err(concat!(" must be one of", $(" ", $name),*).into()),
                };
                Ok(())
            }
        }
    )*};
}

names! {
    ClientAuthentication {
        "none" None,
        "client_secret_post" ClientSecretPost,
        "client_secret_basic" ClientSecretBasic
    }
    Encoding { "form" Form, "json" Json }
    Expiry {
        "expires_in" ExpiresIn,
        "created_at" CreatedAt,
        "expires_at" ExpiresAt,
        "expired_in_ms" ExpiredInMs,
        "access_token" AccessToken
    }
    LoopbackHost { "127.0.0.1" Ipv4, "localhost" Localhost }
    TermsStatus { "allowed" Allowed, "unclear" Unclear, "restricted" Restricted }
}

impl Blank for Expiry {
    fn blank() -> Self {
        Self::ExpiresIn
    }
}
