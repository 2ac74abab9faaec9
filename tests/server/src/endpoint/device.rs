//! Device logins: RFC 8628, and Codex's own way.

use serde_json::{Map, Value, json};

use crate::{
    Decision, Dialect, Endpoint, Fault, Finding, GrantType, Response, Server,
    endpoint::{authorization::CODE_LIFE_MS, token::members},
    exchange::Exchange,
    grants::{Grant, IssuedCode, check_pkce},
    login::{DeviceLogin, Spent},
    mint::code_challenge,
    page,
    parameters::Parameters,
    refusal::{BadGrant, Refusal},
    rule::Call,
};

impl Server {
    pub(crate) fn device_authorization(&mut self, x: &mut Exchange<'_>) -> Response {
        let reply = self.device_authorized(x);
        self.program_response(x, reply)
    }

    /// Codex's polls.
    pub(crate) fn device_token(&mut self, x: &mut Exchange<'_>) -> Response {
        let reply = self.device_code_for_code(x);
        self.program_response(x, reply)
    }

    /// The polls of RFC 8628 §3.4.
    pub(crate) fn redeem_device_code(
        &mut self,
        x: &mut Exchange<'_>,
        parameters: &Parameters,
        client_id: &str,
    ) -> Result<Map<String, Value>, Refusal> {
        let device_code = parameters.value("device_code").unwrap_or_default();
        let login = self.device_login(x, device_code, "device_code")?;
        if login.grant.client_id != client_id {
            x.find(Finding::ParameterWrong("client_id".into()));
            return Err(Refusal::InvalidGrant(BadGrant::DeviceCode));
        }
        if let Some(challenge) = &login.code_challenge {
            check_pkce(x, parameters.value("code_verifier").unwrap_or_default(), challenge)?;
        }
        let grant = self.poll(x, device_code)?;
        let family = self.grants.begin(grant);
        self.spend(device_code, Spent::Tokens(family));
        Ok(self.first_tokens(x, family))
    }

    fn device_code_for_code(
        &mut self,
        x: &mut Exchange<'_>,
    ) -> Result<Map<String, Value>, Refusal> {
        let parameters = Parameters::of_body(x)?;
        x.grant_type = Some(GrantType::DeviceCode);
        let rule = self.config.dialect.rule(Call::DevicePoll, false);
        parameters.check(x, &rule, &self.config.extra_parameters)?;
        let device_auth_id = parameters.value("device_auth_id").unwrap_or_default();
        let login = self.device_login(x, device_auth_id, "device_auth_id")?;
        if parameters.value("user_code") != Some(&login.user_code) {
            x.find(Finding::ParameterWrong("user_code".into()));
            return Err(Refusal::InvalidGrant(BadGrant::DeviceCode));
        }
        let grant = self.poll(x, device_auth_id)?;
        let (code, code_verifier) = (self.mint.token("ac_"), self.mint.token(""));
        let code_challenge = code_challenge(&code_verifier);
        let bound = IssuedCode {
            grant,
            redirect_uri: format!("{}/deviceauth/callback", self.config.issuer),
            state: None,
            code_challenge: code_challenge.clone(),
            expires_ms: x.now_ms.saturating_add(CODE_LIFE_MS),
        };
        self.grants.add_code(code.clone(), bound);
        self.spend(device_auth_id, Spent::Code(code.clone()));
        Ok(members(json!({
            "authorization_code": code, "code_verifier": code_verifier,
            "code_challenge": code_challenge,
        })))
    }

    fn device_authorized(&mut self, x: &mut Exchange<'_>) -> Result<Map<String, Value>, Refusal> {
        let parameters = Parameters::of_body(x)?;
        let rule = self.config.dialect.rule(Call::DeviceAuthorization, self.config.device_pkce);
        parameters.check(x, &rule, &self.config.extra_parameters)?;
        let client_id = if rule.authenticates {
            self.authenticate(x, &parameters)?
        } else {
            self.client(x, parameters.value("client_id"))?.client_id.clone()
        };
        if x.strikes(Fault::DeviceDisabled) {
            return Err(Refusal::DeviceDisabled);
        }
        let device_code = match self.config.dialect {
            Dialect::Codex => self.mint.token("deviceauth_"),
            Dialect::Github => self.mint.hex(),
            Dialect::Standard | Dialect::Anthropic | Dialect::Google => self.mint.token(""),
        };
        let life_ms = self.config.device_code_life_s.saturating_mul(1000);
        let scope = parameters.value("scope").unwrap_or_default().to_owned();
        let login = DeviceLogin {
            grant: Grant { client_id, scope, offline: true },
            user_code: self.mint.user_code(),
            code_challenge: parameters.value("code_challenge").map(str::to_owned),
            begun_ms: x.now_ms,
            expires_ms: x.now_ms.saturating_add(life_ms),
            interval_s: self.config.interval_s,
            last_poll_ms: None,
            polls: 0,
            decision: None,
            spent: None,
        };
        let reply = self.device_reply(&device_code, &login.user_code);
        self.device_logins.insert(device_code, login);
        Ok(reply)
    }

