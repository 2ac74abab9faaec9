//! Every order in which processes, tools, messages and mishaps can meet around one record, driven
//! through the shipped machine. The search has no bound but how much may go wrong in all, and ends
//! because nothing new is left.
//!
//! Each task and each leg of each message is a move of its own, and between any two of them a
//! process may end. What holds is in `laws.rs`; that it can fail is shown in `faults.rs`.

mod anywhere;
mod behaviour;
mod faults;
mod host;
mod judging;
mod laws;
mod logins;
mod moves;
mod noting;
mod participant;
mod scene;
mod search;
mod server;
mod setting;
mod tables;
mod unwritten;
mod views;
mod world;

use grantflow_tests::covers;

use participant::Moved;
use search::{Found, check_twins, search};
use server::Rule;
use setting::Job::{Renew, SignIn, SignOut};
use setting::Trouble::{Cancel, Clock, Crash, Failure, Foreign, Impatience, Loss, Theft};
use setting::{Setting, Start, Trouble};

pub(crate) use tables::table;

#[test]
fn whatever_goes_wrong_once_no_law_of_renewal_breaks() {
    covers(&["R-INV-01", "R-INV-02", "R-INV-03", "R-INV-04", "R-INV-05", "R-INV-06", "R-INV-07"]);
    covers(&["N-9700-07", "N-9700-08", "R-MC-01", "R-MC-02", "R-BUG-02"]);
    covers(&["R-P-04", "R-P-07", "R-P-12", "R-P-13", "R-P-19", "R-CR-05", "R-CR-07"]);
    covers(&["R-INV-08", "R-INV-09", "R-INV-10", "R-INV-11", "R-INV-12", "R-INV-13", "R-INV-14"]);
    let pinned = [
        (6486, 11672),
        (6172, 11178),
        (3327, 5632),
        (5858, 10913),
        (3896, 5668),
        (399, 695),
        (4185, 7417),
        (4022, 7226),
    ];
    for (setting, pinned) in pairs().into_iter().zip(pinned) {
        closes(&setting.with(1, &Trouble::ALL), pinned);
    }
}

#[test]
fn what_goes_wrong_twice_breaks_no_renewal_either() {
    // A death before and after each write.
    covers(&["R-CR-02", "R-CR-08", "R-CR-10", "R-P-08"]);
    let [strict, ..] = pairs();
    closes(&strict.clone().with(2, &[Crash, Loss, Theft]), (96434, 230_568));
    closes(&strict.clone().with(2, &[Clock, Foreign]), (11652, 20013));
    closes(&strict.with(2, &[Cancel, Failure]), (9059, 16462));
}

#[test]
fn nor_does_it_with_thieves_full_disks_and_servers_that_forgive() {
    let [strict, grace, .., owner, _, _, _] = pairs();
    closes(&strict.clone().with(2, &[Crash, Failure]), (42352, 82410));
    closes(&strict.clone().with(2, &[Theft]), (11237, 23622));
    closes(&strict.with(2, &[Theft, Clock]), (51280, 114_990));
    closes(&grace.with(2, &[Crash, Loss]), (4263, 7450));
    // A death while a lock of another tool's is held.
    closes(&owner.with(2, &[Crash, Theft]), (17904, 37976));
}

#[test]
fn what_goes_wrong_twice_breaks_no_login_or_logout() {
    let [.., login, logout] = pairs();
    closes(&login.clone().with(2, &[Crash, Impatience]), (8568, 15862));
    closes(&login.clone().with(2, &[Theft, Crash]), (30251, 70398));
    closes(&login.clone().with(2, &[Impatience, Foreign]), (15081, 29015));
    closes(&logout.with(2, &[Crash, Impatience]), (6850, 13761));
    let at_an_owners = Setting { has_owner_lock: true, ..login };
    closes(&at_an_owners.clone().with(2, &[Crash, Impatience]), (4867, 7676));
    closes(&at_an_owners.clone().with(2, &[Impatience, Failure]), (6165, 11787));
    closes(&at_an_owners.with(2, &[Failure, Foreign]), (29929, 61860));
}

