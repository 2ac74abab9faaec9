//! The laws of renewal, by their names in `docs/requirements.md`: what holds after every move, and
//! what holds when everybody is done.

use std::collections::BTreeSet;

use grantflow_core::{Credential, Ended, Error, Kept, Mark, Outcome, Purpose, Secret};

use super::moves::{Event, Move};
use super::participant::{Message, Pending, Said, access_token, handed_out, refresh_token};
use super::server::{Rule, Token};
use super::setting::{ACCOUNT, Job, Trouble};
use super::world::World;

/// A law that does not hold, and how that shows.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) law: &'static str,
    pub(super) what: String,
}

/// What a job puts in place that signs in.
const NEW_LOGIN: Token = Token { login: 1, number: 0 };

type Held = Result<(), Broken>;

/// What holds along a move.
pub(super) fn of_move(before: &World, it: Move, events: &[Event], after: &World) -> Held {
    for event in events {
        match event {
            Event::Presented(at, message) => of_presenting(before, *at, *message, after)?,
            Event::Stored(at, was) => of_storing(*at, was.as_deref(), after)?,
            Event::Said(at, said) => of_saying(*at, said, before, after)?,
            Event::Refused => {
                let is_there = after.record.is_some() || before.record.is_none();
                hold("R-P-13", is_there, || "a refused login was removed".into())?;
            }
            Event::Moved(_) => {}
        }
    }
    for (was, is) in before.participants.iter().zip(&after.participants) {
        let has_locks = is.entitled == [true, after.setting.has_owner_lock];
        hold("R-P-08", was.confirmed || !is.confirmed || has_locks, || {
            format!("{} takes the locks of others for its own", is.who())
        })?;
    }
    let (was, is) = (before.read_ledger().generation, after.read_ledger().generation);
    hold("R-INV-04", is >= was, || format!("{it:?}: generation {was} became {is}"))
}

/// What holds in every state.
pub(super) fn of_state(world: &World) -> Held {
    let explains_reuse =
        [Trouble::Crash, Trouble::Loss, Trouble::Foreign, Trouble::Failure, Trouble::Theft];
    let is_explained = world.used.iter().any(|trouble| explains_reuse.contains(trouble));
    hold("R-INV-03", !world.server.saw_reuse() || is_explained, || {
        format!("a spent token came to the server, after {:?}", world.used)
    })?;
    for lock in [0, 1] {
        let entitled = world.participants.iter().filter(|it| it.entitled[lock]).count();
        hold("R-INV-01", entitled <= 1, || format!("{entitled} have lock {lock}"))?;
        // Whoever took it has it until it is given back, stolen, or left behind by a crash.
        let is_kept = world.participants.iter().all(|participant| {
            !participant.entitled[lock] || world.locks[lock].as_ref() == Some(&participant.who())
        });
        hold("R-P-12", is_kept, || format!("lock {lock} was taken from its holder"))?;
    }
    an_interrupted_attempt_can_be_seen(world)?;
    what_was_called_safe_is_there(world)
}

/// What holds when nobody has anything left to do.
pub(super) fn of_end(world: &World) -> Held {
    let outcomes = world.participants.iter().map(|participant| match &participant.pending {
        Pending::Done(outcome) => Some(&**outcome),
        Pending::Task(..)
        | Pending::Time(_)
        | Pending::Unsent(_)
        | Pending::Sent(_)
        | Pending::Answered(..) => None,
    });
    let Some(outcomes) = outcomes.collect::<Option<Vec<_>>>() else {
        // A lock that could not be given back costs those who wait for it their patience.
        let will_give_up = world.had(Trouble::Failure);
        return hold("R-INV-10", will_give_up, || "somebody waits for ever".into());
    };
    if world.used.is_empty() && world.setting.jobs.iter().all(|job| *job == Job::Renew) {
        all_have_the_same(world, &outcomes)?;
    }
    if world.used == [Trouble::Cancel] {
        let current = world.record.as_ref().and_then(refresh_token);
        let is_there = current.is_none_or(|token| world.server.current(token) == token);
        hold("R-INV-13", is_there, || "a cancellation lost what the server had issued".into())?;
    }
    if world.used == [Trouble::Crash] || world.used == [Trouble::Loss] {
        interruptions_are_called_that(world, &outcomes)?;
    }
    the_last_login_or_logout_counts(world, &outcomes)
}

