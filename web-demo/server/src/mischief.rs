//! What goes wrong between a server and a client.

use grantflow_test_server::{Endpoint, Reply};

/// Each happens once.
#[derive(Debug, Default)]
pub(crate) struct Mischief {
    /// The next redirect to the client carries a `state` that somebody made up.
    wrong_state: bool,
    /// The next answer to a token request comes when nobody waits for it any more.
    late: bool,
}

const WRONG_STATE: &str = "wrong-state";
const LATE: &str = "late";

impl Mischief {
    /// Whether it is of this kind.
    pub(crate) fn arm(&mut self, rule: &str) -> bool {
        match rule {
            WRONG_STATE => self.wrong_state = true,
            LATE => self.late = true,
            _ => return false,
        }
        true
    }

    pub(crate) fn armed(&self) -> impl Iterator<Item = &'static str> {
        let state = self.wrong_state.then_some(WRONG_STATE);
        state.into_iter().chain(self.late.then_some(LATE))
    }

    /// Does to the reply what was asked for, and tells whether it comes late.
    pub(crate) fn of(&mut self, endpoint: Endpoint, reply: &mut Reply) -> bool {
        let Reply::Answer(response) = reply else { return false };
        if self.wrong_state && endpoint == Endpoint::Authorization {
            let location = response.headers.iter_mut().find(|(name, _)| name == "location");
            if let Some((_, location)) = location {
                *location = with_another_state(location);
                self.wrong_state = false;
            }
        }
        let is_late = self.late
            && matches!(endpoint, Endpoint::Token | Endpoint::DeviceToken | Endpoint::SecondToken);
        if is_late {
            self.late = false;
        }
        is_late
    }
}

fn with_another_state(location: &str) -> String {
    let Some((address, query)) = location.split_once('?') else { return location.to_owned() };
    let mut changed = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = if name == "state" { "made-up-by-a-stranger".into() } else { value };
        changed.append_pair(&name, &value);
    }
    format!("{address}?{}", changed.finish())
}

#[cfg(test)]
mod tests {
    use super::with_another_state;

    #[test]
    fn only_the_state_is_changed() {
        let before = "https://app.example/callback?code=a%2Bb&state=ours&iss=https%3A%2F%2Fas";
        let after = "https://app.example/callback?code=a%2Bb&state=made-up-by-a-stranger&iss=https%3A%2F%2Fas";
        assert_eq!(with_another_state(before), after);
        assert_eq!(with_another_state("/no/query"), "/no/query");
    }
}
