//! Values on their way to JavaScript. Each is written as JSON and becomes a plain object there: one
//! import serves them all, and nothing has to be freed.

use alloc::string::String;
use core::time::Duration;

use grantflow_core::json::{Writer, quote};
use grantflow_core::{
    Credential, Digest, Entropy, Error, ErrorCode, Expected, Header, InPlaceOf, Kept, Lock,
    NoAccountId, Outcome, Prompt, Purpose, Rejected, Remedy, Request, Revoked, Secret, SignIn,
    SnapshotError, StoreTrouble, Task, Trouble, Way,
};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = JSON, js_name = parse)]
    fn parse(json: &str) -> JsValue;
}

/// What a call gives back, as JSON; or the `Failure` that it throws.
pub(crate) type Reply = Result<Option<Secret>, Secret>;

pub(crate) fn object(json: &Secret) -> JsValue {
    parse(json.expose())
}

/// An object of this `type`, in the making.
fn of_type(name: &str) -> Writer {
    let mut to = Writer::new();
    to.string("type", name);
    to
}

pub(crate) fn text(text: &str) -> Secret {
    let mut json = String::new();
    quote(&mut json, text);
    Secret::new(json)
}

pub(crate) fn truth(it: bool) -> Secret {
    Secret::from(word(it))
}

pub(crate) fn names(digests: &[Digest]) -> Secret {
    let mut json = String::from("[");
    for (at, digest) in digests.iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        quote(&mut json, &digest.to_text());
    }
    json.push(']');
    Secret::new(json)
}

/// A machine cannot be made of this.
pub(crate) fn misconfigured(why: &str) -> Secret {
    refusal("misconfigured", why, Remedy::FixConfiguration)
}

pub(crate) fn snapshot(why: SnapshotError) -> Secret {
    refusal("snapshot", why.text(), Remedy::SignInAgain)
}

pub(crate) fn no_account_id() -> Secret {
    misconfigured(NoAccountId::TEXT)
}

/// # Errors
/// A `Failure` if there is none.
pub(crate) fn entropy() -> Result<Entropy, Secret> {
    let mut bytes = [0; 128];
    getrandom::fill(&mut bytes).map_err(|_| {
        let why = "this platform gives no random numbers";
        refusal("no_entropy", why, Remedy::UseAnotherFlow)
    })?;
    Ok(Entropy::new(bytes))
}

/// Thrown where a machine is made: a `Failure` too.
fn refusal(name: &str, why: &str, remedy: Remedy) -> Secret {
    let mut to = of_type(name);
    to.string("message", why);
    to.string("remedy", remedy.name());
    to.finish()
}

pub(crate) fn rejected(result: Result<(), Rejected>) -> Option<Secret> {
    let why = result.err()?;
    let mut to = of_type(why.name());
    to.string("message", &why.to_text());
    Some(to.finish())
}

pub(crate) fn wait(at_most: Option<Duration>) -> Secret {
    let mut to = of_type("wait");
    match at_most {
        Some(wait) => to.number("ms", ms(wait)),
        None => to.raw("ms", "null"),
    }
    to.finish()
}

pub(crate) fn headers(headers: &[Header]) -> Secret {
    let mut to = Writer::new();
    for header in headers {
        to.string(&header.name, header.value.expose());
    }
    to.finish()
}

pub(crate) fn send(request: &Request) -> Secret {
    let mut to = of_type("send");
    to.open("request");
    to.number("id", request.id.number());
    to.string("purpose", request.purpose.name());
    to.string("method", request.method.as_str());
    to.string("url", &request.url);
    to.raw("headers", headers(&request.headers).expose());
    to.string("body", request.body.expose());
    to.number("budget", ms(request.budget));
    to.close();
    to.finish()
}

pub(crate) fn credential(kind: &str, credential: &Credential) -> Secret {
    let mut to = of_type(kind);
    to.raw("credential", credential.save().expose());
    to.finish()
}

pub(crate) fn failed(why: &Error) -> Secret {
    let mut to = of_type("failed");
    failure(&mut to, why);
    to.finish()
}