/// The graph has no circles, so that every way comes to an end.
pub(super) fn of_graph(successors: &[Vec<u32>]) -> Held {
    let mut incoming = vec![0_u32; successors.len()];
    successors.iter().flatten().for_each(|&to| incoming[to as usize] += 1);
    let mut free: Vec<usize> = (0..successors.len()).filter(|&at| incoming[at] == 0).collect();
    let mut ordered = 0;
    while let Some(at) = free.pop() {
        ordered += 1;
        for &to in &successors[at] {
            incoming[to as usize] -= 1;
            if incoming[to as usize] == 0 {
                free.push(to as usize);
            }
        }
    }
    hold("R-INV-10", ordered == successors.len(), || "some can go round in circles".into())
}

fn of_presenting(before: &World, at: usize, message: Message, after: &World) -> Held {
    let Message { token, .. } = message;
    hold("R-P-19", !after.setting.is_borrowed, || "a guest renewed".into())?;
    let presenter = &after.participants[at];
    // How old a mark is only the wall clock can tell: after a step of it, whoever has the lock now
    // may take the mark of a process that is alive and was robbed for an interrupted one, and
    // present the token for the second time that such a one is allowed, and for the last.
    let seems_left = after.intruders() > 0 && after.had(Trouble::Clock);
    let is_alone = after.participants.iter().enumerate().all(|(other, participant)| {
        let theirs = participant.in_flight().filter(|it| it.purpose == Purpose::Refresh);
        other == at || theirs.is_none_or(|it| it.token != token)
    });
    hold("R-INV-01", is_alone || seems_left, || format!("{token:?} is on its way twice"))?;

    let (digest, times) = (token.refresh().digest(), after.seen.times(token));
    let may_be_again = (after.seen.excused.contains(&token) || seems_left) && times == 2;
    let is_allowed = times == 1 || may_be_again || after.setting.rule == Rule::Keeps;
    hold("R-INV-02", is_allowed, || format!("{token:?} is presented, time {times}"))?;

    let ledger = before.read_ledger();
    let record = before.record.as_ref().and_then(refresh_token);
    let mark = ledger.mark.as_ref().filter(|mark| mark.digest == digest);
    // Between the last look at the locks and the request somebody may take them, or sign in or out
    // without them, and have said so in the ledger or put their login in place: no look is later
    // than the last. What they wrote is compared with, so that nothing of it is undone.
    let is_robbed = presenter.entitled != [true, after.setting.has_owner_lock];
    let passers = after.setting.jobs.iter().any(|job| *job != Job::Renew);
    let was_passed = after.intruders() > 0 && (passers || after.had(Trouble::Foreign));
    let is_own = mark.is_some_and(|mark| mark.who == presenter.who());
    let is_replaced = record.is_none_or(|record| record.login > token.login);
    let is_late = seems_left || (is_robbed || was_passed) && (!is_own || is_replaced);
    // What waits beside a record that cannot be written is the newest there is.
    let waits =
        record.is_some_and(|record| is_put_aside(before, record)) && has_aside(before, token);
    let is_in_place = record == Some(token) || waits || after.had(Trouble::Foreign);
    hold("R-P-04", is_in_place || is_late, || format!("{token:?} is presented for {record:?}"))?;

    let counts = after.setting.rule != Rule::Keeps;
    let is_noted = mark.is_some_and(|mark| mark.presented >= times || !counts);
    hold("R-P-07", is_noted || is_late, || {
        format!("{token:?} is presented, time {times}, unmarked")
    })?;

    let is_dead =
        ledger.is_spent(digest) || mark.is_some_and(|mark| mark.ended == Some(Ended::Refused));
    // Who could not know asks once more, and nobody after that.
    hold("R-INV-12", !is_dead || is_late && times <= 2, || format!("{token:?} is known to be dead"))
}

