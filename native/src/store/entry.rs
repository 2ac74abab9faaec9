//! One entry of the store: a credential in the shape that several agents share.

use std::borrow::Cow;
use std::collections::BTreeMap;

use grantflow_core::{Account, Credential, Endpoint, Scope, Secret};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Number;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::StoreError;

/// For an expiry that nobody knows, since other readers insist on a number: the largest integer
/// that is exact in JavaScript.
const NEVER: u64 = (1 << 53) - 1;

/// The text of an entry, over several lines.
pub(super) fn write(credential: &Credential) -> Result<Zeroizing<String>, StoreError> {
    let unwritable = |_| StoreError::Entry { provider: credential.provider.clone() };
    let text = serde_json::to_string_pretty(&Entry::of(credential).map_err(unwritable)?);
    Ok(Zeroizing::new(text.map_err(unwritable)?))
}

/// The credential in an entry; `None` if it is something else than a login, or a blank one.
pub(super) fn read(provider: &str, text: &str) -> Result<Option<Credential>, StoreError> {
    let incomplete = || StoreError::Entry { provider: provider.to_owned() };
    let Kind { r#type } = serde_json::from_str(text).map_err(|_| incomplete())?;
    if r#type != "oauth" {
        return Ok(None);
    }
    let entry: Entry<'_> = serde_json::from_str(text).map_err(|_| incomplete())?;
    if entry.access.0.expose().is_empty() {
        return Ok(None);
    }
    entry.credential(provider).map(Some).ok_or_else(incomplete)
}

#[derive(Deserialize)]
struct Kind<'e> {
    #[serde(borrow)]
    r#type: Cow<'e, str>,
}

/// The members down to `expires` are what everyone reads; the others are ours. Where `origin` is
/// missing, someone else wrote the entry.
#[derive(Serialize, Deserialize)]
struct Entry<'e> {
    #[serde(borrow)]
    r#type: Cow<'e, str>,
    access: Hidden,
    /// What renews it: the refresh token, or the first token where `access` was exchanged for it.
    refresh: Hidden,
    /// Milliseconds since 1970.
    expires: Number,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    origin: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    client_id: String,
    #[serde(default)]
    obtained_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    renew_at: Option<u64>,
    #[serde(default)]
    scope: Scope,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    exchanged: bool,
    /// The refresh token of the first token, where there are both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_of_first: Option<Hidden>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id_token: Option<Hidden>,
    #[serde(default)]
    account: Who,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_base: Option<Endpoint>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    extra: BTreeMap<String, Box<RawValue>>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Who {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<String>,
}

impl Entry<'_> {
    fn of(credential: &Credential) -> Result<Self, serde_json::Error> {
        let Credential { subject_token, refresh_token, .. } = credential;
        let (refresh, refresh_of_first) = match (subject_token, refresh_token) {
            (Some(subject), refresh) => (Some(subject), refresh.as_ref()),
            (None, refresh) => (refresh.as_ref(), None),
        };
        let hidden = |secret: &Secret| Hidden(secret.clone());
        let Account { id, email, plan, organization } = credential.account.clone();
        let extra = credential.extra.iter().map(|(name, value)| {
            Ok((name.clone(), RawValue::from_string(value.expose().to_owned())?))
        });
        Ok(Self {
            r#type: "oauth".into(),
            access: hidden(&credential.access_token),
            refresh: refresh.map(hidden).unwrap_or_default(),
            expires: credential.expires_at.unwrap_or(NEVER).into(),
            origin: credential.origin.clone(),
            client_id: credential.client_id.clone(),
            obtained_at: credential.obtained_at,
            renew_at: credential.renew_at,
            scope: credential.scope.clone(),
            exchanged: subject_token.is_some(),
            refresh_of_first: refresh_of_first.map(hidden),
            id_token: credential.id_token.as_ref().map(hidden),
            account: Who { id, email, plan, organization },
            api_base: credential.api_base.clone(),
            extra: extra.collect::<Result<_, serde_json::Error>>()?,
        })
    }

    /// `None` if the expiry is no time.
    fn credential(self, provider: &str) -> Option<Credential> {
        let expires_at = milliseconds(&self.expires)?;
        let refresh = self.refresh.filled();
        let (subject_token, refresh_token) = if self.exchanged {
            (refresh, self.refresh_of_first.and_then(Hidden::filled))
        } else {
            (None, refresh)
        };
        let Who { id, email, plan, organization } = self.account;
        let extra = self.extra.into_iter();
        Some(Credential {
            provider: provider.to_owned(),
            origin: self.origin,
            client_id: self.client_id,
            access_token: self.access.0,
            refresh_token,
            subject_token,
            id_token: self.id_token.and_then(Hidden::filled),
            obtained_at: self.obtained_at,
            expires_at: Some(expires_at).filter(|at| *at < NEVER),
            renew_at: self.renew_at,
            scope: self.scope,
            account: Account { id, email, plan, organization },
            api_base: self.api_base,
            extra: extra.map(|(name, value)| (name, Secret::new(value.get()))).collect(),
        })
    }
}

/// Any number that is a time; some tools write fractions.
fn milliseconds(expires: &Number) -> Option<u64> {
    #[expect(clippy::cast_precision_loss, reason = "exact")]
    let is_time = |at: &f64| (0.0..=NEVER as f64).contains(at);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "range-checked")]
    let whole = || expires.as_f64().filter(is_time).map(|at| at as u64);
    expires.as_u64().or_else(whole)
}

/// A secret as a JSON string.
#[derive(Default)]
struct Hidden(Secret);

impl Hidden {
    fn filled(self) -> Option<Secret> {
        Some(self.0).filter(|secret| !secret.expose().is_empty())
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| Self(Secret::new(text)))
    }
}