/// A `Failure`, as the member `error`.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others say nothing more")]
fn failure(to: &mut Writer, why: &Error) {
    to.open("error");
    to.string("type", why.name());
    to.string("message", &why.to_text());
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
            to.raw("is_last", word(*is_last));
        }
        _ => {}
    }
    to.close();
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

pub(crate) fn prompt(prompt: &Prompt) -> Secret {
    let (mut to, deadline) = match prompt {
        Prompt::OpenUrl { sign_ins, deadline } => {
            let mut to = of_type("open_url");
            let mut all = String::from("[");
            for (at, one) in sign_ins.iter().enumerate() {
                if at > 0 {
                    all.push(',');
                }
                all.push_str(sign_in(one).expose());
            }
            all.push(']');
            to.raw("sign_ins", &all);
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
    to.finish()
}

fn sign_in(SignIn { url, redirect_uri, way }: &SignIn) -> Secret {
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
    to.finish()
}

/// A step of a renewal: something to do where the record is kept.
pub(crate) fn task(id: u64, task: &Task) -> Secret {
    let mut to = of_type("do");
    to.number("id", id);
    to.open("task");
    to.string("type", task_name(task));
    match task {
        Task::Lock(lock, at_most) => {
            to.string(
                "lock",
                match lock {
                    Lock::Ours => "ours",
                    Lock::Owner => "owner",
                },
            );
            to.number("ms", ms(*at_most));
        }
        Task::Alive(who) => to.string("who", who),
        Task::Note(in_place_of, ledger) => {
            digest_or_null(&mut to, "in_place_of", seen(*in_place_of));
            to.string("ledger", ledger);
        }
        Task::Stash(in_place_of, stash) => {
            digest_or_null(&mut to, "in_place_of", seen(*in_place_of));
            match stash {
                Some(stash) => to.string("stash", stash.expose()),
                None => to.raw("stash", "null"),
            }
        }
        Task::Save(expected, credential) => {
            match expected {
                Expected::Unchanged(None) => to.string("expected", ""),
                Expected::Anything => digest_or_null(&mut to, "expected", None),
                Expected::RenewedBy(digest) | Expected::Unchanged(Some(digest)) => {
                    digest_or_null(&mut to, "expected", Some(*digest));
                }
            }
            to.raw("credential", credential.save().expose());
        }
        Task::Load | Task::Probe | Task::Confirm | Task::Remove | Task::Unlock => {}
    }
    to.close();
    to.finish()
}

fn seen(in_place_of: InPlaceOf) -> Option<Digest> {
    match in_place_of {
        InPlaceOf::Nothing => None,
        InPlaceOf::Text(digest) => Some(digest),
    }
}

fn digest_or_null(to: &mut Writer, name: &str, digest: Option<Digest>) {
    match digest {
        Some(digest) => to.string(name, &digest.to_text()),
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
pub(crate) fn done(outcome: &Outcome) -> Secret {
    let mut to = of_type("done");
    to.open("outcome");
    to.string(
        "type",
        match outcome {
            Outcome::Adopted(_) => "adopted",
            Outcome::Recovered(_) => "recovered",
            Outcome::Renewed(..) => "renewed",
            Outcome::StillGood(..) => "still_good",
            Outcome::SignedIn(_) => "signed_in",
            Outcome::SignedOut { .. } => "signed_out",
        },
    );
    match outcome {
        Outcome::Adopted(credential)
        | Outcome::Recovered(credential)
        | Outcome::Renewed(credential, _)
        | Outcome::StillGood(credential, _) => {
            to.raw("credential", credential.save().expose());
        }
        Outcome::SignedIn(_) => {}
        Outcome::SignedOut { was_there, revoked } => {
            to.raw("was_there", word(*was_there));
            to.string(
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
        to.string(
            "kept",
            match kept {
                Kept::Saved => "saved",
                Kept::Stashed => "stashed",
                Kept::InMemory => "in_memory",
            },
        );
    }
    if let Outcome::StillGood(_, why) = outcome {
        failure(&mut to, why);
    }
    to.close();
    to.finish()
}

fn word(it: bool) -> &'static str {
    if it { "true" } else { "false" }
}

fn ms(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1000) + u64::from(duration.subsec_millis())
}
