//! The fields of a provider file: for each its name, the JSON text of its default, which `null`
//! stands for, and where it goes.

use alloc::string::String;
use alloc::vec::Vec;

use super::values::{Blank, Field, inside, object};
use crate::provider::{
    AccountRules, Api, AuthorizationRules, ClientAuthentication, DeviceRules, LoopbackRedirect,
    PageRedirect, Provider, Terms, TokenExchange, TokenRules,
};
use crate::text::{joined, plain};
use crate::wire::json::Object;
use crate::{Endpoint, Map, Scope};

type Row<'f> = (&'static str, &'static str, &'f mut dyn Field);

/// Sets the fields that an object names. One that nobody knows is an error, so that a typo shows.
pub(super) fn set_members(object: &Object<'_>, rows: &mut [Row<'_>]) -> Result<(), String> {
    for (name, raw) in object.members() {
        let Some((_, default, field)) = rows.iter_mut().find(|(known, ..)| known == name) else {
            return Err(joined(&[&plain(name), " is not known here"]));
        };
        let raw = if *raw == "null" { *default } else { *raw };
        field.set(raw).map_err(|why| inside(name, &why))?;
    }
    Ok(())
}

/// There is no default for this one.
pub(super) fn needs(endpoint: &Endpoint, name: &str) -> Result<(), String> {
    if endpoint.is_blank() { Err(joined(&[name, " is missing"])) } else { Ok(()) }
}

/// For what is read before everything else.
struct Read;

impl Field for Read {
    fn set(&mut self, _: &str) -> Result<(), String> {
        Ok(())
    }
}

impl Provider {
    /// One to be filled in.
    pub(crate) fn blank() -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            issuer: None,
            authorization_response_iss_parameter_supported: false,
            ignore_iss: false,
            authorization_endpoint: None,
            token_endpoint: Endpoint::blank(),
            device_authorization_endpoint: None,
            revocation_endpoint: None,
            client_id: None,
            token_endpoint_auth_method: ClientAuthentication::None,
            scope: Scope::default(),
            authorization: AuthorizationRules::default(),
            device: DeviceRules::default(),
            token: TokenRules::default(),
            then: None,
            api: Api::default(),
            terms: Terms::default(),
            evidence: Vec::new(),
        }
    }

    /// Sets what a file says of it; the variables beside it are the caller's.
    pub(super) fn set_members(
        &mut self,
        file: &Object<'_>,
        variables: &mut Map<String>,
    ) -> Result<(), String> {
        set_members(
            file,
            &mut [
                ("preset", "null", &mut Read),
                ("client_secret", "null", &mut Read),
                ("variables", "null", variables),
                ("id", "\"\"", &mut self.id),
                ("name", "\"\"", &mut self.name),
                ("issuer", "null", &mut self.issuer),
                (
                    "authorization_response_iss_parameter_supported",
                    "false",
                    &mut self.authorization_response_iss_parameter_supported,
                ),
                ("ignore_iss", "false", &mut self.ignore_iss),
                ("authorization_endpoint", "null", &mut self.authorization_endpoint),
                ("token_endpoint", "null", &mut self.token_endpoint),
                ("device_authorization_endpoint", "null", &mut self.device_authorization_endpoint),
                ("revocation_endpoint", "null", &mut self.revocation_endpoint),
                ("client_id", "null", &mut self.client_id),
                ("token_endpoint_auth_method", "\"none\"", &mut self.token_endpoint_auth_method),
                ("scope", "\"\"", &mut self.scope),
                ("authorization", "null", &mut self.authorization),
                ("device", "null", &mut self.device),
                ("token", "null", &mut self.token),
                ("then", "null", &mut self.then),
                ("api", "null", &mut self.api),
                ("terms", "null", &mut self.terms),
                ("evidence", "[]", &mut self.evidence),
            ],
        )?;
        if self.id.is_empty() {
            return Err("id is missing".into());
        }
        if self.name.is_empty() {
            self.name.clone_from(&self.id);
        }
        needs(&self.token_endpoint, "token_endpoint")
    }
}

