//! Values in the shapes of `wasm/host/types.ts`, written a second time: the adapter's own writer
//! must not agree with itself.

use std::time::Duration;

use grantflow_core::{Error, Prompt, Rejected, Request, Step, Trouble, Way};
use serde_json::{Map, Value, json};

pub(super) fn rejected(took: Result<(), Rejected>) -> Value {
    took.err().map_or(Value::Null, |why| json!({ "type": why.name(), "message": why.to_string() }))
}

pub(super) fn step(step: &Step) -> Value {
    match step {
        Step::Send(request) => json!({ "type": "send", "request": self::request(request) }),
        Step::Wait(wait) => json!({ "type": "wait", "ms": wait.map(ms) }),
        Step::Done(Ok(credential)) => {
            let credential: Value = serde_json::from_str(credential.save().expose()).unwrap();
            json!({ "type": "done", "credential": credential })
        }
        Step::Done(Err(why)) => json!({ "type": "failed", "error": failure(why) }),
    }
}

pub(super) fn prompt(prompt: &Prompt) -> Value {
    match prompt {
        Prompt::OpenUrl { sign_ins, deadline } => {
            let sign_ins: Vec<Value> = sign_ins
                .iter()
                .map(|one| {
                    let way = if one.way == Way::Page { "page" } else { "redirect" };
                    json!({ "url": one.url, "redirect_uri": one.redirect_uri, "way": way })
                })
                .collect();
            json!({ "type": "open_url", "sign_ins": sign_ins, "deadline": deadline })
        }
        Prompt::EnterCode { user_code, verification_uri, verification_uri_complete, deadline } => {
            let mut shown = json!({
                "type": "enter_code",
                "user_code": user_code,
                "verification_uri": verification_uri,
                "deadline": deadline,
            });
            if let Some(complete) = verification_uri_complete {
                shown["verification_uri_complete"] = complete.as_str().into();
            }
            shown
        }
    }
}

fn request(request: &Request) -> Value {
    let headers: Map<String, Value> = request
        .headers
        .iter()
        .map(|header| (header.name.clone(), header.value.expose().into()))
        .collect();
    json!({
        "id": request.id.number(),
        "purpose": request.purpose.name(),
        "method": request.method.as_str(),
        "url": request.url,
        "headers": headers,
        "body": request.body.expose(),
        "budget": ms(request.budget),
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the others say nothing more")]
fn failure(why: &Error) -> Value {
    let mut failure = json!({
        "type": why.name(),
        "message": why.to_string(),
        "remedy": why.remedy().name(),
    });
    match why {
        Error::Expired { slow_downs } => failure["slow_downs"] = (*slow_downs).into(),
        Error::Refused { purpose, code, status } => {
            let told = [
                ("purpose", purpose.map(|purpose| purpose.name().into())),
                ("code", code.as_ref().map(|code| code.as_str().into())),
                ("status", status.map(Value::from)),
            ];
            for (name, value) in told {
                if let Some(value) = value {
                    failure[name] = value;
                }
            }
        }
        Error::Unreachable(trouble) => {
            failure["trouble"] = match trouble {
                Trouble::NotSent => "not_sent",
                Trouble::Lost => "lost",
                Trouble::Status(_) => "status",
                Trouble::Unreadable => "unreadable",
            }
            .into();
        }
        _ => {}
    }
    failure
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}
