//! Signing in and out of a record that others may be renewing.

use grantflow_core::{
    Credential, Error, Kept, Ledger, Outcome, Purpose, Renewal, Response, Revoked, StoreTrouble,
    TransportError, Trouble, waiting_login,
};
use grantflow_tests::covers;
use grantflow_tests::world::{DAWN, entropy};

use super::participant::{handed_out, refresh_token};
use super::scene::{LOGIN, Scene, Sent, granted, token};
use super::server::{Rule, Token};
use super::setting::credential;

fn sign_out(scene: &mut Scene) -> Result<Outcome, Error> {
    let renewal = Renewal::sign_out(scene.client(), scene.ask(), &entropy(1), scene.now);
    scene.drive(renewal)
}

fn sign_in(scene: &mut Scene, new: Credential) -> Result<Outcome, Error> {
    let renewal = Renewal::sign_in(scene.client(), new, scene.ask(), &entropy(1), scene.now);
    scene.drive(renewal)
}

fn new_login() -> Credential {
    credential(LOGIN, LOGIN, DAWN)
}

#[test]
fn a_logout_writes_its_tombstone_asks_the_server_and_removes() {
    covers(&["R-P-18", "N-7009-01"]);
    let mut scene = Scene::new(Rule::Strict, [Ok(Response::new(200, ""))]);
    let outcome = sign_out(&mut scene).unwrap();
    let Outcome::SignedOut { was_there: true, revoked } = outcome else { panic!("{outcome:?}") };
    assert_eq!(revoked, Revoked::Yes);
    assert!(scene.record.is_none());
    let ledger = scene.read_ledger();
    assert!(ledger.signed_out && ledger.is_spent(token(1).refresh().digest()));
    assert_eq!(ledger.generation, scene.setting.ledger().generation + 1);
    let request = &scene.sent[0];
    assert_eq!(request.purpose, Purpose::Revoke);
    let body = request.body.expose();
    assert!(body.contains("token=r0.1") && body.contains("token_type_hint=refresh_token"));
    assert!(body.contains("client_id=test-client"));
    let at = |name| scene.asked.iter().position(|asked| *asked == name);
    assert!(at("Note") < at("Remove"));

    assert_eq!(scene.renew().unwrap_err(), Error::SignedOut);
}

#[test]
fn a_login_without_a_refresh_token_is_revoked_by_its_access_token() {
    covers(&["N-7009-01"]);
    let mut scene = Scene::new(Rule::Strict, [Ok(Response::new(200, ""))]);
    scene.record.as_mut().unwrap().refresh_token = None;
    sign_out(&mut scene).unwrap();
    let body = scene.sent[0].body.expose();
    assert!(body.contains("token=a0.1&token_type_hint=access_token"), "{body}");
}

#[test]
fn a_login_whose_token_was_exchanged_is_revoked_by_the_one_that_this_server_issued() {
    covers(&["N-7009-01"]);
    let mut scene = Scene::new(Rule::Strict, [Ok(Response::new(200, ""))]);
    let record = scene.record.as_mut().unwrap();
    (record.refresh_token, record.subject_token) = (None, Some("the-first-one".into()));
    sign_out(&mut scene).unwrap();
    let body = scene.sent[0].body.expose();
    assert!(body.contains("token=the-first-one&token_type_hint=access_token"), "{body}");
}

