//! Snapshots of logins, whoever wrote them.

use std::time::Duration;

use grantflow_core::{
    Client, Endpoint, Flow, Machine as _, Now, Prompt, Redirect, Secret, SnapshotError, Step,
    TransportError,
};
use url::Url;

use crate::clients::{DAWN, Dialect, client};
use crate::endpoint::url_gate;
use crate::flow::{begin, is_endpoint, millis};

/// What goes on with a login.
pub type Restore = fn(&Client, &Secret, Now) -> Result<Flow, SnapshotError>;

/// The first byte chooses the client, the rest is the text. Whatever stands behind `"client":"` in
/// it is replaced by the client's own fingerprint, which nobody guesses.
///
/// # Panics
/// When an invariant does not hold.
pub fn snapshot(bytes: &[u8], restore: Restore) {
    let Some((choice, text)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let client = client(Dialect::chosen(*choice));
    let text = signed(text, &client);
    let Ok(flow) = restore(&client, &Secret::new(&*text), DAWN) else { return };
    let view = flow.view(DAWN);
    if let Some(saved) = flow.save() {
        let again = restore(&client, &saved, DAWN).expect("what was saved");
        assert_eq!(again.view(DAWN), view, "saving and restoring changes nothing");
        let twice = again.save().map(|again| again.expose().to_owned());
        assert_eq!(twice.as_deref(), Some(saved.expose()), "what was saved is saved alike");
    }
    what_is_shown_is_safe(&flow);
    strangers_get_nowhere(flow.fork());
    it_ends(flow, &client);
}

/// By the client that it is read for.
fn signed(text: &str, client: &Client) -> String {
    let mut rest = text;
    let mut signed = String::new();
    while let Some((before, after)) = rest.split_once(r#""client":""#) {
        let (_, behind) = after.split_once('"').unwrap_or_default();
        signed.push_str(before);
        signed.push_str(&[r#""client":""#, &fingerprint(client), "\""].concat());
        rest = behind;
    }
    signed.push_str(rest);
    signed
}

/// As a snapshot of its own has it.
fn fingerprint(client: &Client) -> String {
    let saved = begin(client).save().expect("a login that has just begun");
    let value: serde_json::Value = serde_json::from_str(saved.expose()).expect("JSON");
    value["client"].as_str().expect("a fingerprint").to_owned()
}

fn what_is_shown_is_safe(flow: &Flow) {
    if let Some(Prompt::EnterCode { verification_uri, verification_uri_complete, .. }) =
        flow.prompt()
    {
        for uri in [Some(verification_uri), verification_uri_complete].into_iter().flatten() {
            let page = uri.split('#').next().unwrap_or_default();
            url_gate(page.as_bytes(), |text| Endpoint::parse(text));
            let scheme = Url::parse(&uri).map(|uri| uri.scheme().to_owned());
            assert_ne!(scheme.as_deref(), Ok("javascript"), "what is shown is safe: {uri:?}");
        }
    }
}

/// Law 4, in a login that somebody else may have made up.
fn strangers_get_nowhere(mut flow: Flow) {
    let before = flow.view(DAWN);
    for text in ["/callback?code=a&state=", "/callback?code=a", "a#", "?code=a&state=%00"] {
        for redirect in [Redirect::Callback(text), Redirect::Pasted(text)] {
            let taken = flow.handle_redirect(DAWN, redirect);
            assert!(taken.is_err(), "no state is no answer: {text}");
            assert_eq!(flow.view(DAWN), before, "what is refused changes nothing");
        }
    }
}

/// Laws 3 and 7: with a server that never answers.
fn it_ends(mut flow: Flow, client: &Client) {
    let mut now = DAWN;
    for _ in 0..2_000 {
        match flow.poll(now) {
            Step::Done(Err(_)) => return,
            Step::Done(Ok(credential)) => panic!("nobody has granted anything: {credential:?}"),
            Step::Send(request) => {
                let is_known = is_endpoint(client.provider(), &request.url);
                assert!(is_known, "a request goes to its endpoint: {}", request.url);
                let lost = Err(TransportError::Lost);
                flow.handle_response(now, request.id, &lost).expect("it is out");
            }
            Step::Wait(Some(wait)) => {
                assert!(wait > Duration::ZERO, "a wait is one");
                let ms = millis(wait).max(1);
                now.mono = now.mono.saturating_add(ms);
                now.wall = now.wall.saturating_add(ms);
            }
            Step::Wait(None) => panic!("every login ends: nothing will happen in {flow:?}"),
        }
    }
    panic!("every login ends: not {flow:?}");
}

/// By the shipped machine.
pub(crate) fn check(bytes: &[u8]) {
    snapshot(bytes, Flow::restore);
}
