//! Logins that a provider restricts: explained, and asked about once.

use grantflow::{Provider, TermsStatus};

use crate::choose;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// In one word.
pub(crate) fn status(status: TermsStatus) -> &'static str {
    match status {
        TermsStatus::Allowed => "allowed",
        TermsStatus::Unclear => "unclear",
        TermsStatus::Restricted => "restricted",
    }
}

/// Whether the person goes on with a restricted login. Others need no answer.
///
/// # Errors
/// Without a person, or when they say no.
pub(crate) async fn accept(
    output: &Output,
    provider: &Provider,
    again: &str,
    told: bool,
) -> Result<(), Failure> {
    let terms = &provider.terms;
    if told || terms.status != TermsStatus::Restricted {
        return Ok(());
    }
    let what = format!("{} restricts who may use this login", provider.name);
    let next = format!(
        "read this, and decide: {} If you go on: grantflow login {again} --accept-terms",
        terms.note
    );
    if !choose::person(output) {
        return Err(Failure::new(Exit::NeedsPerson, what, next));
    }
    output.explain(&format!("{what}. {}", terms.note));
    output.explain(&format!("({}, {})", terms.source, terms.date));
    if choose::agree(output, "Go on with this login?").await? {
        Ok(())
    } else {
        Err(Failure::new(Exit::NeedsPerson, what, "nothing was sent"))
    }
}
