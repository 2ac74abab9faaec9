//! What a person has to do, in words and as JSON.

use std::time::Duration;

use grantflow::{Prompt, SignIn, Way};
use serde_json::{Value, json};

use crate::output::{Output, Paint, clock, link, wrap};
use crate::qr;

/// Whose login, and who goes on with it.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) name: String,
    /// The command that goes on with it.
    pub(crate) resume: String,
    /// This process exits; `resume` goes on.
    pub(crate) no_wait: bool,
}

/// The prompt as one object. The addresses are for the person, and carry a `state`.
pub(crate) fn object(prompt: &Prompt, left: Duration) -> Value {
    match prompt {
        Prompt::OpenUrl { sign_ins, .. } => {
            let sign_ins = sign_ins.iter().map(|sign_in| {
                json!({
                    "url": sign_in.url, "redirect_uri": sign_in.redirect_uri,
                    "way": match sign_in.way { Way::Redirect => "redirect", Way::Page => "page" },
                })
            });
            json!({
                "prompt": "open_url", "expires_in": left.as_secs(),
                "sign_ins": sign_ins.collect::<Vec<_>>(),
            })
        }
        Prompt::EnterCode { user_code, verification_uri, verification_uri_complete, .. } => json!({
            "prompt": "enter_code", "expires_in": left.as_secs(),
            "user_code": user_code, "verification_uri": verification_uri,
            "verification_uri_complete": verification_uri_complete,
        }),
    }
}

/// The prompt in words. An address is never broken, so that it can be copied whole.
pub(crate) fn lines(
    output: &Output,
    paint: Paint,
    login: &Login,
    prompt: &Prompt,
    left: Duration,
) -> Vec<String> {
    let page = Page { output, paint, login };
    let mut lines = vec![String::new()];
    match prompt {
        Prompt::OpenUrl { sign_ins, .. } => lines.extend(page.browser(sign_ins)),
        Prompt::EnterCode { user_code, verification_uri, verification_uri_complete, .. } => {
            let complete = verification_uri_complete.as_deref();
            lines.extend(page.device(user_code, verification_uri, complete));
        }
    }
    if login.no_wait {
        let next = format!("Then run, within {}:", clock(left));
        lines.extend([next, format!("  {}", login.resume)]);
    }
    lines.push(String::new());
    lines
}

struct Page<'a> {
    output: &'a Output,
    paint: Paint,
    login: &'a Login,
}

impl Page<'_> {
    fn browser(&self, sign_ins: &[SignIn]) -> Vec<String> {
        let mut lines = vec![self.paint.bold(&format!("Sign in to {}", self.login.name))];
        let look = "Look at the address of the page before you type a password there:";
        lines.extend(wrap(look, self.output.width));
        // With `--no-wait` nobody listens, so an address that ends at a page goes first.
        let by_page = |sign_in: &&SignIn| sign_in.way == Way::Page;
        let page = sign_ins.iter().find(by_page);
        let redirect = sign_ins.iter().find(|sign_in| !by_page(sign_in));
        let first = if self.login.no_wait { page.or(redirect) } else { redirect.or(page) };
        let second = page.filter(|_| !self.login.no_wait && redirect.is_some());
        lines.extend(first.map(|sign_in| self.link(&sign_in.url)));
        let mut explain = |text: &str| lines.extend(wrap(text, self.output.width));
        if first.is_some_and(|sign_in| by_page(&sign_in)) {
            explain("It ends at a page that shows a code: copy all of it.");
        } else if self.login.no_wait {
            explain(
                "It ends at a page that cannot be reached. That is right: copy its whole address.",
            );
        } else {
            explain(
                "If it ends at a page that cannot be reached, paste the address of that page here.",
            );
        }
        if let Some(second) = second {
            explain("On another machine, open this one, and paste here the code that it shows:");
            lines.push(self.link(&second.url));
        }
        let mut explain = |text: &str| lines.extend(wrap(text, self.output.width));
        explain("Paste only here: nobody else ever needs that address or code.");
        lines
    }

    fn device(
        &self,
        user_code: &str,
        verification_uri: &str,
        complete: Option<&str>,
    ) -> Vec<String> {
        let mut lines = vec![
            self.paint.bold(&format!("Sign in to {}", self.login.name)),
            "Open this address on any device:".to_owned(),
            self.link(verification_uri),
            "and enter this code:".to_owned(),
            format!("  {}", self.paint.bold(user_code)),
        ];
        let drawn = complete.unwrap_or(verification_uri);
        let code = qr::lines(drawn, self.output.width, self.paint.0);
        if let Some(code) = code.filter(|_| self.output.live) {
            lines.push(String::new());
            lines.extend(code.iter().map(|line| self.paint.paper(line)));
        }
        lines.extend(wrap(
            "Enter only a code that you asked for yourself, just now: whoever sends you one gets \
             into your account.",
            self.output.width,
        ));
        lines
    }

    fn link(&self, address: &str) -> String {
        let linked = self.paint.0 && self.output.live;
        if linked { link(self.output, address) } else { address.to_owned() }
    }
}
