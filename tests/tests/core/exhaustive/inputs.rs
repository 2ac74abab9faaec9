//! Everything that can be done to a login, as data.

use grantflow_core::{
    Flow, Machine, Now, Purpose, Redirect, Rejected, RequestId, Response, Step, TransportError,
};

use super::door::Door;

/// One thing that a host, a server or a stranger can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Input {
    Poll,
    Answer(Answer),
    /// An answer to a request of an earlier life.
    StaleAnswer,
    Redirect(Way),
    Restore,
}

/// What comes back for the request that is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Answer {
    Tokens,
    SecondToken,
    DeviceCodes,
    CodeAndVerifier,
    Pending,
    SlowDown,
    AccessDenied,
    ExpiredToken,
    InvalidGrant,
    OtherError,
    NotSent,
    TooManyRequests,
    Lost,
    BadGateway,
    Unreadable,
    NotAnObject,
}

/// What comes back from the sign-in page, or pretends to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Way {
    Callback,
    PastedFromPage,
    Denied,
    Refused,
    WrongState,
    NoState,
    WrongIssuer,
    NoCode,
}

impl Input {
    pub(crate) const ALL: [Self; 27] = [
        Self::Poll,
        Self::Answer(Answer::Tokens),
        Self::Answer(Answer::SecondToken),
        Self::Answer(Answer::DeviceCodes),
        Self::Answer(Answer::CodeAndVerifier),
        Self::Answer(Answer::Pending),
        Self::Answer(Answer::SlowDown),
        Self::Answer(Answer::AccessDenied),
        Self::Answer(Answer::ExpiredToken),
        Self::Answer(Answer::InvalidGrant),
        Self::Answer(Answer::OtherError),
        Self::Answer(Answer::NotSent),
        Self::Answer(Answer::TooManyRequests),
        Self::Answer(Answer::Lost),
        Self::Answer(Answer::BadGateway),
        Self::Answer(Answer::Unreadable),
        Self::Answer(Answer::NotAnObject),
        Self::StaleAnswer,
        Self::Redirect(Way::Callback),
        Self::Redirect(Way::PastedFromPage),
        Self::Redirect(Way::Denied),
        Self::Redirect(Way::Refused),
        Self::Redirect(Way::WrongState),
        Self::Redirect(Way::NoState),
        Self::Redirect(Way::WrongIssuer),
        Self::Redirect(Way::NoCode),
        Self::Restore,
    ];
}

/// What an input led to, beside the state.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Sent(RequestId, Purpose),
    Waits,
    Ended,
    Taken,
    Rejected(Rejected),
}

/// Applies `input` to `flow`.
pub(super) fn apply(
    door: &Door,
    flow: &mut Flow,
    now: Now,
    out: Option<RequestId>,
    input: Input,
) -> Effect {
    let taken = |outcome| match outcome {
        Ok(()) => Effect::Taken,
        Err(rejected) => Effect::Rejected(rejected),
    };
    match input {
        Input::Poll => match flow.poll(now) {
            Step::Send(request) => Effect::Sent(request.id, request.purpose),
            Step::Wait(_) => Effect::Waits,
            Step::Done(_) => Effect::Ended,
        },
        Input::Answer(answer) => {
            let id = out.unwrap_or(RequestId::from_number(0));
            taken(flow.handle_response(now, id, &answer.result()))
        }
        Input::StaleAnswer => {
            let id = RequestId::from_number(1);
            taken(flow.handle_response(now, id, &Answer::Tokens.result()))
        }
        Input::Redirect(way) => {
            let text = door.redirect(way);
            taken(flow.handle_redirect(
                now,
                match way {
                    Way::PastedFromPage => Redirect::Pasted(&text),
                    Way::Callback
                    | Way::Denied
                    | Way::Refused
                    | Way::WrongState
                    | Way::NoState
                    | Way::WrongIssuer
                    | Way::NoCode => Redirect::Callback(&text),
                },
            ))
        }
        Input::Restore => match flow.save() {
            Some(saved) => {
                *flow = Flow::restore(&door.client, &saved, now).expect("what was saved");
                Effect::Taken
            }
            None => Effect::Rejected(Rejected::NotExpected),
        },
    }
}

impl Answer {
    pub(crate) fn result(self) -> Result<Response, TransportError> {
        let (status, body) = match self {
            Self::NotSent => return Err(TransportError::NotSent),
            Self::Lost => return Err(TransportError::Lost),
            Self::Tokens => (200, r#"{"access_token":"the-access-token","token_type":"Bearer"}"#),
            Self::SecondToken => (200, r#"{"token":"tid=1;exp=2","expires_at":1780003600}"#),
            Self::DeviceCodes => (
                200,
                r#"{"device_code":"the-device-code","device_auth_id":"the-device-code","user_code":"WDJB-MJHT",
                    "verification_uri":"https://example.com/device","expires_in":16,"interval":5}"#,
            ),
            Self::CodeAndVerifier => (
                200,
                r#"{"authorization_code":"the-authorization-code",
                    "code_verifier":"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}"#,
            ),
            Self::Pending => (400, r#"{"error":"authorization_pending"}"#),
            Self::SlowDown => (400, r#"{"error":"slow_down"}"#),
            Self::AccessDenied => (400, r#"{"error":"access_denied"}"#),
            Self::ExpiredToken => (400, r#"{"error":"expired_token"}"#),
            Self::InvalidGrant => (400, r#"{"error":"invalid_grant"}"#),
            Self::OtherError => (400, r#"{"error":"invalid_client"}"#),
            Self::TooManyRequests => (429, "slow"),
            Self::BadGateway => (502, r#"{"error":"invalid_grant"}"#),
            Self::Unreadable => (200, "<html>Welcome to the hotel</html>"),
            Self::NotAnObject => (200, r#"["at"]"#),
        };
        Ok(Response::new(status, body))
    }
}