fn of_storing(at: usize, was: Option<&Credential>, after: &World) -> Held {
    let Some(is) = &after.record else { return Ok(()) };
    let blank = [Some(&is.access_token), is.refresh_token.as_ref()];
    let is_whole = blank.into_iter().flatten().all(|token| !token.expose().is_empty());
    hold("R-INV-05", is_whole && is.refresh_token.is_some(), || {
        "a blank token was written".into()
    })?;
    let has_rest = is.extra.get("subscription").map(Secret::expose) == Some(r#""max""#);
    hold("R-INV-06", has_rest, || "a member of other tools is gone".into())?;
    if after.participants[at].job == Job::SignIn {
        return Ok(());
    }
    let Some(was) = was else {
        return hold("R-INV-08", false, || "a login came back after a logout".into());
    };
    let (was, is) = (refresh_token(was), refresh_token(is));
    // A login that waits is the later one of the two, where that stood there as it was finished.
    let is_newer = is >= was || is == Some(NEW_LOGIN) && was == after.seen.stood;
    hold("R-INV-04", is_newer, || format!("{is:?} was written over {was:?}"))
}

fn of_saying(at: usize, said: &Said, before: &World, after: &World) -> Held {
    let credential = match said {
        Said::Deliver(credential) => Some(&**credential),
        Said::Done(outcome) => {
            if let Ok(Outcome::Renewed(new, Kept::Saved)) = &**outcome {
                let token = refresh_token(new);
                let is_there = before.record.as_ref().and_then(refresh_token) >= token;
                let is_excused = after.had(Trouble::Foreign) || before.record.is_none();
                hold("R-INV-09", is_there || is_excused, || format!("{token:?} is not saved"))?;
            }
            if let Err(Error::Contested) = &**outcome {
                // What our own have written is known as theirs, if they could write that down.
                let unsaid = [Trouble::Foreign, Trouble::Failure, Trouble::Crash, Trouble::Theft];
                let is_real = unsaid.into_iter().any(|trouble| after.had(trouble));
                hold("R-P-10", is_real, || "nobody else has written, and a login waits".into())?;
            }
            let has_locks = after.participants[at].entitled != [false; 2];
            hold("R-P-12", !has_locks, || "a lock was kept".into())?;
            outcome.as_ref().as_ref().ok().and_then(handed_out)
        }
    };
    let Some(credential) = credential else { return Ok(()) };
    let account = credential.account.id.as_deref();
    hold("R-INV-14", account == Some(ACCOUNT), || format!("{at} was given a token of {account:?}"))
}

/// A token that we presented, that was replaced and still stands in the record is marked, or known to be spent, or
/// its successor has been put aside.
fn an_interrupted_attempt_can_be_seen(world: &World) -> Held {
    let Some(token) = world.record.as_ref().and_then(refresh_token) else { return Ok(()) };
    if world.server.current(token) == token || world.seen.times(token) == 0 {
        return Ok(());
    }
    let digest = token.refresh().digest();
    let ledger = world.read_ledger();
    let is_marked = matches!(&ledger.mark, Some(Mark { digest: marked, .. }) if *marked == digest);
    let is_known = is_marked || ledger.is_spent(digest) || is_put_aside(world, token);
    hold("R-INV-07", is_known, || format!("{token:?} is spent, and nothing says so"))
}

/// Whether the stash has what came for this token.
fn is_put_aside(world: &World, instead_of: Token) -> bool {
    let digest = instead_of.refresh().digest().to_string();
    world.stash.as_ref().is_some_and(|stash| stash.expose().contains(&digest))
}

/// Whether the stash has this token.
fn has_aside(world: &World, token: Token) -> bool {
    let text = token.refresh();
    world.stash.as_ref().is_some_and(|stash| stash.expose().contains(text.expose()))
}

/// What a process was told to be durable is in the record or the stash until something newer is.
fn what_was_called_safe_is_there(world: &World) -> Held {
    let (Some(safe), Some(record)) = (world.seen.safe, world.record.as_ref()) else {
        return Ok(());
    };
    let record = refresh_token(record);
    let is_saved = record >= Some(safe);
    let is_aside = has_aside(world, safe);
    let was_aside = record.is_some_and(|token| token < safe);
    let law = if was_aside && world.participants.iter().any(|it| it.brought == Some(safe)) {
        "R-CR-07"
    } else {
        "R-INV-09"
    };
    hold(law, is_saved || is_aside, || format!("{safe:?} was safe and is gone"))
}

fn all_have_the_same(world: &World, outcomes: &[&Result<Outcome, Error>]) -> Held {
    let asked: u8 = world.seen.presented.iter().map(|(_, times)| times).sum();
    let newest = world.record.as_ref().and_then(access_token);
    let given: BTreeSet<_> = outcomes
        .iter()
        .map(|outcome| outcome.as_ref().ok().and_then(handed_out).and_then(access_token))
        .collect();
    let is_due = !world.setting.is_borrowed;
    let is_one = asked == u8::from(is_due) && (given == BTreeSet::from([newest]) || !is_due);
    hold("R-INV-11", is_one, || format!("{asked} requests, and {given:?} instead of {newest:?}"))
}

/// R-CR-05: after a crash or a lost answer a dead token was killed by that, and by no stranger; and
/// where the server forgives, nobody has to sign in.
fn interruptions_are_called_that(world: &World, outcomes: &[&Result<Outcome, Error>]) -> Held {
    for outcome in outcomes {
        let is_told = !matches!(outcome, Err(Error::InvalidGrant | Error::Superseded));
        hold("R-CR-05", is_told, || format!("an interruption is told as {outcome:?}"))?;
    }
    let token = world.record.as_ref().and_then(refresh_token);
    let is_whole = token.is_none_or(|token| world.server.current(token) == token);
    let forgives = world.setting.rule != Rule::Strict;
    let is_told = outcomes.iter().any(|outcome| matches!(outcome, Err(Error::Interrupted { .. })));
    hold("R-CR-05", is_whole || is_told || !forgives, || {
        format!("a server that forgives was not asked again: {outcomes:?}")
    })
}

fn the_last_login_or_logout_counts(world: &World, outcomes: &[&Result<Outcome, Error>]) -> Held {
    if world.had(Trouble::Foreign) {
        return Ok(());
    }
    let ended = |is_it: fn(&Outcome) -> bool| {
        outcomes.iter().any(|outcome| outcome.as_ref().is_ok_and(is_it))
    };
    // Whoever crashed may have been the last one, and all but done.
    let others = |job| !world.setting.jobs.contains(&job);
    if ended(|outcome| matches!(outcome, Outcome::SignedIn(_))) && others(Job::SignOut) {
        let login = world.record.as_ref().and_then(refresh_token).map(|token| token.login);
        // It may wait for the owner tool's lock.
        let waits = has_aside(world, NEW_LOGIN);
        hold("R-INV-04", login == Some(1) || waits, || {
            format!("the new login is not there: {login:?}")
        })?;
    }
    if ended(|outcome| matches!(outcome, Outcome::SignedOut { .. })) && others(Job::SignIn) {
        hold("R-INV-08", world.record.is_none(), || "the login outlived its logout".into())?;
    }
    Ok(())
}

fn hold(law: &'static str, holds: bool, what: impl FnOnce() -> String) -> Held {
    if holds { Ok(()) } else { Err(Broken { law, what: what() }) }
}
