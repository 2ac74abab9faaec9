//! The parameters of a request, and whether they are the right ones.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::{
    Finding, Request,
    exchange::Exchange,
    refusal::Refusal,
    rule::{Encoding, Rule},
};

/// Names and values in the order they came.
pub(crate) struct Parameters {
    pairs: Vec<(String, String)>,
    encoding: Encoding,
}

impl Parameters {
    pub(crate) fn of_query(request: &Request) -> Self {
        Self { pairs: form(request.query().as_bytes()), encoding: Encoding::Form }
    }

    /// Reads a body of either encoding; [`check`](Self::check) says whether it was the right one.
    pub(crate) fn of_body(x: &mut Exchange<'_>) -> Result<Self, Refusal> {
        let request = x.request;
        for (name, _) in form(request.query().as_bytes()) {
            x.find(Finding::ParameterInUrl(printable(&name)));
        }
        let (encoding, pairs) = match media_type(request) {
            "application/x-www-form-urlencoded" => (Encoding::Form, Some(form(&request.body))),
            "application/json" => (Encoding::Json, json(x)),
            _ => (Encoding::Either, None),
        };
        let Some(pairs) = pairs else {
            x.find(Finding::WrongEncoding);
            return Err(Refusal::InvalidRequest);
        };
        for secret in SECRETS {
            if let Some((_, value)) = pairs.iter().find(|(name, _)| name == secret) {
                x.present(secret, value);
            }
        }
        Ok(Self { pairs, encoding })
    }

    /// The value of a parameter that is there once and not empty.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let mut values = self.pairs.iter().filter(|(own, _)| own == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (Some(value), None) if !value.is_empty() => Some(value),
            (_, _) => None,
        }
    }

    /// Finds whatever differs from the rule. Unknown parameters are ignored all the same, and
    /// empty ones taken for absent (RFC 6749 §3.2); the rest makes the request invalid.
    pub(crate) fn check(
        &self,
        x: &mut Exchange<'_>,
        rule: &Rule,
        extra: &[String],
    ) -> Result<(), Refusal> {
        let strangers_at = x.findings.len();
        self.find_strangers(x, rule, extra);
        let repeats = |found: &Finding| matches!(found, Finding::ParameterRepeated(_));
        let repeated = x.findings.iter().skip(strangers_at).any(repeats);
        let forbidden = rule.forbidden.iter().any(|name| self.value(name).is_some());

        let faults_at = x.findings.len();
        if rule.encoding != Encoding::Either && rule.encoding != self.encoding {
            x.find(Finding::WrongEncoding);
        }
        for &name in rule.required {
            if self.lacks(name) {
                x.find(missing(name));
            }
        }
        for &(name, expected) in rule.fixed {
            match self.value(name) {
                Some(value) if value == expected => {}
                Some(_) if name == "code_challenge_method" => x.find(Finding::PkceWrong),
                Some(_) => x.find(Finding::ParameterWrong(name.into())),
                None if self.lacks(name) => x.find(missing(name)),
                None => {}
            }
        }
        let valid = !repeated && !forbidden && x.findings.len() == faults_at;
        if valid { Ok(()) } else { Err(Refusal::InvalidRequest) }
    }

    /// Absent or empty. A parameter that is there twice is neither.
    fn lacks(&self, name: &str) -> bool {
        let mut values = self.pairs.iter().filter(|(own, _)| own == name);
        values.all(|(_, value)| value.is_empty())
    }

    fn find_strangers(&self, x: &mut Exchange<'_>, rule: &Rule, extra: &[String]) {
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in &self.pairs {
            let is_credential = name == "client_id" || name == "client_secret";
            let known = rule.names().any(|own| own == name)
                || (rule.authenticates && is_credential)
                || extra.contains(name);
            if seen.contains(&name.as_str()) {
                x.find(Finding::ParameterRepeated(printable(name)));
            } else if !known {
                x.find(Finding::ParameterUnknown(printable(name)));
            } else if value.is_empty() {
                x.find(Finding::ParameterEmpty(printable(name)));
            }
            seen.push(name);
        }
    }
}

/// The parameters whose values are secrets.
const SECRETS: [&str; 7] = [
    "client_secret",
    "code",
    "code_verifier",
    "device_auth_id",
    "device_code",
    "refresh_token",
    "token",
];

fn missing(name: &str) -> Finding {
    match name {
        "code_challenge" | "code_challenge_method" | "code_verifier" => Finding::PkceMissing,
        "state" => Finding::StateMissing,
        other => Finding::ParameterMissing(other.into()),
    }
}

/// A name that may stand in the log. Whoever encodes a body wrongly can make a name of a secret.
fn printable(name: &str) -> String {
    let fits = name.len() <= 40
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    if fits { name.to_owned() } else { "(not a name)".to_owned() }
}

fn media_type(request: &Request) -> &str {
    let content_type = request.header("content-type").unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim()
}

fn form(bytes: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(bytes).into_owned().collect()
}

/// The members of a flat object. Values that are no strings are findings and left out.
fn json(x: &mut Exchange<'_>) -> Option<Vec<(String, String)>> {
    let Members(members) = serde_json::from_slice(&x.request.body).ok()?;
    let mut pairs = Vec::new();
    for (name, value) in members {
        match value.as_str() {
            Some(value) => pairs.push((name, value.to_owned())),
            None => x.find(Finding::ParameterWrong(printable(&name))),
        }
    }
    Some(pairs)
}

/// A JSON object whose repeated names are not lost.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