    /// RFC 8628 §3.2, and how the vendors write it.
    fn device_reply(&self, device_code: &str, user_code: &str) -> Map<String, Value> {
        let config = &self.config;
        let path = config.dialect.path(Endpoint::Verification).unwrap_or_default();
        let verification_uri = format!("{}{path}", config.issuer);
        let rest = json!({
            "device_code": device_code, "user_code": user_code,
            "expires_in": config.device_code_life_s, "interval": config.interval_s,
        });
        let mut reply = members(rest);
        match config.dialect {
            Dialect::Standard | Dialect::Anthropic => {
                let complete = format!("{verification_uri}?user_code={user_code}");
                reply.insert("verification_uri".into(), verification_uri.into());
                reply.insert("verification_uri_complete".into(), complete.into());
            }
            Dialect::Github => {
                reply.insert("verification_uri".into(), verification_uri.into());
            }
            Dialect::Google => {
                reply.insert("verification_url".into(), verification_uri.into());
            }
            Dialect::Codex => {
                return members(json!({
                    "device_auth_id": device_code, "user_code": user_code,
                    "interval": config.interval_s.to_string(),
                }));
            }
        }
        reply
    }

    fn device_login(
        &self,
        x: &mut Exchange<'_>,
        device_code: &str,
        parameter: &str,
    ) -> Result<&DeviceLogin, Refusal> {
        self.device_logins.get(device_code).ok_or_else(|| {
            x.find(Finding::ParameterWrong(parameter.into()));
            Refusal::InvalidGrant(BadGrant::DeviceCode)
        })
    }

    /// What a poll finds (RFC 8628 §3.5): the grant, or why there is none.
    fn poll(&mut self, x: &mut Exchange<'_>, device_code: &str) -> Result<Grant, Refusal> {
        let Some(login) = self.device_logins.get_mut(device_code) else {
            return Err(Refusal::InvalidGrant(BadGrant::DeviceCode));
        };
        if let Some(spent) = login.spent.clone() {
            x.find(Finding::DeviceCodeReused);
            match spent {
                Spent::Tokens(family) => self.grants.revoke_family(Some(family)),
                Spent::Code(code) => self.grants.revoke_code(&code),
            }
            return Err(Refusal::InvalidGrant(BadGrant::DeviceCode));
        }
        let early_by_ms = login.early_by_ms(x.now_ms);
        login.last_poll_ms = Some(x.now_ms);
        if x.now_ms >= login.expires_ms {
            x.find(Finding::Expired("device_code"));
            return Err(Refusal::ExpiredToken);
        }
        if x.strikes(Fault::Expiry) {
            return Err(Refusal::ExpiredToken);
        }
        if early_by_ms > 0 {
            x.find(Finding::EarlyPoll { early_by_ms });
            return Err(Refusal::SlowDown { interval_s: login.slow_down() });
        }
        if x.strikes(Fault::SlowDown) {
            return Err(Refusal::SlowDown { interval_s: login.slow_down() });
        }
        login.polls += 1;
        let denied = x.strikes(Fault::Denial);
        match login.decided(x.now_ms, &self.config) {
            _ if denied => Err(Refusal::AccessDenied),
            Some(Decision::Approve) => Ok(login.grant.clone()),
            Some(Decision::Deny) => Err(Refusal::AccessDenied),
            Some(Decision::Ignore) | None => Err(Refusal::AuthorizationPending),
        }
    }

    fn spend(&mut self, device_code: &str, spent: Spent) {
        if let Some(login) = self.device_logins.get_mut(device_code) {
            login.spent = Some(spent);
        }
    }

    /// The page where a person enters the `user_code` (RFC 8628 §3.3).
    pub(crate) fn verification(&mut self, x: &mut Exchange<'_>) -> Response {
        if x.request.method == "GET" {
            let user_code = Parameters::of_query(x.request);
            return page::verification(user_code.value("user_code").unwrap_or_default());
        }
        let submitted = Parameters::of_body(x).ok();
        let value = |name| submitted.as_ref().and_then(|own| own.value(name));
        let decision = value("decision").and_then(Decision::of_form);
        match (value("user_code"), decision) {
            (Some(user_code), Some(decision))
                if self.decide_device(x.now_ms, user_code, decision) =>
            {
                page::message(200, "Done", "You can close this page and go back to your terminal.")
            }
            (_, _) => page::message(400, "Not a code we know", "Check the code and try again."),
        }
    }
}
