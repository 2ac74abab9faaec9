//! Answers that are another login's, or come again, or too late, or are no answers at all.

use grantflow_core::{
    Error, Machine, Misread, Now, Redirect, Rejected, Secret, Step, read_redirect,
};
use grantflow_test_server::Dialect;
use grantflow_tests::covers;
use grantflow_tests::local::{ISSUER, browser_login, client};
use grantflow_tests::world::{DAWN, callback};
use proptest::prelude::*;

use super::redirects::{refuses, standard_flow};
use super::{field, sent, way_back};

use Rejected::{NotExpected, StateMismatch};

#[test]
fn an_absent_state_equals_no_state_not_even_an_empty_one() {
    covers(&["C-13"]);
    let client = client(Dialect::Standard);
    let uri = "http://127.0.0.1:50123/callback";
    for (name, query) in [("absent", "code=c"), ("empty", "code=c&state=")] {
        let back = format!("{uri}?{query}&iss={ISSUER}");
        let read = read_redirect(&client, uri, &Secret::from(""), Redirect::Callback(&back));
        assert_eq!(read.unwrap_err(), Misread::Rejected(StateMismatch), "{name}");
    }
}

#[test]
fn the_parser_by_itself_tells_a_strangers_redirect_from_the_servers_refusal() {
    let (client, state) = (client(Dialect::Standard), Secret::from("s-1"));
    let uri = "https://app.example/back";
    let read = |query: &str| {
        let back = format!("{uri}?{query}&iss={ISSUER}");
        read_redirect(&client, uri, &state, Redirect::Callback(&back))
    };
    assert!(read("code=c&state=s-1").unwrap().matches("c"));
    let stranger = read("error=access_denied&state=s-2").unwrap_err();
    assert_eq!(stranger, Misread::Rejected(StateMismatch));
    let Misread::Refused(Some(code)) = read("error=access_denied&state=s-1").unwrap_err() else {
        panic!("the server's refusal is ours")
    };
    assert_eq!(code.as_str(), "access_denied");
    assert_eq!(read("error=%1b&state=s-1").unwrap_err(), Misread::Refused(None));
}

#[test]
fn the_answers_of_two_logins_cannot_be_crossed() {
    covers(&["B-CB-28", "N-9700-06", "N-9700-04", "C-10", "B-CB-27", "C-14"]);
    let client = client(Dialect::Standard);
    let mut flows = [1, 2].map(|seed| browser_login(&client, 50_123, seed));
    let ways = [0, 1].map(|at| way_back(&flows[at], 0));
    let answers = [0, 1].map(|at| ways[at].with(&format!("code=code-{at}")));
    refuses(
        &mut flows[0],
        Redirect::Callback(&answers[1]),
        StateMismatch,
        "the other's, to the first",
    );
    refuses(
        &mut flows[1],
        Redirect::Callback(&answers[0]),
        StateMismatch,
        "the other's, to the second",
    );
    let verifiers = [0, 1].map(|at| {
        assert_eq!(callback(&mut flows[at], DAWN, &answers[at]), Ok(()));
        let body = sent(&mut flows[at]).body;
        assert_eq!(field(body.expose(), "code"), Some(format!("code-{at}")));
        field(body.expose(), "code_verifier").unwrap()
    });
    assert_ne!(verifiers[0], verifiers[1]);
}

#[test]
fn one_answer_is_redeemed_once_however_often_it_comes() {
    covers(&["B-CB-26", "B-CB-27", "N-6749-07"]);
    let mut flow = standard_flow();
    let back = way_back(&flow, 0).with("code=c");
    assert_eq!(callback(&mut flow, DAWN, &back), Ok(()));
    let view = flow.view(DAWN);
    for redirect in [Redirect::Callback(&back), Redirect::Pasted(&back)] {
        assert_eq!(flow.handle_redirect(DAWN, redirect), Err(NotExpected), "{redirect:?}");
    }
    assert_eq!(flow.view(DAWN), view);
    sent(&mut flow);
    assert_eq!(callback(&mut flow, DAWN, &back), Err(NotExpected), "while the code is out");
    assert!(matches!(flow.poll(DAWN), Step::Wait(None)), "nothing else is sent");
}

