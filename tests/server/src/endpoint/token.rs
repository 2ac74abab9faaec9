//! The token endpoint (RFC 6749 §3.2).

use serde_json::{Map, Value, json};

use crate::{
    Dialect, Fault, Finding, GrantType, Response, Server,
    exchange::Exchange,
    grants::{Family, Redemption, Renewal},
    parameters::Parameters,
    refusal::{BadGrant, Refusal, github_reply},
    rule::Call,
    strike,
};

/// RFC 8628 §3.4.
pub(crate) const DEVICE_CODE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

impl Server {
    pub(crate) fn token(&mut self, x: &mut Exchange<'_>) -> Response {
        let reply = self.granted(x);
        self.program_response(x, reply)
    }

    /// The response to a program: the members of a reply, or an error.
    pub(crate) fn program_response(
        &self,
        x: &mut Exchange<'_>,
        reply: Result<Map<String, Value>, Refusal>,
    ) -> Response {
        let mut reply = match reply {
            Ok(reply) => reply,
            Err(refusal) => return refusal.response(self.config.dialect, x),
        };
        strike::spoil(x, &mut reply);
        let response = match self.config.dialect {
            Dialect::Github => github_reply(x, 200, &Value::Object(reply)),
            Dialect::Standard | Dialect::Anthropic | Dialect::Codex | Dialect::Google => {
                Response::json(200, &Value::Object(reply))
            }
        };
        response.with("cache-control", "no-store")
    }

    fn granted(&mut self, x: &mut Exchange<'_>) -> Result<Map<String, Value>, Refusal> {
        let parameters = Parameters::of_body(x)?;
        self.check_user_agent(x)?;
        let (grant_type, call) = self.requested_grant(x, &parameters)?;
        x.grant_type = Some(grant_type);
        let rule = self.config.dialect.rule(call, self.config.device_pkce);
        parameters.check(x, &rule, &self.config.extra_parameters)?;
        let client_id = self.authenticate(x, &parameters)?;
        match grant_type {
            GrantType::AuthorizationCode => self.redeem_code(x, &parameters, &client_id),
            GrantType::RefreshToken => self.renew(x, &parameters, &client_id),
            GrantType::DeviceCode => self.redeem_device_code(x, &parameters, &client_id),
        }
    }

    /// Anthropic turns its own tool's and browsers' names away for good.
    fn check_user_agent(&self, x: &mut Exchange<'_>) -> Result<(), Refusal> {
        let user_agent = x.request.header("user-agent").unwrap_or_default();
        let banned = user_agent.starts_with("claude-code/") || user_agent.starts_with("Mozilla");
        if self.config.dialect == Dialect::Anthropic && banned {
            x.find(Finding::WrongHeader("user-agent"));
            return Err(Refusal::RateLimited);
        }
        Ok(())
    }

    fn requested_grant(
        &self,
        x: &mut Exchange<'_>,
        parameters: &Parameters,
    ) -> Result<(GrantType, Call), Refusal> {
        let requested = match parameters.value("grant_type") {
            Some("authorization_code") => (GrantType::AuthorizationCode, Call::CodeExchange),
            Some("refresh_token") => (GrantType::RefreshToken, Call::Renewal),
            Some(DEVICE_CODE_GRANT) => (GrantType::DeviceCode, Call::DevicePoll),
            Some(_) => {
                x.find(Finding::ParameterWrong("grant_type".into()));
                return Err(Refusal::UnsupportedGrantType);
            }
            None => {
                x.find(Finding::ParameterMissing("grant_type".into()));
                return Err(Refusal::InvalidRequest);
            }
        };
        if self.config.dialect.grants().contains(&requested.0) {
            return Ok(requested);
        }
        x.find(Finding::ParameterWrong("grant_type".into()));
        Err(Refusal::UnsupportedGrantType)
    }

    fn redeem_code(
        &mut self,
        x: &mut Exchange<'_>,
        parameters: &Parameters,
        client_id: &str,
    ) -> Result<Map<String, Value>, Refusal> {
        if x.strikes(Fault::Expiry) {
            return Err(Refusal::InvalidGrant(BadGrant::Code));
        }
        let value = |name| parameters.value(name).unwrap_or_default();
        let presented = Redemption {
            code: value("code"),
            client_id,
            redirect_uri: value("redirect_uri"),
            code_verifier: value("code_verifier"),
            state: parameters.value("state"),
        };
        let family = self.grants.redeem(x, &presented)?;
        Ok(self.first_tokens(x, family))
    }

