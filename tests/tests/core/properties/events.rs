//! Arbitrary things that happen to a login.

use grantflow_core::TransportError;
use proptest::prelude::*;

/// One thing that happens to a login.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Poll,
    /// Both clocks go on by this.
    Pass(u64),
    /// Both clocks go on until the next request is due.
    Wait,
    /// One clock is set, the other not.
    StepWall(i64),
    StepMono(i64),
    Answer(u16, String),
    /// An answer that the state can go on with, or few logins would get far.
    Fitting {
        codes: String,
        error: String,
    },
    Transport(TransportError),
    /// An answer to this id, whoever it belongs to.
    Stray(u64),
    Redirect(Back),
    Restart,
}

#[derive(Clone, Debug)]
pub(super) enum Back {
    Right,
    Wrong(String),
    Replayed,
}

pub(super) fn event() -> impl Strategy<Value = Event> {
    let transport = prop_oneof![Just(TransportError::NotSent), Just(TransportError::Lost)];
    prop_oneof![
        6 => Just(Event::Poll),
        5 => Just(Event::Wait),
        2 => (0_u64..20_000).prop_map(Event::Pass),
        1 => prop_oneof![Just(1), 0_u64..700_000].prop_map(Event::Pass),
        1 => any::<i32>().prop_map(|ms| Event::StepWall(ms.into())),
        1 => (-100_000_i64..100_000).prop_map(Event::StepMono),
        4 => (status(), body()).prop_map(|(status, body)| Event::Answer(status, body)),
        6 => (codes(), going_on()).prop_map(|(codes, error)| Event::Fitting { codes, error }),
        2 => transport.prop_map(Event::Transport),
        1 => any::<u64>().prop_map(Event::Stray),
        2 => back().prop_map(Event::Redirect),
        1 => Just(Event::Restart),
    ]
}

fn status() -> impl Strategy<Value = u16> {
    prop_oneof![4 => Just(200), 4 => Just(400), 1 => prop::sample::select(vec![
        204, 302, 307, 401, 403, 404, 418, 429, 500, 502, 503
    ])]
}

fn body() -> impl Strategy<Value = String> {
    let error = prop::sample::select(vec![
        "authorization_pending",
        "slow_down",
        "access_denied",
        "expired_token",
        "invalid_grant",
        "server_error",
        "unheard_of",
    ]);
    prop_oneof![
        4 => (error, 0_u32..50).prop_map(|(error, interval)| {
            format!(r#"{{"error":"{error}","interval":{interval}}}"#)
        }),
        3 => codes(),
        3 => Just(r#"{"access_token":"at","refresh_token":"rt","expires_in":3600}"#.to_owned()),
        1 => Just(r#"{"token":"second","expires_at":1780003600}"#.to_owned()),
        1 => ".{0,40}",
    ]
}

fn codes() -> impl Strategy<Value = String> {
    (0_u32..30, prop_oneof![4 => 600_u32..3_600, 1 => 0_u32..60]).prop_map(|(interval, life)| {
        format!(
            r#"{{"device_code":"dc","device_auth_id":"dc","user_code":"AB-CD",
                "verification_uri":"https://example.com/d",
                "interval":{interval},"expires_in":{life}}}"#
        )
    })
}

fn going_on() -> impl Strategy<Value = String> {
    let error = prop::sample::select(vec!["authorization_pending", "slow_down"]);
    let refused = (error, 0_u32..50)
        .prop_map(|(error, interval)| format!(r#"{{"error":"{error}","interval":{interval}}}"#));
    prop_oneof![6 => refused, 1 => Just(r#"{"access_token":"at"}"#.to_owned())]
}

fn back() -> impl Strategy<Value = Back> {
    prop_oneof![
        Just(Back::Right),
        "(/callback)?\\?(code|error)=[a-z]{1,9}(&state=[A-Za-z0-9_-]{0,44})?".prop_map(Back::Wrong),
        ".{0,60}".prop_map(Back::Wrong),
        Just(Back::Replayed),
    ]
}