/// The redirect to this machine that stands for none: every field of it at its default.
const LOOPBACK: &str = r#"{"host":null,"ports":null,"any_port":null,"path":null}"#;

/// Tables inside: `null` puts the default in the place of the whole.
macro_rules! tables {
    ($($kind:ty: $blank:expr, $it:ident => [$($row:expr),* $(,)?] $(, $needed:ident)?;)*) => {$(
        impl Field for $kind {
            fn set(&mut self, raw: &str) -> Result<(), String> {
                if raw == "null" {
                    *self = Self::blank();
                    return Ok(());
                }
                let $it = self;
                set_members(&object(raw)?, &mut [$($row),*])?;
                $(needs(&$it.$needed, stringify!($needed))?;)?
                Ok(())
            }
        }

        impl Blank for $kind {
            fn blank() -> Self {
                $blank
            }
        }
    )*};
}

tables! {
    AuthorizationRules: Self::default(), it => [
        ("parameters", "null", &mut it.parameters),
        ("code_verifier_length", "43", &mut it.code_verifier_length),
        ("loopback", LOOPBACK, &mut it.loopback),
        ("page", "null", &mut it.page),
    ];
    LoopbackRedirect: Self::default(), it => [
        ("host", "\"127.0.0.1\"", &mut it.host),
        ("ports", "[]", &mut it.ports),
        ("any_port", "true", &mut it.any_port),
        ("path", "\"/callback\"", &mut it.path),
    ];
    PageRedirect: Self { redirect_uri: Endpoint::blank(), shows_state: true }, it => [
        ("redirect_uri", "null", &mut it.redirect_uri),
        ("shows_state", "true", &mut it.shows_state),
    ], redirect_uri;
    DeviceRules: Self::default(), it => [
        ("dialect", "\"rfc8628\"", &mut it.dialect),
        ("poll_endpoint", "null", &mut it.poll_endpoint),
        ("parameters", "null", &mut it.parameters),
        ("client_authentication", "true", &mut it.client_authentication),
        ("code_challenge", "false", &mut it.code_challenge),
        ("pending_statuses", "[]", &mut it.pending_statuses),
        ("expires_in", "900", &mut it.expires_in),
    ];
    TokenRules: Self::default(), it => [
        ("redeem_encoding", "\"form\"", &mut it.redeem_encoding),
        ("refresh_encoding", "\"form\"", &mut it.refresh_encoding),
        ("revoke_encoding", "\"form\"", &mut it.revoke_encoding),
        ("reuse", "\"never\"", &mut it.reuse),
        ("send_state", "false", &mut it.send_state),
        ("parameters", "null", &mut it.parameters),
        ("expiry", "[\"expires_in\"]", &mut it.expiry),
        ("renew_before", "0", &mut it.renew_before),
        ("error_codes", "null", &mut it.error_codes),
        ("account", "null", &mut it.account),
    ];
    AccountRules: Self::default(), it => [
        ("id", "[]", &mut it.id),
        ("email", "[]", &mut it.email),
        ("plan", "[]", &mut it.plan),
        ("organization", "[]", &mut it.organization),
        ("required", "false", &mut it.required),
    ];
    TokenExchange: Self {
        endpoint: Endpoint::blank(), headers: Map::new(), api_hosts: [].into(),
    }, it => [
        ("endpoint", "null", &mut it.endpoint),
        ("headers", "null", &mut it.headers),
        ("api_hosts", "[]", &mut it.api_hosts),
    ], endpoint;
    Api: Self::default(), it => [
        ("base", "null", &mut it.base),
        ("headers", "null", &mut it.headers),
        ("key_header", "null", &mut it.key_header),
        ("bearer_prefixes", "[]", &mut it.bearer_prefixes),
        ("token_variables", "[]", &mut it.token_variables),
        ("key_variables", "[]", &mut it.key_variables),
    ];
    Terms: Self::default(), it => [
        ("status", "\"unclear\"", &mut it.status),
        ("note", "\"\"", &mut it.note),
        ("source", "\"\"", &mut it.source),
        ("date", "\"\"", &mut it.date),
    ];
}