    fn renew(
        &mut self,
        x: &mut Exchange<'_>,
        parameters: &Parameters,
        client_id: &str,
    ) -> Result<Map<String, Value>, Refusal> {
        if x.strikes(Fault::Expiry) {
            return Err(Refusal::InvalidGrant(BadGrant::RefreshTokenExpired));
        }
        let value = |name| parameters.value(name).unwrap_or_default();
        let presented = Renewal {
            refresh_token: value("refresh_token"),
            client_id,
            scope: value("scope"),
            prefix: self.config.dialect.refresh_token_prefix(),
        };
        let rotation = self.config.rotation;
        let (family, refresh_token) = self.grants.renew(x, &mut self.mint, rotation, &presented)?;
        Ok(self.tokens(x, family, refresh_token))
    }

    /// The reply that ends a login.
    pub(crate) fn first_tokens(
        &mut self,
        x: &mut Exchange<'_>,
        family: Family,
    ) -> Map<String, Value> {
        let dialect = self.config.dialect;
        let offline = self.grants.grant(family).is_some_and(|grant| grant.offline);
        let refresh_token = (offline && dialect != Dialect::Github).then(|| {
            let token = self.mint.token(dialect.refresh_token_prefix());
            self.grants.add_refresh_token(family, &token);
            token
        });
        let mut reply = self.tokens(x, family, refresh_token);
        if dialect == Dialect::Anthropic {
            let account = &self.config.account;
            reply.extend(members(json!({
                "account": { "uuid": account.id, "email_address": account.email },
                "organization": { "uuid": "0f1e2d3c-4b5a-4697-8879-6a5b4c3d2e1f", "name": "Test" },
            })));
        }
        reply
    }

    /// The reply of RFC 6749 §5.1, with what the dialect adds or leaves out.
    fn tokens(
        &mut self,
        x: &mut Exchange<'_>,
        family: Family,
        refresh_token: Option<String>,
    ) -> Map<String, Value> {
        let dialect = self.config.dialect;
        let scope = self.grants.grant(family).map(|grant| grant.scope.clone()).unwrap_or_default();
        let access_token = match dialect {
            Dialect::Standard => self.mint.token(""),
            Dialect::Anthropic => self.mint.token("sk-ant-oat01-"),
            Dialect::Codex => self.openai_jwt(x, "https://api.openai.com/v1"),
            Dialect::Github => self.mint.token("ghu_"),
            Dialect::Google => self.mint.token("ya29."),
        };
        self.grants.add_access_token(family, &access_token);
        let mut reply = members(json!({
            "access_token": access_token, "token_type": "Bearer", "scope": scope,
            "expires_in": self.config.access_token_life_s,
        }));
        if let Some(refresh_token) = refresh_token {
            reply.insert("refresh_token".into(), refresh_token.into());
        }
        match dialect {
            Dialect::Standard | Dialect::Anthropic => {}
            Dialect::Codex => {
                let client_id = self.grants.grant(family).map(|grant| grant.client_id.clone());
                let id_token = self.openai_jwt(x, &client_id.unwrap_or_default());
                reply.insert("id_token".into(), id_token.into());
            }
            Dialect::Github => {
                reply.remove("expires_in");
                reply.insert("token_type".into(), "bearer".into());
            }
            Dialect::Google => {
                let id_token = self.google_jwt(x);
                reply.insert("id_token".into(), id_token.into());
            }
        }
        reply
    }

    fn openai_jwt(&mut self, x: &mut Exchange<'_>, audience: &str) -> String {
        let issued_at = x.wall_ms() / 1000;
        let account = &self.config.account;
        self.mint.jwt(&json!({
            "iss": self.config.issuer, "aud": [audience], "sub": "auth0|test",
            "iat": issued_at, "exp": issued_at.saturating_add(self.config.access_token_life_s),
            "email": account.email,
            "https://api.openai.com/auth": {
                "chatgpt_account_id": account.id, "chatgpt_plan_type": account.plan,
                "chatgpt_user_id": "user-test", "user_id": "user-test",
            },
            "https://api.openai.com/profile": { "email": account.email },
        }))
    }

    fn google_jwt(&mut self, x: &mut Exchange<'_>) -> String {
        let issued_at = x.wall_ms() / 1000;
        let account = &self.config.account;
        self.mint.jwt(&json!({
            "iss": self.config.issuer, "sub": account.id, "email": account.email,
            "iat": issued_at, "exp": issued_at.saturating_add(self.config.access_token_life_s),
        }))
    }
}

impl Dialect {
    pub(crate) fn grants(self) -> &'static [GrantType] {
        use GrantType::{AuthorizationCode, DeviceCode, RefreshToken};
        match self {
            Self::Standard | Self::Google => &[AuthorizationCode, RefreshToken, DeviceCode],
            Self::Anthropic | Self::Codex => &[AuthorizationCode, RefreshToken],
            Self::Github => &[DeviceCode],
        }
    }

    fn refresh_token_prefix(self) -> &'static str {
        match self {
            Self::Anthropic => "sk-ant-ort01-",
            Self::Google => "1//",
            Self::Standard | Self::Codex | Self::Github => "",
        }
    }
}

/// The members of a JSON object.
pub(crate) fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}
