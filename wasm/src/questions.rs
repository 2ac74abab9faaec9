//! What the core can tell without a machine, so that no host has to decide it.

use alloc::string::{String, ToString as _};
use core::time::Duration;

use grantflow_core as core_;
use grantflow_core::json::Writer;
use grantflow_core::{Digest, Expected, RENEW_BEFORE};
use wasm_bindgen::prelude::*;

use crate::coming::{self, Now, Plain};
use crate::out::{self, Refusal};

/// Whether a credential has to be renewed for a caller who wants it to last for `minTtl` ms.
///
/// # Errors
/// Throws a `Failure` if the client or the credential makes no sense.
#[wasm_bindgen(js_name = isWanting)]
pub fn is_wanting(
    #[wasm_bindgen(unchecked_param_type = "Client")] client: &Plain,
    #[wasm_bindgen(unchecked_param_type = "Credential")] credential: &Plain,
    #[wasm_bindgen(js_name = minTtl)] min_ttl: f64,
    now: &Now,
) -> Result<bool, JsValue> {
    let (client, credential) = (coming::client(client)?, coming::credential(credential)?);
    let min_ttl = Duration::from_millis(coming::whole(min_ttl));
    Ok(credential.is_wanting(&client, RENEW_BEFORE, min_ttl, now.into()))
}

/// The headers that the provider's API wants to see, the credential's own among them.
///
/// # Errors
/// Throws a `Failure` if one of them names the account and the login told none.
#[wasm_bindgen(js_name = apiHeaders, unchecked_return_type = "Record<string, string>")]
pub fn api_headers(
    #[wasm_bindgen(unchecked_param_type = "Client")] client: &Plain,
    #[wasm_bindgen(unchecked_param_type = "Credential")] credential: &Plain,
) -> Result<JsValue, JsValue> {
    let (client, credential) = (coming::client(client)?, coming::credential(credential)?);
    let headers = credential
        .api_headers(&client)
        .map_err(|why| out::refusal(Refusal::Misconfigured, &why))?;
    let mut to = Writer::new();
    for header in &headers {
        to.string(&header.name, header.value.expose());
    }
    Ok(out::object(to))
}

/// The name under which the login that a redirect belongs to was filed; nothing if it is none.
#[wasm_bindgen(js_name = stateDigest)]
pub fn state_digest(
    #[wasm_bindgen(unchecked_param_type = "string")] redirect: &JsValue,
) -> Option<String> {
    let redirect = coming::string(redirect);
    core_::state_digest(core_::Redirect::Callback(&redirect)).map(|digest| digest.to_string())
}

/// The only form in which a secret is compared or filed: the first half of its SHA-256.
#[wasm_bindgen]
pub fn digest(#[wasm_bindgen(unchecked_param_type = "string")] text: &JsValue) -> String {
    Digest::of(&coming::string(text)).to_string()
}

/// Whether what stands in a record is what a `save` expects there.
#[wasm_bindgen(js_name = isExpected)]
pub fn is_expected(
    #[wasm_bindgen(unchecked_param_type = "string | null")] expected: &JsValue,
    #[wasm_bindgen(unchecked_param_type = "Credential | null")] record: &Plain,
) -> bool {
    let expected = match expected.as_string() {
        None if expected.is_null() => Expected::Anything,
        None => return false,
        Some(text) => match Digest::parse(&text) {
            Some(digest) => Expected::RenewedBy(digest),
            None => return false,
        },
    };
    expected.is_met_by(coming::credential(record).ok().as_ref())
}
