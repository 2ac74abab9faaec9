//! The revocation endpoint (RFC 7009).

use serde_json::Map;

use crate::{
    Response, Server, exchange::Exchange, parameters::Parameters, refusal::Refusal, rule::Call,
};

impl Server {
    pub(crate) fn revocation(&mut self, x: &mut Exchange<'_>) -> Response {
        let reply = self.revoked(x).map(|()| Map::new());
        self.program_response(x, reply)
    }

    /// A token that is not known is as good as revoked (RFC 7009 §2.2).
    fn revoked(&mut self, x: &mut Exchange<'_>) -> Result<(), Refusal> {
        let parameters = Parameters::of_body(x)?;
        let rule = self.config.dialect.rule(Call::Revocation, false);
        parameters.check(x, &rule, &self.config.extra_parameters)?;
        if rule.authenticates {
            self.authenticate(x, &parameters)?;
        }
        self.grants.revoke(parameters.value("token").unwrap_or_default());
        Ok(())
    }
}