#[test]
fn what_the_server_says_to_a_revocation_is_told_and_never_keeps_the_login_here() {
    covers(&["N-7009-02", "N-7009-03", "N-7009-05", "N-7009-04"]);
    let status = |status, body: &str| -> Sent { Ok(Response::new(status, body)) };
    let unreachable = |trouble| Revoked::Failed(Error::Unreachable(trouble));
    for (reply, expected) in [
        (status(200, "<html>whatever</html>"), Revoked::Yes),
        (status(200, r#"{"error":"invalid_token"}"#), Revoked::Yes),
        (status(503, ""), unreachable(Trouble::Status(503))),
        (status(400, r#"{"error":"unsupported_token_type"}"#), unreachable(Trouble::Status(400))),
        (Err(TransportError::NotSent), unreachable(Trouble::NotSent)),
        (Err(TransportError::Lost), unreachable(Trouble::Lost)),
    ] {
        let mut scene = Scene::new(Rule::Strict, [reply]);
        let outcome = sign_out(&mut scene).unwrap();
        let Outcome::SignedOut { was_there: true, revoked } = outcome else { panic!() };
        assert_eq!(revoked, expected);
        assert!(scene.record.is_none(), "{expected:?}");
    }
}

#[test]
fn what_was_put_aside_is_newer_than_the_record_so_that_is_revoked() {
    let mut scene = Scene::new(Rule::Strict, [granted(2)]);
    scene.failing.push(("Save", StoreTrouble::NotWritable));
    assert!(scene.renew().is_ok());
    scene.failing.clear();
    scene.replies.push_back(Ok(Response::new(200, "")));
    assert!(sign_out(&mut scene).is_ok());
    assert!(scene.sent[1].body.expose().contains("token=r0.2"));
    assert!(scene.stash.is_none());
}

#[test]
fn a_logout_without_a_login_or_from_a_guest_s_record_asks_no_server() {
    let mut scene = Scene::new(Rule::Strict, []);
    scene.record = None;
    let outcome = sign_out(&mut scene).unwrap();
    let revoked = Revoked::NotOffered;
    assert!(
        matches!(&outcome, Outcome::SignedOut { was_there: false, revoked: it } if *it == revoked)
    );

    let mut scene = Scene::new(Rule::Strict, []);
    scene.setting.is_borrowed = true;
    assert!(sign_out(&mut scene).is_ok());
    assert_eq!(scene.sent.len(), 0);
}

#[test]
fn a_logout_that_cannot_remove_the_record_says_so_and_revokes_nothing() {
    for task in ["Lock(Ours)", "Load", "Probe"] {
        let mut scene = Scene::new(Rule::Strict, []);
        scene.failing.push((task, StoreTrouble::NotWritable));
        let outcome = sign_out(&mut scene).unwrap_err();
        assert_eq!(outcome, Error::Store(StoreTrouble::NotWritable), "{task}");
        assert!(scene.record.is_some() && !scene.read_ledger().signed_out, "{task}");
    }
}

#[test]
fn a_login_replaces_the_record_and_lifts_the_tombstone() {
    covers(&["R-P-18"]);
    let mut scene = Scene::new(Rule::Strict, []);
    scene.ledger = Some(Ledger { signed_out: true, logins: 3, ..scene.setting.ledger() }.write());
    assert!(matches!(sign_in(&mut scene, new_login()), Ok(Outcome::SignedIn(Kept::Saved))));
    let login = scene.record.as_ref().and_then(refresh_token).unwrap().login;
    let ledger = scene.read_ledger();
    assert_eq!((login, ledger.logins, ledger.signed_out, ledger.mark), (1, 4, false, None));
    assert_eq!(ledger.generation, scene.setting.ledger().generation + 1);
}

#[test]
fn a_login_that_cannot_be_saved_leaves_what_was_there() {
    covers(&["B-CF-27"]);
    let mut scene = Scene::new(Rule::Strict, []);
    scene.failing.push(("Save", StoreTrouble::NotWritable));
    let outcome = sign_in(&mut scene, new_login()).unwrap_err();
    assert_eq!(outcome, Error::Store(StoreTrouble::NotWritable));
    assert_eq!(scene.record.as_ref().and_then(refresh_token), Some(token(1)));
    assert_eq!(scene.read_ledger(), scene.setting.ledger());
}

#[test]
fn a_login_and_a_logout_do_not_wait_for_ever_for_a_renewal_that_hangs() {
    let mut scene = Scene::new(Rule::Strict, []);
    scene.is_held = true;
    assert!(matches!(sign_in(&mut scene, new_login()), Ok(Outcome::SignedIn(Kept::Saved))));
    scene.replies = [Ok(Response::new(200, ""))].into();
    assert!(matches!(sign_out(&mut scene), Ok(Outcome::SignedOut { .. })));
    assert!(!scene.asked.contains(&"Unlock"), "the lock is not theirs to give");
}

#[test]
fn tokens_that_were_put_aside_are_not_found_after_a_new_login() {
    let mut scene = Scene::new(Rule::Strict, [granted(2)]);
    scene.failing.push(("Save", StoreTrouble::NotWritable));
    assert!(scene.renew().is_ok());
    assert!(scene.stash.is_some());
    scene.failing.clear();
    assert!(sign_in(&mut scene, new_login()).is_ok());
    assert!(scene.stash.is_none());
    assert!(matches!(scene.renew(), Ok(Outcome::Adopted(credential)) if refresh_token(&credential)
        == Some(LOGIN)));
}

#[test]
fn a_login_that_meets_the_owner_tools_lock_is_kept_and_put_in_place_by_the_next_renewal() {
    covers(&["B-CF-27"]);
    let mut scene = Scene::new(Rule::Strict, []);
    scene.setting.has_owner_lock = true;
    scene.held.push("Lock(Owner)");
    let outcome = sign_in(&mut scene, new_login());
    assert!(matches!(outcome, Ok(Outcome::SignedIn(Kept::Stashed))), "{outcome:?}");
    assert!(!scene.asked.contains(&"Save"), "the record is the owner's while that has its lock");
    assert_eq!(scene.record.as_ref().and_then(refresh_token), Some(token(1)));

    let busy = scene.renew().unwrap_err();
    assert_eq!(busy, Error::Busy, "the lock is still not to be had");
    assert_eq!(scene.sent.len(), 0, "and the old login is not spent");

    scene.held.clear();
    let outcome = scene.renew().unwrap();
    assert_eq!(handed_out(&outcome).and_then(refresh_token), Some(LOGIN));
    assert_eq!((scene.sent.len(), scene.read_ledger().logins), (0, 1));
    assert!(scene.stash.is_none());
}

/// A login that is finished while the owner tool has its lock, which is free after that.
fn waiting() -> Scene {
    let mut scene = Scene::new(Rule::Strict, []);
    scene.setting.has_owner_lock = true;
    scene.held.push("Lock(Owner)");
    assert!(matches!(sign_in(&mut scene, new_login()), Ok(Outcome::SignedIn(Kept::Stashed))));
    scene.held.clear();
    scene
}

#[test]
fn a_login_that_waits_takes_the_place_of_the_old_one_that_we_have_renewed_meanwhile() {
    covers(&["R-INV-04", "R-INV-09"]);
    let mut scene = waiting();
    scene.record = Some(credential(token(2), token(2), DAWN));
    let stands = Some(token(2).refresh().digest());
    scene.ledger = Some(Ledger { generation: 2, stands, ..scene.setting.ledger() }.write());
    let outcome = scene.renew().unwrap();
    assert_eq!(handed_out(&outcome).and_then(refresh_token), Some(LOGIN));
    assert_eq!((scene.sent.len(), scene.read_ledger().logins), (0, 1));
}

#[test]
fn a_login_that_waits_takes_the_place_of_nothing_that_a_program_without_our_ledger_wrote_since() {
    covers(&["R-INV-04", "R-INV-09", "R-P-10"]);
    let renewed_or_new = [token(2), Token { login: 2, number: 0 }];
    let written = renewed_or_new.map(|token| Some(credential(token, token, DAWN)));
    for there in [&written[..], &[None]].concat() {
        let mut scene = waiting();
        scene.record.clone_from(&there);
        assert_eq!(scene.renew().unwrap_err(), Error::Contested);
        assert_eq!(scene.renew().unwrap_err(), Error::Contested, "until the person has decided");
        let stands = scene.record.as_ref().and_then(refresh_token);
        assert_eq!(stands, there.as_ref().and_then(refresh_token));
        assert!(scene.stash.as_ref().and_then(waiting_login).is_some(), "neither is lost");
        assert_eq!(scene.sent.len(), 0, "and nothing is asked");

        let decided = Token { login: 3, number: 0 };
        assert!(sign_in(&mut scene, credential(decided, decided, DAWN)).is_ok());
        let outcome = scene.renew().unwrap();
        assert_eq!(handed_out(&outcome).and_then(refresh_token), Some(decided));
    }
}

#[test]
fn a_login_that_waits_does_not_take_the_place_of_a_later_one() {
    covers(&["R-INV-04"]);
    let mut scene = waiting();
    let left = scene.stash.clone();
    let second = Token { login: 2, number: 0 };
    assert!(sign_in(&mut scene, credential(second, second, DAWN)).is_ok());
    scene.stash = left;
    assert_eq!(
        scene.renew().unwrap_err(),
        Error::Contested,
        "the process died before it unstashed"
    );
}

#[test]
fn a_login_that_was_put_in_place_or_signed_out_does_not_come_again() {
    covers(&["R-P-18"]);
    let mut scene = waiting();
    let left = scene.stash.clone();
    assert!(scene.renew().is_ok());
    scene.stash.clone_from(&left);
    let outcome = scene.renew();
    assert!(matches!(outcome, Ok(Outcome::Adopted(_))), "{outcome:?}");

    scene.replies = [Ok(Response::new(200, ""))].into();
    assert!(sign_out(&mut scene).is_ok());
    scene.stash = left;
    assert_eq!(scene.renew().unwrap_err(), Error::SignedOut);
    assert!(scene.record.is_none());
}

#[test]
fn a_login_that_nothing_renews_waits_as_well() {
    covers(&["B-CF-27"]);
    for has_record in [true, false] {
        let mut scene = Scene::new(Rule::Strict, []);
        scene.record = scene.record.take().filter(|_| has_record);
        scene.setting.has_owner_lock = true;
        scene.held.push("Lock(Owner)");
        let new = Credential { refresh_token: None, ..new_login() };
        assert!(matches!(sign_in(&mut scene, new), Ok(Outcome::SignedIn(Kept::Stashed))));
        scene.held.clear();
        let outcome = scene.renew().unwrap();
        let there = handed_out(&outcome).map(|it| it.access_token.digest());
        assert_eq!(there, Some(new_login().access_token.digest()));
        assert!(scene.stash.is_none() && scene.record.is_some());
    }
}

#[test]
fn a_login_that_waits_is_void_after_a_logout_or_another_login() {
    for signs_out in [true, false] {
        let mut scene = waiting();
        scene.replies = [Ok(Response::new(503, "")), Ok(Response::new(200, ""))].into();
        if signs_out {
            let Ok(Outcome::SignedOut { revoked, .. }) = sign_out(&mut scene) else { panic!() };
            let failed = Revoked::Failed(Error::Unreachable(Trouble::Status(503)));
            assert_eq!(revoked, failed, "one that was not revoked is told");
            let bodies: Vec<_> = scene.sent.iter().map(|sent| sent.body.expose()).collect();
            let [waited, stood] = bodies[..] else { panic!("{bodies:?}") };
            assert!(waited.contains("token=r1.0") && stood.contains("token=r0.1"), "both are");
            assert_eq!(scene.renew().unwrap_err(), Error::SignedOut);
        } else {
            let second = Token { login: 2, number: 0 };
            assert!(sign_in(&mut scene, credential(second, second, DAWN)).is_ok());
            let outcome = scene.renew().unwrap();
            assert_eq!(handed_out(&outcome).and_then(refresh_token), Some(second));
        }
        assert!(scene.stash.is_none(), "{signs_out}");
    }
}

#[test]
fn a_login_that_can_neither_be_saved_nor_kept_says_why() {
    let mut scene = Scene::new(Rule::Strict, []);
    scene.setting.has_owner_lock = true;
    scene.held.push("Lock(Owner)");
    scene.failing.push(("Stash(Some)", StoreTrouble::NotWritable));
    assert_eq!(sign_in(&mut scene, new_login()).unwrap_err(), Error::Busy);
}
