//! The one door: the name of a call and its arguments in, a plain object out.

use alloc::boxed::Box;
use alloc::vec::Vec;

use grantflow_core::{
    Digest, Expected, Flow, Machine as _, RENEW_BEFORE, Redirect, Renewal, RenewalStep, Secret,
    Step, state_digest,
};
use wasm_bindgen::prelude::*;

use crate::coming::Arguments;
use crate::out::{self, Reply};

/// A login or a renewal under way, or neither yet. Freeing it cancels it.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Machine(Held);

#[derive(Debug, Default)]
enum Held {
    #[default]
    Nothing,
    Login(Box<Flow>),
    Renewal(Box<Renewal>),
}

#[wasm_bindgen]
impl Machine {
    /// One that holds nothing.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// A call: a JSON array of its name and arguments. The body is that of a response.
    ///
    /// # Errors
    /// Throws a `Failure` where nothing can begin.
    pub fn call(&mut self, call: Vec<u8>, body: Vec<u8>) -> Result<JsValue, JsValue> {
        let text = Arguments::text(call);
        match self.answer(&Arguments::read(text.expose()), body) {
            Ok(None) => Ok(JsValue::UNDEFINED),
            Ok(Some(json)) => Ok(out::object(&json)),
            Err(why) => Err(out::object(&why)),
        }
    }

    fn answer(&mut self, call: &Arguments<'_>, body: Vec<u8>) -> Reply {
        let name = call.string(0);
        match name.as_str() {
            "authorization_code" | "device" | "restore" => self.log_in(&name, call),
            "renew" | "sign_in" | "sign_out" => self.change(&name, call),
            "is_wanting" | "api_headers" | "state_digest" | "digest" | "is_expected" => {
                question(&name, call)
            }
            _ => match &mut self.0 {
                Held::Nothing => Ok(None),
                Held::Login(flow) => Ok(of_login(flow, &name, call, body)),
                Held::Renewal(renewal) => Ok(of_renewal(renewal, &name, call, body)),
            },
        }
    }

    fn log_in(&mut self, name: &str, call: &Arguments<'_>) -> Reply {
        let (now, client) = (call.now(), call.client()?);
        let flow = match name {
            "restore" => Flow::restore(&client, &call.secret(3), now).map_err(out::snapshot),
            "device" => Flow::device(&client, call.scope(3), &out::entropy()?, now)
                .map_err(|why| out::misconfigured(&why.to_text())),
            _ => {
                let (scope, redirects) = (call.scope(3), call.redirects(4)?);
                Flow::authorization_code(&client, scope, &redirects, &out::entropy()?, now)
                    .map_err(|why| out::misconfigured(&why.to_text()))
            }
        };
        self.0 = Held::Login(Box::new(flow?));
        Ok(None)
    }

    /// It goes on from what the renewal before it could not write down.
    fn change(&mut self, name: &str, call: &Arguments<'_>) -> Reply {
        let (now, client, mut ask, entropy) =
            (call.now(), call.client()?, call.ask(3)?, out::entropy()?);
        if let Held::Renewal(previous) = &self.0 {
            ask.unwritten = previous.unwritten();
        }
        self.0 = Held::Renewal(Box::new(match name {
            "sign_in" => Renewal::sign_in(&client, call.credential(4)?, ask, &entropy, now),
            "sign_out" => Renewal::sign_out(&client, ask, &entropy, now),
            _ => Renewal::renew(&client, ask, &entropy, now),
        }));
        Ok(None)
    }
}

fn of_login(flow: &mut Flow, name: &str, call: &Arguments<'_>, body: Vec<u8>) -> Option<Secret> {
    match name {
        "poll" => Some(match flow.poll(call.now()) {
            Step::Send(request) => out::send(&request),
            Step::Wait(at_most) => out::wait(at_most),
            Step::Done(Ok(credential)) => out::credential("done", &credential),
            Step::Done(Err(why)) => out::failed(&why),
        }),
        "prompt" => Some(out::prompt(&flow.prompt()?)),
        "handle_response" => {
            let result = call.result(3, body);
            out::rejected(flow.handle_response(call.now(), call.id(2), &result))
        }
        "handle_redirect" => {
            let (way, text) = (call.string(2), call.secret(3));
            let redirect = match way.as_str() {
                "pasted" => Redirect::Pasted(text.expose()),
                _ => Redirect::Callback(text.expose()),
            };
            out::rejected(flow.handle_redirect(call.now(), redirect))
        }
        "save" => Some(out::text(flow.save()?.expose())),
        "names" => Some(out::names(&flow.names())),
        _ => Some(out::text(flow.state())),
    }
}

fn of_renewal(
    renewal: &mut Renewal,
    name: &str,
    call: &Arguments<'_>,
    body: Vec<u8>,
) -> Option<Secret> {
    match name {
        "poll" => Some(match renewal.poll(call.now()) {
            RenewalStep::Do(id, task) => out::task(id.number(), &task),
            RenewalStep::Send(request) => out::send(&request),
            RenewalStep::Deliver(credential) => out::credential("deliver", &credential),
            RenewalStep::Wait(at_most) => out::wait(at_most),
            RenewalStep::Done(Ok(outcome)) => out::done(&outcome),
            RenewalStep::Done(Err(why)) => out::failed(&why),
        }),
        "handle_answer" => {
            out::rejected(renewal.handle_answer(call.now(), call.id(2), call.answer(3)))
        }
        "handle_response" => {
            let result = call.result(3, body);
            out::rejected(renewal.handle_response(call.now(), call.id(2), &result))
        }
        "handle_lock_lost" => {
            renewal.handle_lock_lost();
            None
        }
        "cancel" => {
            renewal.cancel();
            None
        }
        _ => Some(out::text(renewal.state())),
    }
}

/// What the core can tell without a machine, so that no host has to decide it.
fn question(name: &str, call: &Arguments<'_>) -> Reply {
    Ok(match name {
        "is_wanting" => {
            let (client, credential) = (call.client()?, call.credential(3)?);
            let min_ttl = call.duration(4);
            Some(out::truth(credential.is_wanting(&client, RENEW_BEFORE, min_ttl, call.now())))
        }
        "api_headers" => {
            let (client, credential) = (call.client()?, call.credential(3)?);
            Some(out::headers(&credential.api_headers(&client).map_err(|_| out::no_account_id())?))
        }
        "state_digest" => {
            let digest = state_digest(Redirect::Callback(&call.string(1)));
            digest.map(|digest| out::text(&digest.to_text()))
        }
        "digest" => Some(out::text(&Digest::of(&call.string(1)).to_text())),
        _ => {
            let record = call.credential(2).ok();
            let is_met = expected(call).is_some_and(|it| it.is_met_by(record.as_ref()));
            Some(out::truth(is_met))
        }
    })
}

/// What stands in `expected` of a save: a digest, an empty text for nothing, null for whatever there
/// is. Whether it is a login does not matter to a store that keeps records whole.
fn expected(call: &Arguments<'_>) -> Option<Expected> {
    Some(match call.raw(1) {
        "null" => Expected::Anything,
        r#""""# => Expected::Unchanged(None),
        _ => Expected::RenewedBy(Digest::parse(&call.string(1))?),
    })
}
