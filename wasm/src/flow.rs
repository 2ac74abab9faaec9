//! A login, as a class of JavaScript.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use grantflow_core as core_;
use grantflow_core::{Machine as _, Redirect, Scope, Secret, Step};
use wasm_bindgen::prelude::*;

use crate::coming::{self, Now, Outcome, Plain};
use crate::out::{self, Refusal};

/// A login under way. Freeing it cancels it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Flow(core_::Flow);

#[wasm_bindgen]
impl Flow {
    /// A login in a browser: authorization code with PKCE (RFC 6749 §4.1, RFC 7636).
    ///
    /// An empty `scope` means the provider's default.
    ///
    /// # Errors
    /// Throws a `Failure` if nothing can begin.
    #[wasm_bindgen(js_name = authorizationCode)]
    pub fn authorization_code(
        #[wasm_bindgen(unchecked_param_type = "Client")] client: &Plain,
        #[wasm_bindgen(unchecked_param_type = "string")] scope: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "Redirects")] redirects: &Plain,
        now: &Now,
    ) -> Result<Self, JsValue> {
        let (client, redirects) = (coming::client(client)?, coming::redirects(redirects)?);
        let (scope, entropy) = (Scope::parse(&coming::string(scope)), coming::entropy()?);
        core_::Flow::authorization_code(&client, scope, &redirects, &entropy, now.into())
            .map(Self)
            .map_err(|why| out::refusal(Refusal::Misconfigured, &why))
    }

    /// A login with a code that the person enters elsewhere (RFC 8628).
    ///
    /// # Errors
    /// Throws a `Failure` if nothing can begin.
    pub fn device(
        #[wasm_bindgen(unchecked_param_type = "Client")] client: &Plain,
        #[wasm_bindgen(unchecked_param_type = "string")] scope: &JsValue,
        now: &Now,
    ) -> Result<Self, JsValue> {
        let (client, entropy) = (coming::client(client)?, coming::entropy()?);
        core_::Flow::device(&client, Scope::parse(&coming::string(scope)), &entropy, now.into())
            .map(Self)
            .map_err(|why| out::refusal(Refusal::Misconfigured, &why))
    }

    /// Goes on where `save` left off, as if the request that was out had been lost.
    ///
    /// # Errors
    /// Throws a `Failure`; the snapshot stays what it was.
    pub fn restore(
        #[wasm_bindgen(unchecked_param_type = "Client")] client: &Plain,
        #[wasm_bindgen(unchecked_param_type = "string")] snapshot: &JsValue,
        now: &Now,
    ) -> Result<Self, JsValue> {
        let client = coming::client(client)?;
        core_::Flow::restore(&client, &Secret::new(coming::string(snapshot)), now.into())
            .map(Self)
            .map_err(|why| out::refusal(Refusal::Snapshot, &why))
    }

    /// What to do now. Calling it too often does no harm.
    #[wasm_bindgen(unchecked_return_type = "Step")]
    pub fn poll(&mut self, now: &Now) -> JsValue {
        match self.0.poll(now.into()) {
            Step::Send(request) => out::send(&request),
            Step::Wait(at_most) => out::wait(at_most),
            Step::Done(Ok(credential)) => out::credential("done", &credential),
            Step::Done(Err(why)) => out::failed(&why),
        }
    }

    /// What to show the person, if anything: equal to the last one as long as nothing changed.
    #[wasm_bindgen(unchecked_return_type = "Prompt | undefined")]
    pub fn prompt(&self) -> JsValue {
        self.0.prompt().map_or(JsValue::UNDEFINED, |prompt| out::prompt(&prompt))
    }

    /// The answer to a `send`.
    #[wasm_bindgen(js_name = handleResponse, unchecked_return_type = "Rejected | undefined")]
    pub fn handle_response(&mut self, now: &Now, id: f64, result: &Outcome) -> JsValue {
        let (id, result) = (coming::request_id(id), coming::result(result));
        out::rejected(self.0.handle_response(now.into(), id, &result))
    }

    /// A redirect, as it came or as it was pasted. The first that belongs to this login wins.
    #[wasm_bindgen(js_name = handleRedirect, unchecked_return_type = "Rejected | undefined")]
    pub fn handle_redirect(
        &mut self,
        now: &Now,
        #[wasm_bindgen(unchecked_param_type = "'callback' | 'pasted'")] by: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] text: &JsValue,
    ) -> JsValue {
        let text = Secret::new(coming::string(text));
        let redirect = match coming::string(by).as_str() {
            "pasted" => Redirect::Pasted(text.expose()),
            _ => Redirect::Callback(text.expose()),
        };
        out::rejected(self.0.handle_redirect(now.into(), redirect))
    }

    /// Everything needed to go on after a page load; nothing once it is over. The text is secret.
    pub fn save(&self) -> Option<String> {
        self.0.save().map(|snapshot| snapshot.expose().into())
    }

    /// The names to file a snapshot under: digests of what a redirect brings (`stateDigest`).
    pub fn names(&self) -> Vec<String> {
        self.0.names().iter().map(ToString::to_string).collect()
    }

    /// The name of the state it is in: what it awaits.
    #[wasm_bindgen(getter)]
    pub fn state(&self) -> String {
        self.0.state().into()
    }
}
