//! Each invariant can fail: with something wrong in the place of what is shipped, some file of the
//! corpus complains, and names the invariant.

use std::collections::BTreeSet;
use std::panic::catch_unwind;

use grantflow::store::Entry;
use grantflow::{Credential, Secret};
use grantflow_core::{
    Answer, Endpoint, Flow, Machine as _, Now, ProviderFile, Redirect, Renewal, RenewalStep, Task,
    TransportError, UnverifiedClaims, read_redirect,
};
use grantflow_invariants::{
    Doing, Editing, Formats, RenewalDoing, TARGETS, device_reply, error_body, flow, formats,
    jwt_claims, pasted_callback, provider_file, renewal, request_head, shipped, snapshot,
    store_of_guests, store_of_many, store_of_one, token_reply, url_gate,
};
use zeroize::Zeroizing;

use super::corpus::files;

struct Fault {
    target: &'static str,
    what: &'static str,
    /// The beginning of the complaint.
    invariant: &'static str,
    check: fn(&[u8]),
}

const FAULTS: &[Fault] = &[
    Fault {
        target: "pasted_callback",
        what: "any state will do",
        invariant: "the state has matched",
        check: |bytes| {
            pasted_callback(bytes, |client, redirect_uri, _, redirect| {
                let state = Secret::new("the-state-of-this-login");
                read_redirect(client, redirect_uri, &state, redirect)
            });
        },
    },
    Fault {
        target: "pasted_callback",
        what: "codes are made longer",
        invariant: "the code is the one that came",
        check: |bytes| {
            pasted_callback(bytes, |client, redirect_uri, state, redirect| {
                let code = read_redirect(client, redirect_uri, state, redirect)?;
                Ok(Secret::new(format!("{}-and-more", code.expose())))
            });
        },
    },
    Fault {
        target: "request_head",
        what: "a line may end in LF alone",
        invariant: "all read the same lines",
        check: |bytes| {
            request_head(bytes, |host, port, path, head| {
                let text = String::from_utf8_lossy(head).replace("\r\n", "\n");
                shipped::judge(host, port, path, text.replace('\n', "\r\n").as_bytes())
            });
        },
    },
    Fault {
        target: "request_head",
        what: "any host is ours",
        invariant: "the host is ours",
        check: |bytes| {
            request_head(bytes, |host, port, path, head| {
                let text = String::from_utf8_lossy(head).replace("evil.example", "127.0.0.1:50123");
                shipped::judge(host, port, path, text.as_bytes())
            });
        },
    },
    Fault {
        target: "token_reply",
        what: "a refusal is a success",
        invariant: "only a success grants anything",
        check: |bytes| token_reply(bytes, |client, _, body| shipped::redeem(client, 200, body)),
    },
    Fault {
        target: "device_reply",
        what: "letters of the user code are changed",
        invariant: "the user code is the one that came",
        check: |bytes| {
            device_reply(bytes, |client, body| {
                let body = String::from_utf8_lossy(body).replace("WDJB", "WDJ8");
                shipped::begin(client, body.as_bytes())
            });
        },
    },
    Fault {
        target: "error_body",
        what: "a gateway speaks for the server",
        invariant: "a 503 is never definite",
        check: |bytes| {
            error_body(bytes, |flow, now, id, mut response| {
                response.status = response.status.min(400);
                shipped::answer(flow, now, id, response);
            });
        },
    },
    Fault {
        target: "jwt_claims",
        what: "a fourth segment is passed over",
        invariant: "only claims are read",
        check: |bytes| {
            jwt_claims(bytes, |jwt| {
                let jwt: Vec<&str> = jwt.expose().split('.').take(3).collect();
                let jwt = jwt.join(".").replace("a.b.c", "e30.e30.c");
                UnverifiedClaims::read(&Secret::new(jwt))
            });
        },
    },
    Fault {
        target: "formats",
        what: "half of a pair is a letter",
        invariant: "a string says the same to both",
        check: |bytes| {
            let string = |raw: &str| (Formats::SHIPPED.string)(&raw.replace(r"\ud83d", "?"));
            formats(bytes, &Formats { string, ..Formats::SHIPPED });
        },
    },
    Fault {
        target: "formats",
        what: "numbers may begin with zeros",
        invariant: "JSON is JSON for both or neither",
        check: |bytes| {
            let is_json = |text: &str| (Formats::SHIPPED.is_json)(text.trim_start_matches('0'));
            formats(bytes, &Formats { is_json, ..Formats::SHIPPED });
        },
    },
    Fault {
        target: "formats",
        what: "padding is passed over",
        invariant: "base64 is read alike",
        check: |bytes| {
            let decode = |text: &str| (Formats::SHIPPED.decode)(text.trim_end_matches('='));
            formats(bytes, &Formats { decode, ..Formats::SHIPPED });
        },
    },
    Fault {
        target: "formats",
        what: "a plus is a plus",
        invariant: "a form says the same to both",
        check: |bytes| {
            let pairs = |query: &str| (Formats::SHIPPED.pairs)(&query.replace('+', "%2B"));
            formats(bytes, &Formats { pairs, ..Formats::SHIPPED });
        },
    },
    Fault {
        target: "url_gate",
        what: "what is written badly is repaired",
        invariant: "an address stays what it is",
        check: |bytes| url_gate(bytes, |text| Endpoint::parse(text.to_ascii_lowercase())),
    },
    Fault {
        target: "url_gate",
        what: "no IPv6",
        invariant: "a refusal has a reason",
        check: |bytes| url_gate(bytes, |text| Endpoint::parse(text.replace("[2001", "[x2001"))),
    },
    Fault {
        target: "provider_file",
        what: "a name grows as it is read",
        invariant: "what is written reads back",
        check: |bytes| {
            provider_file(bytes, |text| {
                let mut file = ProviderFile::parse(text)?;
                file.provider.name.push('x');
                Ok(file)
            });
        },
    },
    Fault {
        target: "snapshot",
        what: "a wait grows as it is read",
        invariant: "saving and restoring changes nothing",
        check: |bytes| {
            snapshot(bytes, |client, saved, now| {
                let saved = saved.expose().replace(r#""due_in":"#, r#""due_in":1"#);
                Flow::restore(client, &Secret::new(saved), now)
            });
        },
    },
    Fault {
        target: "store_of_many",
        what: "the file is written afresh",
        invariant: "every other byte stays",
        check: |bytes| store_of_many(bytes, &AFRESH),
    },
    Fault {
        target: "store_of_one",
        what: "a member of Claude Code's own is changed",
        invariant: "what we do not know stays",
        check: |bytes| store_of_one(bytes, &WITHOUT_LIMITS),
    },
    Fault {
        target: "store_of_guests",
        what: "a login without tokens is one",
        invariant: "a login has a token",
        check: |bytes| {
            store_of_guests(bytes, |shape, text| {
                let mut entries = shape.entries(text)?;
                let blank = || Entry::Login(Box::new(Credential::bare("any", Secret::default())));
                for (_, entry) in &mut entries {
                    *entry = Ok(blank());
                }
                Ok(entries)
            });
        },
    },
    Fault {
        target: "flow",
        what: "polls come early",
        invariant: "law 2",
        check: |bytes| {
            let poll =
                |flow: &mut Flow, now: Now| flow.poll(Now { mono: now.mono + 60_000, ..now });
            flow(bytes, Doing { poll, ..Doing::SHIPPED });
        },
    },
    Fault {
        target: "flow",
        what: "an answer to nothing is taken",
        invariant: "law 1",
        check: |bytes| {
            let respond = |flow: &mut Flow, now, id, result: &_| {
                let _ = flow.handle_response(now, id, result);
                Ok(())
            };
            flow(bytes, Doing { respond, ..Doing::SHIPPED });
        },
    },
    Fault {
        target: "flow",
        what: "a stranger is welcome",
        invariant: "law 4",
        check: |bytes| {
            let redirect = |flow: &mut Flow, now, redirect: Redirect<'_>| {
                let _ = flow.handle_redirect(now, redirect);
                Ok(())
            };
            flow(bytes, Doing { redirect, ..Doing::SHIPPED });
        },
    },
    Fault {
        target: "flow",
        what: "another process forgets the pace",
        invariant: "law 2",
        check: |bytes| {
            let restore = |client: &_, saved: &Secret, now| {
                let saved = saved.expose().replace(r#""interval":"#, r#""interval":1,"was":"#);
                Flow::restore(client, &Secret::new(saved), now)
            };
            flow(bytes, Doing { restore, ..Doing::SHIPPED });
        },
    },
    Fault {
        target: "renewal",
        what: "the last look at the locks is left out",
        invariant: "R-P-08",
        check: |bytes| {
            let poll = |renewal: &mut Renewal, now| {
                answering(renewal, now, |task| matches!(task, Task::Confirm))
            };
            renewal(bytes, RenewalDoing { poll, ..RenewalDoing::SHIPPED });
        },
    },
    Fault {
        target: "renewal",
        what: "the mark is not written",
        invariant: "R-P-07",
        check: |bytes| {
            let poll = |renewal: &mut Renewal, now| {
                answering(renewal, now, |task| matches!(task, Task::Note(..)))
            };
            renewal(bytes, RenewalDoing { poll, ..RenewalDoing::SHIPPED });
        },
    },
    Fault {
        target: "renewal",
        what: "a lost answer counts as a request that never left",
        invariant: "R-P-07",
        check: |bytes| {
            let respond = |renewal: &mut Renewal, now, id, result: &_| {
                let not_sent = Err(TransportError::NotSent);
                let is_lost = matches!(result, Err(TransportError::Lost));
                renewal.handle_response(now, id, if is_lost { &not_sent } else { result })
            };
            renewal(bytes, RenewalDoing { respond, ..RenewalDoing::SHIPPED });
        },
    },
];

/// Through a reader and a writer of JSON.
const AFRESH: Editing = Editing {
    with: |shape, text, key, credential| {
        let text = shape.with(text, key, credential)?;
        let value: serde_json::Value =
            serde_json::from_str(text.trim_start_matches('\u{feff}')).expect("JSON");
        Ok(Zeroizing::new(format!("{value:#}\n")))
    },
    ..Editing::SHIPPED
};

const WITHOUT_LIMITS: Editing = Editing {
    with: |shape, text, key, credential| {
        let text = shape.with(text, key, credential)?;
        Ok(Zeroizing::new(text.replace("default_claude_max_20x", "default_claude")))
    },
    ..Editing::SHIPPED
};

/// A host that answers such tasks by itself, and does nothing.
fn answering(renewal: &mut Renewal, now: Now, such: fn(&Task) -> bool) -> RenewalStep {
    match renewal.poll(now) {
        RenewalStep::Do(id, task) if such(&task) => {
            renewal.handle_answer(now, id, Answer::Done).expect("an answer to it");
            answering(renewal, now, such)
        }
        step @ (RenewalStep::Do(..)
        | RenewalStep::Send(_)
        | RenewalStep::Deliver(_)
        | RenewalStep::Wait(_)
        | RenewalStep::Done(_)) => step,
    }
}

#[test]
fn what_is_wrong_is_found_out() {
    let unnoticed: Vec<String> = FAULTS.iter().filter_map(unnoticed).collect();
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}

/// No file of the corpus complains of the fault, or only of something else.
fn unnoticed(Fault { target, what, invariant, check }: &Fault) -> Option<String> {
    let complaints: BTreeSet<String> = files(target)
        .filter_map(|(_, bytes)| catch_unwind(|| check(&bytes)).err())
        .map(|complaint| match complaint.downcast::<String>() {
            Ok(text) => *text,
            Err(other) => (*other.downcast::<&str>().expect("a text")).to_owned(),
        })
        .collect();
    let is_noticed = complaints.iter().any(|complaint| complaint.contains(invariant));
    (!is_noticed).then(|| format!("{target}: {what}: {complaints:?}"))
}

#[test]
fn every_target_has_a_fault() {
    let faulty: BTreeSet<&str> = FAULTS.iter().map(|fault| fault.target).collect();
    assert_eq!(faulty, TARGETS.map(|(target, _)| target).into());
}
