//! Faults as they happen.

use serde_json::{Map, Value, json};

use crate::{Endpoint, Fault, FaultRule, Reply, Response, Times, exchange::Exchange};

/// The `Retry-After` of [`Fault::TooManyRequests`] and [`Fault::UnavailableRetryAfter`].
pub const RETRY_AFTER_S: u64 = 7;

/// The faults that can happen to one request, and those that did.
pub(crate) struct Strikes {
    possible: Vec<(usize, Fault)>,
    struck: Vec<(usize, Fault)>,
}

impl Strikes {
    pub(crate) fn at(endpoint: Endpoint, rules: &[FaultRule]) -> Self {
        let concerning = rules.iter().enumerate().filter(|(_, rule)| rule.concerns(endpoint));
        Self {
            possible: concerning.map(|(at, rule)| (at, rule.fault)).collect(),
            struck: Vec::new(),
        }
    }

    pub(crate) fn strike(&mut self, fault: Fault) -> bool {
        let Some(&strike) = self.possible.iter().find(|(_, own)| *own == fault) else {
            return false;
        };
        if !self.struck.contains(&strike) {
            self.struck.push(strike);
        }
        true
    }

    /// Takes what happened off the rules, and tells it.
    pub(crate) fn settle(self, rules: &mut [FaultRule]) -> Vec<Fault> {
        for &(at, _) in &self.struck {
            if let Some(FaultRule { times: Times::Count(left), .. }) = rules.get_mut(at) {
                *left = left.saturating_sub(1);
            }
        }
        self.struck.into_iter().map(|(_, fault)| fault).collect()
    }
}

/// The reply of a fault that keeps the request from being processed.
pub(crate) fn before(x: &mut Exchange<'_>, issuer: &str) -> Option<Reply> {
    if x.strikes(Fault::Stall) {
        return Some(Reply::Stall);
    }
    if x.strikes(Fault::ResetBefore) {
        return Some(Reply::Reset { processed: false });
    }
    let retry_after = |response: Response| response.with("retry-after", &RETRY_AFTER_S.to_string());
    let response = if x.strikes(Fault::Redirect307) {
        Response::redirect(307, &format!("{issuer}/sink"))
    } else if x.strikes(Fault::TooManyRequests) {
        retry_after(html(429, "Too many requests"))
    } else if x.strikes(Fault::InternalError) {
        html(500, "Internal server error")
    } else if x.strikes(Fault::BadGateway) {
        html(502, "Bad gateway")
    } else if x.strikes(Fault::Unavailable) {
        html(503, "Service unavailable")
    } else if x.strikes(Fault::UnavailableRetryAfter) {
        retry_after(html(503, "Service unavailable"))
    } else if x.strikes(Fault::Html200) {
        html(200, "Welcome to our wireless network")
    } else if x.strikes(Fault::ErrorEcho) {
        echo(x)
    } else {
        return None;
    };
    Some(Reply::Answer(response))
}

/// What the faults leave of a response to a request that was processed.
pub(crate) fn after(x: &mut Exchange<'_>, mut response: Response) -> Reply {
    if response.status >= 400 && x.error.is_some() && x.strikes(Fault::ErrorStatus200) {
        response.status = 200;
    }
    if x.strikes(Fault::TruncatedJson) {
        response.body.truncate(response.body.len() / 2);
    }
    if x.strikes(Fault::EmptyBody) {
        response.body.clear();
    }
    if x.strikes(Fault::Bom) {
        response.body.splice(0..0, *b"\xEF\xBB\xBF");
    }
    if x.strikes(Fault::CoopSameOrigin) {
        response = response.with("cross-origin-opener-policy", "same-origin");
    } else if x.strikes(Fault::CoopSameOriginAllowPopups) {
        response = response.with("cross-origin-opener-policy", "same-origin-allow-popups");
    }
    if x.strikes(Fault::ResetAfter) {
        Reply::Reset { processed: true }
    } else if x.strikes(Fault::TruncatedBody) {
        let bytes = response.body.len() / 2;
        Reply::Truncated { response, bytes }
    } else {
        Reply::Answer(response)
    }
}

/// What the faults leave of the members of a token reply.
pub(crate) fn spoil(x: &mut Exchange<'_>, reply: &mut Map<String, Value>) {
    if reply.contains_key("expires_in") && x.strikes(Fault::NoExpiresIn) {
        reply.remove("expires_in");
    }
    if let Some(expires_in) = reply.get_mut("expires_in")
        && x.strikes(Fault::StringExpiresIn)
    {
        *expires_in = expires_in.to_string().into();
    }
    if reply.contains_key("refresh_token") && x.strikes(Fault::NoRefreshToken) {
        reply.remove("refresh_token");
    }
}

fn html(status: u16, title: &str) -> Response {
    let body = format!("<!doctype html><title>{title}</title><h1>{title}</h1>");
    Response::new(status, "text/html; charset=utf-8", body)
}

/// An error made of what was sent: whoever shows or logs it shows secrets.
fn echo(x: &mut Exchange<'_>) -> Response {
    x.error = Some("error_echo");
    let authorization = x.request.header("authorization").unwrap_or_default();
    let sent = format!("{authorization} {}", String::from_utf8_lossy(&x.request.body));
    let body = json!({ "error": sent, "error_description": sent, "error_uri": sent });
    Response::json(400, &body)
}
