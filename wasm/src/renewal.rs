//! A credential kept fresh, as a class of JavaScript.

use alloc::string::String;

use grantflow_core as core_;
use grantflow_core::{Ask, RenewalStep};
use wasm_bindgen::prelude::*;

use crate::coming::{self, Now, Outcome, Plain};
use crate::out;

/// A change of one record: a renewal, a login put in place, or a logout.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Renewal(core_::Renewal);

#[wasm_bindgen]
impl Renewal {
    /// Renews the record that is there, if it is due. It goes on from what the `previous` one of this
    /// process could not write down, and frees that.
    ///
    /// # Errors
    /// Throws a `Failure` if nothing can begin.
    pub fn renew(
        #[wasm_bindgen(unchecked_param_type = "Client")] client: &Plain,
        #[wasm_bindgen(unchecked_param_type = "Ask")] ask: &Plain,
        now: &Now,
        previous: Option<Self>,
    ) -> Result<Self, JsValue> {
        let unwritten = previous.map(|previous| previous.0.unwritten()).unwrap_or_default();
        let ask = Ask { unwritten, ..coming::ask(ask)? };
        let (client, entropy) = (coming::client(client)?, coming::entropy()?);
        Ok(Self(core_::Renewal::renew(&client, ask, &entropy, now.into())))
    }

    /// Puts a new login in the record's place. A renewal that is under way loses to it.
    ///
    /// # Errors
    /// Throws a `Failure` if nothing can begin.
    #[wasm_bindgen(js_name = signIn)]
    pub fn sign_in(
        #[wasm_bindgen(unchecked_param_type = "Client")] client: &Plain,
        #[wasm_bindgen(unchecked_param_type = "Credential")] credential: &Plain,
        #[wasm_bindgen(unchecked_param_type = "Ask")] ask: &Plain,
        now: &Now,
    ) -> Result<Self, JsValue> {
        let (client, credential) = (coming::client(client)?, coming::credential(credential)?);
        let (ask, entropy) = (coming::ask(ask)?, coming::entropy()?);
        Ok(Self(core_::Renewal::sign_in(&client, credential, ask, &entropy, now.into())))
    }

    /// Asks the server to revoke the login (RFC 7009), and takes the record away whatever it says.
    ///
    /// # Errors
    /// Throws a `Failure` if nothing can begin.
    #[wasm_bindgen(js_name = signOut)]
    pub fn sign_out(
        #[wasm_bindgen(unchecked_param_type = "Client")] client: &Plain,
        #[wasm_bindgen(unchecked_param_type = "Ask")] ask: &Plain,
        now: &Now,
    ) -> Result<Self, JsValue> {
        let (client, ask, entropy) =
            (coming::client(client)?, coming::ask(ask)?, coming::entropy()?);
        Ok(Self(core_::Renewal::sign_out(&client, ask, &entropy, now.into())))
    }

    /// What to do now. Calling it too often does no harm.
    #[wasm_bindgen(unchecked_return_type = "RenewalStep")]
    pub fn poll(&mut self, now: &Now) -> JsValue {
        match self.0.poll(now.into()) {
            RenewalStep::Do(id, task) => out::task(id.number(), &task),
            RenewalStep::Send(request) => out::send(&request),
            RenewalStep::Deliver(credential) => out::credential("deliver", &credential),
            RenewalStep::Wait(at_most) => out::wait(at_most),
            RenewalStep::Done(Ok(outcome)) => out::done(&outcome),
            RenewalStep::Done(Err(why)) => out::failed(&why),
        }
    }

    /// What became of a `do`.
    #[wasm_bindgen(js_name = handleAnswer, unchecked_return_type = "Rejected | undefined")]
    pub fn handle_answer(
        &mut self,
        now: &Now,
        id: f64,
        #[wasm_bindgen(unchecked_param_type = "Answer")] answer: &Plain,
    ) -> JsValue {
        let (id, answer) = (coming::request_id(id), coming::answer(answer));
        out::rejected(self.0.handle_answer(now.into(), id, answer))
    }

    /// The answer to a `send`.
    #[wasm_bindgen(js_name = handleResponse, unchecked_return_type = "Rejected | undefined")]
    pub fn handle_response(&mut self, now: &Now, id: f64, result: &Outcome) -> JsValue {
        let (id, result) = (coming::request_id(id), coming::result(result));
        out::rejected(self.0.handle_response(now.into(), id, &result))
    }

    /// A lock was lost: stolen, or its place is gone.
    #[wasm_bindgen(js_name = handleLockLost)]
    pub fn handle_lock_lost(&mut self) {
        self.0.handle_lock_lost();
    }

    /// Nobody needs it any more. Ends it where nothing was sent yet.
    pub fn cancel(&mut self) {
        self.0.cancel();
    }

    /// The name of the state it is in: what it awaits.
    #[wasm_bindgen(getter)]
    pub fn state(&self) -> String {
        self.0.state().into()
    }
}
