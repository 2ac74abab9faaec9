//! The laws, as things to check at a state and along an edge.

use grantflow_core::{Flow, Machine, Now, Purpose, Rejected, Step};

use super::Node;
use super::door::Door;
use super::inputs::{Answer, Effect, Input, Way};

/// What holds in every state.
pub(super) fn of_state(door: &Door, node: &Node) {
    stepping_the_wall_clock_changes_nothing(node);
    restoring_is_losing_what_was_out(door, node);
}

/// What holds along every edge.
pub(super) fn of_step(before: &Node, input: Input, effect: &Effect, after: &Node) {
    let (was, is) = (before.view(), after.view());
    match effect {
        Effect::Sent(_, purpose) => {
            assert_eq!(input, Input::Poll, "law 1: only a poll sends");
            assert!(before.out.is_none(), "law 1: one request out at most");
            if *purpose == Purpose::PollDevice {
                let (interval, delay, _) = was.pace.expect("a pace");
                let waited = before.seen.since_answer;
                assert!(waited >= interval, "law 2: {waited} ms after an answer, not {interval}");
                assert!(waited >= delay, "law 2: {waited} ms after a lost answer, not {delay}");
            }
            assert!(after.seen.presented <= 2, "law 5: a code is presented twice at most");
        }
        Effect::Rejected(why) => {
            assert_eq!(was, is, "law 3: a refused input ({input:?}: {why:?}) changes nothing");
        }
        Effect::Waits | Effect::Ended | Effect::Taken => {}
    }
    if let (Some((was, ..)), Some((is, ..))) = (was.pace, is.pace) {
        assert!(is >= was, "law 2: {input:?} made it faster");
    }
    if was.state == "Finished" {
        assert_eq!(is.state, "Finished", "law 3: ended stays ended");
        assert!(!matches!(effect, Effect::Sent(..)), "law 3");
    }
    strangers_get_nowhere(input, effect);
    if after.seen.presented == 2 && before.seen.presented == 1 {
        assert_eq!(was.tries.1, 1, "law 5: twice only after a loss");
    }
}

/// Law 4.
fn strangers_get_nowhere(input: Input, effect: &Effect) {
    let Input::Redirect(way) = input else { return };
    let expected = match way {
        Way::WrongState | Way::NoState => Rejected::StateMismatch,
        Way::WrongIssuer => Rejected::IssuerMismatch,
        Way::Callback | Way::PastedFromPage | Way::Denied | Way::Refused | Way::NoCode => return,
    };
    let refused = [Effect::Rejected(expected), Effect::Rejected(Rejected::NotExpected)];
    assert!(refused.contains(effect), "law 4: {way:?} led to {effect:?}");
}

/// Law 8, second half: whatever the wall clock says, the step is the same.
fn stepping_the_wall_clock_changes_nothing(node: &Node) {
    let step = |wall: u64| {
        let mut flow = node.flow.fork();
        let now = Now { wall, ..node.now };
        let step = match flow.poll(now) {
            Step::Send(request) => (Some(request.purpose), None),
            Step::Wait(wait) => (None, wait),
            Step::Done(_) => (None, None),
        };
        (step, flow.view(now))
    };
    let (now, hour) = (node.now.wall, 3_600_000);
    assert_eq!(step(now), step(now + hour), "law 8");
    assert_eq!(step(now), step(now - hour), "law 8");
}

/// Law 8, first half: at any point, in another life of the host whose clock starts elsewhere.
fn restoring_is_losing_what_was_out(door: &Door, node: &Node) {
    let Some(saved) = node.flow.save() else {
        assert_eq!(node.view().state, "Finished", "every unfinished login can be saved");
        return;
    };
    // The snapshot knows time up to the last input; a poll at this moment brings it here.
    let mut expected = node.flow.fork();
    if let Some(id) = node.out {
        let lost = expected.handle_response(node.now, id, &Answer::Lost.result());
        assert_eq!(lost, Ok(()));
    }
    let last_heard = expected_clock(node);
    let elsewhere = Now { wall: last_heard.wall, mono: 77 };
    let restored = Flow::restore(&door.client, &saved, elsewhere).expect("what was saved");
    if node.out.is_none() {
        assert_eq!(restored.view(elsewhere), expected.view(last_heard), "law 8");
    } else {
        let (is, was) = (restored.view(elsewhere), expected.view(node.now));
        assert_eq!((is.state, is.tries, is.holds), (was.state, was.tries, was.holds), "law 8");
        assert_eq!((is.pace, is.outcome), (was.pace, was.outcome), "law 8");
    }
}

/// The moment of the flow's last input, read off a snapshot: what it has heard of time.
fn expected_clock(node: &Node) -> Now {
    let saved = node.flow.save().expect("unfinished");
    let saved: serde_json::Value = serde_json::from_str(saved.expose()).expect("JSON");
    let wall = saved["saved_at"].as_u64().expect("a time");
    // Both clocks move together in the search, but for a step back of the monotonic one.
    let ahead = node.now.wall - wall;
    Now { wall, mono: (node.now.mono + node.seen.lag).saturating_sub(ahead) }
}

/// Law 3: whatever comes, time and inputs only move a login towards its end. There is no cycle but
/// standing still, and every path leads to an end.
pub(super) fn every_login_ends(successors: &[Vec<usize>], finished: &[bool]) {
    for (forward, is_finished) in successors.iter().zip(finished) {
        assert!(*is_finished || !forward.is_empty(), "law 3: a login is stuck");
    }
    let mut incoming = vec![0_u32; successors.len()];
    successors.iter().flatten().for_each(|&to| incoming[to] += 1);
    let mut free: Vec<usize> = (0..successors.len()).filter(|&node| incoming[node] == 0).collect();
    let mut ordered = 0;
    while let Some(node) = free.pop() {
        ordered += 1;
        for &to in &successors[node] {
            incoming[to] -= 1;
            if incoming[to] == 0 {
                free.push(to);
            }
        }
    }
    assert_eq!(ordered, successors.len(), "law 3: some logins can go round in circles");
}
