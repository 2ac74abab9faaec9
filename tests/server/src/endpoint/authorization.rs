//! The authorization endpoint (RFC 6749 §4.1, RFC 9207).

use crate::{
    Decision, Dialect, Fault, Finding, Person, Response, Server,
    exchange::Exchange,
    grants::{Grant, IssuedCode},
    login::BrowserLogin,
    page,
    parameters::Parameters,
    refusal::Refusal,
    rule::Call,
};

/// RFC 6749 §4.1.2: ten minutes at most.
pub(crate) const CODE_LIFE_MS: u64 = 600_000;

impl Server {
    pub(crate) fn authorization(&mut self, x: &mut Exchange<'_>) -> Response {
        if x.request.method == "POST" {
            return self.submitted(x);
        }
        let parameters = Parameters::of_query(x.request);
        let Some(redirect_uri) = self.trusted_redirect_uri(x, &parameters) else {
            x.error = Some("invalid_request");
            return page::message(
                400,
                "This link is not right",
                "It names no client that we know, \
                or leads back to where that client is not.",
            );
        };
        let state = parameters.value("state").map(str::to_owned);
        match self.authorization_request(x, &parameters, &redirect_uri) {
            Ok(login) => self.ask(x, login),
            Err(refusal) => {
                x.error = Some(refusal.code());
                let error = ("error", refusal.code());
                Response::redirect(
                    302,
                    &self.redirect_url(x, &redirect_uri, error, state.as_deref()),
                )
            }
        }
    }

    /// Where a browser is sent with the person's decision.
    pub(crate) fn decided_url(
        &mut self,
        x: &mut Exchange<'_>,
        login: BrowserLogin,
        approved: bool,
    ) -> String {
        let BrowserLogin { grant, redirect_uri, state, code_challenge } = login;
        if !approved {
            let refusal = Refusal::AccessDenied.code();
            x.error = Some(refusal);
            return self.redirect_url(x, &redirect_uri, ("error", refusal), state.as_deref());
        }
        let code = self.mint.token("");
        let url = self.redirect_url(x, &redirect_uri, ("code", &code), state.as_deref());
        let expires_ms = x.now_ms.saturating_add(CODE_LIFE_MS);
        self.grants
            .add_code(code, IssuedCode { grant, redirect_uri, state, code_challenge, expires_ms });
        url
    }

    /// Errors are redirected only to where the client is known to be (RFC 6749 §4.1.2.1).
    fn trusted_redirect_uri(
        &self,
        x: &mut Exchange<'_>,
        parameters: &Parameters,
    ) -> Option<String> {
        let client = self.client(x, parameters.value("client_id")).ok()?;
        let redirect_uri = parameters.value("redirect_uri").unwrap_or_default();
        let issuer = &self.config.issuer;
        if client.redirect_uris.iter().any(|own| own.accepts(redirect_uri, issuer)) {
            return Some(redirect_uri.to_owned());
        }
        x.find(Finding::RedirectUriMismatch);
        None
    }

    fn authorization_request(
        &self,
        x: &mut Exchange<'_>,
        parameters: &Parameters,
        redirect_uri: &str,
    ) -> Result<BrowserLogin, Refusal> {
        let rule = self.config.dialect.rule(Call::Authorization, false);
        parameters.check(x, &rule, &self.config.extra_parameters)?;
        if parameters.value("response_type") != Some("code") {
            x.find(Finding::ParameterWrong("response_type".into()));
            return Err(Refusal::UnsupportedResponseType);
        }
        let text = |name| parameters.value(name).unwrap_or_default().to_owned();
        let code_challenge = text("code_challenge");
        if !is_s256(&code_challenge) {
            x.find(Finding::PkceWrong);
            return Err(Refusal::InvalidRequest);
        }
        let offline = match self.config.dialect {
            Dialect::Google => parameters.value("access_type") == Some("offline"),
            Dialect::Standard | Dialect::Anthropic | Dialect::Codex | Dialect::Github => true,
        };
        Ok(BrowserLogin {
            grant: Grant { client_id: text("client_id"), scope: text("scope"), offline },
            redirect_uri: redirect_uri.to_owned(),
            state: parameters.value("state").map(str::to_owned),
            code_challenge,
        })
    }

    fn ask(&mut self, x: &mut Exchange<'_>, login: BrowserLogin) -> Response {
        let approved = match self.config.person {
            _ if x.strikes(Fault::Denial) => false,
            Person::Approve => true,
            Person::Deny => false,
            Person::Ask => {
                let request_id = self.mint.token("");
                let response = page::consent(&request_id, &login.grant);
                self.browser_logins.insert(request_id, login);
                return response;
            }
            Person::Ignore => {
                return page::message(200, "Nobody is here", "Nobody will answer this request.");
            }
        };
        Response::redirect(302, &self.decided_url(x, login, approved))
    }

    /// The form of the consent page.
    fn submitted(&mut self, x: &mut Exchange<'_>) -> Response {
        let submitted = Parameters::of_body(x).ok();
        let value = |name| submitted.as_ref().and_then(|own| own.value(name));
        let decision = value("decision").and_then(Decision::of_form);
        let login = value("request_id").and_then(|id| self.browser_logins.remove(id));
        match (login, decision) {
            (Some(login), Some(decision)) => {
                let approved = decision == Decision::Approve;
                // 303: the browser goes on with a GET (RFC 9700 §4.12).
                Response::redirect(303, &self.decided_url(x, login, approved))
            }
            (_, _) => page::message(400, "Nothing to decide", "This request is no longer waiting."),
        }
    }

    fn redirect_url(
        &self,
        x: &mut Exchange<'_>,
        redirect_uri: &str,
        (name, value): (&str, &str),
        state: Option<&str>,
    ) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair(name, value);
        if let Some(state) = state {
            query.append_pair("state", state);
        }
        if self.config.iss && !x.strikes(Fault::MissingIss) {
            let wrong = x.strikes(Fault::WrongIss);
            let iss = if wrong { "https://issuer.example" } else { &self.config.issuer };
            query.append_pair("iss", iss);
        }
        let separator = if redirect_uri.contains('?') { '&' } else { '?' };
        format!("{redirect_uri}{separator}{}", query.finish())
    }
}

/// Whether it can be the base64url of a SHA-256.
fn is_s256(code_challenge: &str) -> bool {
    let url_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    code_challenge.len() == 43 && code_challenge.bytes().all(url_safe)
}
