//! Values on their way to JavaScript. Each is written as JSON and becomes a plain object there: one
//! import serves them all, and nothing has to be freed.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt::Display;
use core::time::Duration;

use grantflow_core::json::Writer;
use grantflow_core::{
    Credential, Digest, Error, ErrorCode, Expected, InPlaceOf, Kept, Lock, Outcome, Prompt,
    Purpose, Rejected, Remedy, Request, Revoked, SignIn, StoreTrouble, Task, Trouble, Way,
};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = JSON, js_name = parse)]
    fn parse(json: &str) -> JsValue;
}

/// Why nothing began.
#[derive(Clone, Copy)]
pub(crate) enum Refusal {
    Misconfigured,
    Snapshot,
    NoEntropy,
}

/// An object of this `type`, in the making.
pub(crate) fn of_type(name: &str) -> Writer {
    let mut to = Writer::new();
    to.string("type", name);
    to
}

pub(crate) fn object(to: Writer) -> JsValue {
    parse(to.finish().expose())
}

/// Thrown where a machine is made: a `Failure` too.
pub(crate) fn refusal(refusal: Refusal, why: &dyn Display) -> JsValue {
    let (name, remedy) = match refusal {
        Refusal::Misconfigured => ("misconfigured", Remedy::FixConfiguration),
        Refusal::Snapshot => ("snapshot", Remedy::SignInAgain),
        Refusal::NoEntropy => ("no_entropy", Remedy::UseAnotherFlow),
    };
    let mut to = of_type(name);
    to.string("message", &why.to_string());
    to.string("remedy", remedy.name());
    object(to)
}

pub(crate) fn rejected(result: Result<(), Rejected>) -> JsValue {
    let Err(why) = result else { return JsValue::UNDEFINED };
    let mut to = of_type(why.name());
    to.string("message", &why.to_string());
    object(to)
}

pub(crate) fn wait(at_most: Option<Duration>) -> JsValue {
    let mut to = of_type("wait");
    match at_most {
        Some(wait) => to.number("ms", ms(wait)),
        None => to.raw("ms", "null"),
    }
    object(to)
}

pub(crate) fn send(request: &Request) -> JsValue {
    let mut of = Writer::new();
    of.number("id", request.id.number());
    of.string("purpose", request.purpose.name());
    of.string("method", request.method.as_str());
    of.string("url", &request.url);
    let mut headers = Writer::new();
    request.headers.iter().for_each(|header| headers.string(&header.name, header.value.expose()));
    of.raw("headers", headers.finish().expose());
    of.string("body", request.body.expose());
    of.number("budget", ms(request.budget));
    let mut to = of_type("send");
    to.raw("request", of.finish().expose());
    object(to)
}

pub(crate) fn credential(kind: &str, credential: &Credential) -> JsValue {
    let mut to = of_type(kind);
    to.raw("credential", credential.save().expose());
    object(to)
}

pub(crate) fn failed(why: &Error) -> JsValue {
    let mut to = of_type("failed");
    to.raw("error", &failure(why));
    object(to)
}

/// A `Failure`, as JSON.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others say nothing more")]
fn failure(why: &Error) -> String {
    let mut to = of_type(why.name());
    to.string("message", &why.to_string());
    to.string("remedy", why.remedy().name());
    match why {
        Error::Expired { slow_downs } => to.number("slow_downs", (*slow_downs).into()),
        Error::Refused { purpose, code, status } => {
            to.optional("purpose", purpose.map(Purpose::name));
            to.optional("code", code.as_ref().map(ErrorCode::as_str));
            if let Some(status) = status {
                to.number("status", (*status).into());
            }
        }
        Error::Unreachable(trouble) => to.string("trouble", trouble_name(*trouble)),
        Error::Store(trouble) => to.string("trouble", store_trouble_name(*trouble)),
        Error::Interrupted { at, by, is_last } => {
            to.number("at", *at);
            to.string("by", by);
            to.raw("is_last", truth(*is_last));
        }
        _ => {}
    }
    to.finish().expose().into()
}

fn store_trouble_name(trouble: StoreTrouble) -> &'static str {
    match trouble {
        StoreTrouble::NotWritable => "not_writable",
        StoreTrouble::NoLock => "no_lock",
        StoreTrouble::Newer => "newer",
        StoreTrouble::Unreadable | _ => "unreadable",
    }
}

fn trouble_name(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::NotSent => "not_sent",
        Trouble::Lost => "lost",
        Trouble::Status(_) => "status",
        Trouble::Unreadable => "unreadable",
    }
}