#[test]
fn a_login_that_waits_is_left_to_the_person_where_a_tool_without_locks_has_written_since() {
    covers(&["R-INV-04", "R-P-10"]);
    let [.., login, _] = pairs();
    // Two locks are waited for in vain.
    let login = Setting { has_owner_lock: true, ..login }.with(3, &[Impatience, Foreign]);
    let found = search(&login).unwrap();
    assert_eq!((found.states, found.edges), (44894, 97340));
    assert!(found.endings.contains("contested"));
}

#[test]
fn three_at_once_do_no_worse_than_two() {
    let three = |jobs| Setting::new("three", Rule::Strict, jobs);
    closes(&three(&[Renew, Renew, Renew]).with(1, &[Crash, Theft, Loss]), (24856, 52248));
    closes(&three(&[Renew, SignIn, SignOut]).with(1, &[Crash]), (3243, 5574));
}

/// Five minutes, so in `./test --long` only.
#[test]
fn whatever_goes_wrong_twice_no_law_of_renewal_breaks() {
    if std::env::var_os("GRANTFLOW_LONG").is_none() {
        return;
    }
    let broken: Vec<_> =
        pairs().into_iter().filter_map(|it| search(&it.with(2, &Trouble::ALL)).err()).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn worlds_with_one_key_have_one_future() {
    let [strict, .., owner, _, login, logout] = pairs();
    for setting in [strict, owner, login, logout] {
        assert!(check_twins(&setting.with(1, &Trouble::ALL)) > 200);
    }
}

#[test]
fn what_the_protocol_is_for_does_happen() {
    covers(&["R-INV-15"]);
    let found = of_everything();
    for ending in [
        "adopted",
        "recovered",
        "renewed, stashed",
        "still good",
        "signed in",
        "signed out",
        "nobody is signed in",
        "interrupted",
        "interrupted for good",
        "superseded",
    ] {
        assert!(found.endings.contains(ending), "nothing ends as {ending:?}: {:?}", found.endings);
    }
    for (from, answer, to, what) in [
        ("Saving", "Changed", "Reading", "a save that comes too late"),
        ("Confirming", "Held", "Noting", "a stolen lock"),
        ("RefreshingToken", "lost", "Marking", "a second try within the server's grace"),
        ("AskingForOwner", "Alive(true)", "WaitingForOwner", "a wait for who is at it"),
        ("Unlocking", "Done", "Revoking", "tokens that a logout made void"),
    ] {
        let is_it = |it: &Moved| (it.from, it.answer, it.to) == (from, answer, to);
        assert!(found.moved.iter().any(is_it), "there never was {what}");
    }
}

/// The search comes to an end, and is as large as it was: a smaller one would have lost something.
fn closes(setting: &Setting, (states, edges): (usize, usize)) {
    let found = search(setting).unwrap();
    let Setting { name, troubles, budget, .. } = setting;
    assert_eq!((found.states, found.edges), (states, edges), "{name}: {budget} of {troubles:?}");
}

/// Two processes in every way, on every kind of server.
fn pairs() -> [Setting; 8] {
    let two = |rule| Setting::new("renew, renew", rule, &[Renew, Renew]);
    [
        two(Rule::Strict),
        two(Rule::Grace),
        two(Rule::Keeps),
        Setting { record: Start::Due, ..two(Rule::Strict) },
        Setting { has_owner_lock: true, ..two(Rule::Strict) },
        Setting { is_borrowed: true, ..two(Rule::Strict) },
        Setting::new("renew, sign in", Rule::Strict, &[Renew, SignIn]),
        Setting::new("renew, sign out", Rule::Strict, &[Renew, SignOut]),
    ]
}

/// What all of them come to when one thing may go wrong.
fn of_everything() -> Found {
    let mut all = Found::default();
    for setting in pairs() {
        let found = search(&setting.with(1, &Trouble::ALL)).unwrap();
        all.moved.extend(found.moved);
        all.endings.extend(found.endings);
    }
    all
}