#[test]
fn an_answer_after_the_end_sends_nothing() {
    covers(&["B-CB-27", "B-CB-31"]);
    let mut flow = standard_flow();
    let way = way_back(&flow, 0);
    let forgotten = way.fill("{uri}?error=server_error&iss={iss}");
    refuses(
        &mut flow,
        Redirect::Callback(&forgotten),
        StateMismatch,
        "an error whose server forgot the state",
    );
    let late = Now { wall: DAWN.wall + 600_000, mono: DAWN.mono + 600_000 };
    let Step::Done(Err(Error::Expired { slow_downs: 0 })) = flow.poll(late) else {
        panic!("{flow:?} goes on")
    };
    assert_eq!(callback(&mut flow, late, &way.with("code=c")), Err(NotExpected));
    assert!(matches!(flow.poll(late), Step::Wait(None)));
}

proptest! {
    #[test]
    fn arbitrary_text_moves_no_login(text in any::<String>()) {
        assert_moves_nothing(&text)?;
    }

    #[test]
    fn answers_put_together_at_random_move_no_login_without_its_state(
        pieces in proptest::collection::vec(piece(), 0..24),
    ) {
        assert_moves_nothing(&pieces.concat())?;
    }

    #[test]
    fn answers_put_together_at_random_with_the_state_are_taken_or_leave_no_trace(
        pieces in proptest::collection::vec(piece(), 0..8),
        at in 0_usize..8,
    ) {
        let mut flow = standard_flow();
        let way = way_back(&flow, 0);
        let mut pieces = pieces;
        pieces.insert(at.min(pieces.len()), "code=c&state={state}&iss={iss}".to_owned());
        let text = way.fill(&pieces.concat());
        for redirect in [Redirect::Callback(&text), Redirect::Pasted(&text)] {
            let before = flow.view(DAWN);
            match flow.handle_redirect(DAWN, redirect) {
                Ok(()) => prop_assert_ne!(flow.view(DAWN).state, "AwaitingRedirect"),
                Err(NotExpected) => prop_assert_ne!(before.state, "AwaitingRedirect"),
                Err(_) => prop_assert_eq!(flow.view(DAWN), before),
            }
        }
    }
}

/// As a callback and as a paste, and to the parser by itself.
fn assert_moves_nothing(text: &str) -> Result<(), TestCaseError> {
    let client = client(Dialect::Standard);
    let mut flow = standard_flow();
    let way = way_back(&flow, 0);
    let (before, text) = (flow.view(DAWN), text.replace("{uri}", &way.redirect_uri));
    for redirect in [Redirect::Callback(&text), Redirect::Pasted(&text)] {
        prop_assert!(flow.handle_redirect(DAWN, redirect).is_err());
        prop_assert_eq!(flow.view(DAWN), before.clone());
        prop_assert!(matches!(flow.poll(DAWN), Step::Wait(Some(_))));
        let state = Secret::new(way.state.clone());
        let read = read_redirect(&client, &way.redirect_uri, &state, redirect);
        prop_assert!(matches!(read, Err(Misread::Rejected(_))));
    }
    prop_assert_eq!(callback(&mut flow, DAWN, &way.with("code=c")), Ok(()));
    Ok(())
}

/// What redirects are made of, and what breaks them.
fn piece() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(vec![
        "{uri}",
        "?",
        "&",
        "=",
        "#",
        "/",
        ":",
        "@",
        "code=c",
        "code=",
        "code",
        "state=",
        "state=x",
        "iss=http://127.0.0.1:4000",
        "error=access_denied",
        "access_token=t",
        "%",
        "%2",
        "%00",
        "%ff",
        "+",
        ";",
        " ",
        "\n",
        "\t",
        "\r\n",
        "\u{feff}",
        "\u{202e}",
        "é",
        "\"",
        "<",
        ">",
        "{",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => any::<String>()]
}