pub(crate) fn prompt(prompt: &Prompt) -> JsValue {
    let (mut to, deadline) = match prompt {
        Prompt::OpenUrl { sign_ins, deadline } => {
            let mut to = of_type("open_url");
            let all: Vec<String> = sign_ins.iter().map(sign_in).collect();
            to.raw("sign_ins", &["[", &all.join(","), "]"].concat());
            (to, deadline)
        }
        Prompt::EnterCode { user_code, verification_uri, verification_uri_complete, deadline } => {
            let mut to = of_type("enter_code");
            to.string("user_code", user_code);
            to.string("verification_uri", verification_uri);
            to.optional("verification_uri_complete", verification_uri_complete.as_deref());
            (to, deadline)
        }
    };
    to.number("deadline", *deadline);
    object(to)
}

fn sign_in(SignIn { url, redirect_uri, way }: &SignIn) -> String {
    let mut to = Writer::new();
    to.string("url", url);
    to.string("redirect_uri", redirect_uri);
    to.string(
        "way",
        match way {
            Way::Redirect => "redirect",
            Way::Page => "page",
        },
    );
    to.finish().expose().into()
}

/// A step of a renewal: something to do where the record is kept.
pub(crate) fn task(id: u64, task: &Task) -> JsValue {
    let mut of = of_type(task_name(task));
    match task {
        Task::Lock(lock, at_most) => {
            of.string(
                "lock",
                match lock {
                    Lock::Ours => "ours",
                    Lock::Owner => "owner",
                },
            );
            of.number("ms", ms(*at_most));
        }
        Task::Alive(who) => of.string("who", who),
        Task::Note(in_place_of, ledger) => {
            digest_or_null(&mut of, "in_place_of", seen(*in_place_of));
            of.string("ledger", ledger);
        }
        Task::Stash(in_place_of, stash) => {
            digest_or_null(&mut of, "in_place_of", seen(*in_place_of));
            match stash {
                Some(stash) => of.string("stash", stash.expose()),
                None => of.raw("stash", "null"),
            }
        }
        Task::Save(expected, credential) => {
            let expected = match expected {
                Expected::Anything => None,
                Expected::RenewedBy(digest) => Some(*digest),
            };
            digest_or_null(&mut of, "expected", expected);
            of.raw("credential", credential.save().expose());
        }
        Task::Load | Task::Probe | Task::Confirm | Task::Remove | Task::Unlock => {}
    }
    let mut to = of_type("do");
    to.number("id", id);
    to.raw("task", of.finish().expose());
    object(to)
}

fn seen(in_place_of: InPlaceOf) -> Option<Digest> {
    match in_place_of {
        InPlaceOf::Nothing => None,
        InPlaceOf::Text(digest) => Some(digest),
    }
}

fn digest_or_null(to: &mut Writer, name: &str, digest: Option<Digest>) {
    match digest {
        Some(digest) => to.string(name, &digest.to_string()),
        None => to.raw(name, "null"),
    }
}

fn task_name(task: &Task) -> &'static str {
    match task {
        Task::Lock(..) => "lock",
        Task::Load => "load",
        Task::Alive(_) => "alive",
        Task::Probe => "probe",
        Task::Note(..) => "note",
        Task::Confirm => "confirm",
        Task::Stash(..) => "stash",
        Task::Save(..) => "save",
        Task::Remove => "remove",
        Task::Unlock => "unlock",
    }
}

/// The last step of a renewal that went well.
pub(crate) fn done(outcome: &Outcome) -> JsValue {
    let mut of = of_type(match outcome {
        Outcome::Adopted(_) => "adopted",
        Outcome::Recovered(_) => "recovered",
        Outcome::Renewed(..) => "renewed",
        Outcome::StillGood(..) => "still_good",
        Outcome::SignedIn(_) => "signed_in",
        Outcome::SignedOut { .. } => "signed_out",
    });
    match outcome {
        Outcome::Adopted(credential)
        | Outcome::Recovered(credential)
        | Outcome::Renewed(credential, _)
        | Outcome::StillGood(credential, _) => {
            of.raw("credential", credential.save().expose());
        }
        Outcome::SignedIn(_) => {}
        Outcome::SignedOut { was_there, revoked } => {
            of.raw("was_there", truth(*was_there));
            of.string(
                "revoked",
                match revoked {
                    Revoked::Yes => "yes",
                    Revoked::NotOffered => "not_offered",
                    Revoked::Failed(_) => "failed",
                },
            );
        }
    }
    if let Outcome::Renewed(_, kept) | Outcome::SignedIn(kept) = outcome {
        of.string(
            "kept",
            match kept {
                Kept::Saved => "saved",
                Kept::Stashed => "stashed",
                Kept::InMemory => "in_memory",
            },
        );
    }
    if let Outcome::StillGood(_, why) = outcome {
        of.raw("error", &failure(why));
    }
    let mut to = of_type("done");
    to.raw("outcome", of.finish().expose());
    object(to)
}

fn truth(it: bool) -> &'static str {
    if it { "true" } else { "false" }
}

fn ms(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1000) + u64::from(duration.subsec_millis())
}
