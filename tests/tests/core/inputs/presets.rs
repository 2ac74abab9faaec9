//! Presets and provider files: what they say is checked when it is read, and shown to the vendor
//! as the caller's own.

use std::collections::BTreeSet;

use grantflow_core::{
    BadProviderFile, CLAUDE_CODE_BETA, Client, Configuration, Credential, DeviceDialect,
    DeviceRules, Encoding, Header, Misconfigured, NoAccountId, Provider, ProviderFile, Response,
    Reuse, Scope, Secret, Step, TermsStatus, key_header, providers,
};
use grantflow_test_server::Dialect;
use grantflow_tests::covers;
use grantflow_tests::local::{ISSUER, client, configuration, provider};

use super::clients::credential;
use super::{approved, sent, step_after};

use BadProviderFile::{ClientSecret, Field, Json, NotAnObject, Preset};

#[test]
fn every_preset_reads_back_as_it_is_and_says_where_it_comes_from() {
    covers(&["N-21-06", "B-HT-01"]);
    let presets = providers::all();
    for preset in &presets {
        let id = &preset.id;
        let file = format!("{{\"preset\":\"{id}\"}}");
        let read = ProviderFile::parse(&file).unwrap_or_else(|why| panic!("{id}: {why}"));
        assert_eq!(&read.provider, preset, "every address in it is an endpoint");
        let json = serde_json::to_string(preset).unwrap();
        assert!(!json.contains("\"http://"), "{id}: every address of a vendor is https");
        assert_eq!(providers::find(id).as_ref(), Some(preset));
        let terms = &preset.terms;
        assert!(!terms.note.is_empty() && !terms.source.is_empty(), "{id}");
        let date: Vec<&str> = terms.date.split('-').collect();
        let is_number = |part: &&str| part.bytes().all(|b| b.is_ascii_digit());
        assert!(date.len() > 1 && date[0].len() == 4 && date.iter().all(is_number), "{id}");
        let says = |text: &String| text.len() > 20;
        assert!(!preset.evidence.is_empty() && preset.evidence.iter().all(says), "{id}");
        assert!(made(preset.clone()).is_ok(), "{id}: with what it asks for, a client fits");
    }
    let ids: BTreeSet<_> = presets.iter().map(|preset| &preset.id).collect();
    assert_eq!(ids.len(), presets.len(), "no two presets share an id");
    assert_eq!(providers::find("anthropic").unwrap().terms.status, TermsStatus::Restricted);
    assert!(providers::find("Anthropic").is_none() && providers::find("").is_none());
}

#[test]
fn the_variables_that_people_keep_keys_in_are_data_of_the_provider() {
    let variables = |id: &str| {
        let api = providers::api(id).unwrap();
        (api.token_variables.join(" "), api.key_variables.join(" "))
    };
    let anthropic = ("ANTHROPIC_OAUTH_TOKEN ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY");
    assert_eq!(variables("anthropic"), (anthropic.0.into(), anthropic.1.into()));
    assert_eq!(variables("github-copilot"), ("COPILOT_GITHUB_TOKEN".into(), String::new()));
    assert_eq!(variables("openai"), (String::new(), "OPENAI_API_KEY".into()));
    assert_eq!(providers::api("nobody"), None);
    let keys = Secret::from("sk-any");
    let openai = providers::api("openai").unwrap();
    assert_eq!(key_header(&openai, &keys).name, "authorization");
    assert_eq!(openai.base.unwrap().as_str(), "https://api.openai.com/v1");
    let preset = providers::api("xai").unwrap();
    assert_eq!(preset, providers::xai().api, "a preset's own");
}

#[test]
fn a_provider_file_changes_what_it_names_and_leaves_the_rest_of_the_preset() {
    let anthropic = providers::anthropic();
    let read = |file: &str| ProviderFile::parse(file).unwrap().provider;
    let changed = read(
        r#"{"preset":"anthropic","name":"Mine","client_id":"own","scope":"a b",
            "api":{"headers":{"anthropic-version":"2","x-own":"y"}},
            "authorization":{"page":null,"loopback":{"ports":[1,2]}},
            "token":{"redeem_encoding":"form"}}"#,
    );
    assert_eq!((changed.name.as_str(), changed.client_id.as_deref()), ("Mine", Some("own")));
    assert_eq!(changed.scope, Scope::parse("a b"));
    let headers = ["anthropic-beta", "anthropic-version", "x-own"]
        .map(|name| changed.api.headers.get(name).map(String::as_str));
    assert_eq!(headers, [Some("oauth-2025-04-20"), Some("2"), Some("y")], "member by member");
    let loopback = changed.authorization.loopback.unwrap();
    assert_eq!((loopback.ports, loopback.path.as_str()), (vec![1, 2], "/callback"));
    assert_eq!(changed.authorization.page, None, "null takes away");
    let encodings = (changed.token.redeem_encoding, changed.token.refresh_encoding);
    assert_eq!(encodings, (Encoding::Form, Encoding::Json));
    assert_eq!(changed.token_endpoint, anthropic.token_endpoint);

    let without = r#"{"preset":"anthropic","issuer":null,"token":{"parameters":null},
        "api":{"headers":{"anthropic-beta":null}}}"#;
    let without = read(without);
    assert_eq!((without.issuer, without.token.parameters.len()), (None, 0));
    let names: Vec<&str> = without.api.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["anthropic-version"], "null takes one member away");

    let codex = read(r#"{"preset":"openai-codex","device":{"dialect":"rfc8628"}}"#);
    assert_eq!(codex.device.dialect, DeviceDialect::Rfc8628, "a dialect replaces the other");
    assert_eq!(codex.device.poll_endpoint, providers::openai_codex().device.poll_endpoint);
    let removed = read(r#"{"preset":"openai-codex","client_id":null,"device":null}"#);
    assert_eq!((removed.client_id, removed.device), (None, DeviceRules::default()));

    let least = ProviderFile::parse(
        r#"{"id":"own","token_endpoint":"https://issuer.example/token","client_secret":"marker-1",
            "variables":{"editor":"e"}}"#,
    )
    .unwrap();
    assert_eq!(least.provider.name, "own", "the id stands for the name");
    assert!(least.configuration.client_secret.as_ref().is_some_and(|s| s.matches("marker-1")));
    assert_eq!(least.configuration.variables.get("editor").map(String::as_str), Some("e"));
    assert!(!format!("{least:?}").contains("marker"), "and is not printed");
}

#[test]
fn a_provider_file_that_cannot_be_meant_is_refused_as_its_kind_without_its_secret() {
    covers(&["B-HT-01", "S-14"]);
    let least = |more: &str| {
        format!(
            "{{\"id\":\"x\",\"token_endpoint\":\"https://a.example/t\",\"client_secret\":\"marker\"{more}}}"
        )
    };
    let field = || Field(String::new());
    for (name, file, kind) in [
        ("nothing", String::new(), Json(0)),
        ("no JSON", "{\"client_secret\":\"marker\",\n\"id\":}".into(), Json(0)),
        ("more behind", format!("{} x", least("")), Json(0)),
        ("a list", "[{\"client_secret\":\"marker\"}]".into(), NotAnObject),
        ("a text", "\"marker\"".into(), NotAnObject),
        ("null", "null".into(), NotAnObject),
        ("an unknown preset", "{\"preset\":\"acme\"}".into(), Preset(String::new())),
        ("a number for a preset", "{\"preset\":5}".into(), Preset(String::new())),
        ("null for a preset", "{\"preset\":null}".into(), Preset(String::new())),
        ("a number for a secret", "{\"preset\":\"xai\",\"client_secret\":5}".into(), ClientSecret),
        ("an empty secret", "{\"preset\":\"xai\",\"client_secret\":\"\"}".into(), ClientSecret),
        ("a secret in an object", "{\"client_secret\":{\"x\":\"marker\"}}".into(), ClientSecret),
        ("variables that are text", "{\"preset\":\"xai\",\"variables\":\"x\"}".into(), field()),
        ("variables with a number", "{\"preset\":\"xai\",\"variables\":{\"a\":1}}".into(), field()),
        ("no id", "{\"name\":\"x\",\"token_endpoint\":\"https://a.example/t\"}".into(), field()),
        ("no token_endpoint", "{\"id\":\"x\",\"client_secret\":\"marker\"}".into(), field()),
        ("one taken away", "{\"preset\":\"xai\",\"token_endpoint\":null}".into(), field()),
        (
            "one over http",
            "{\"id\":\"x\",\"token_endpoint\":\"http://a.example/\"}".into(),
            field(),
        ),
        (
            "one with a fragment",
            "{\"id\":\"x\",\"token_endpoint\":\"https://a.example/#\"}".into(),
            field(),
        ),
        ("an unknown field", least(",\"token_url\":\"https://a.example/\""), field()),
        ("one further in", least(",\"device\":{\"intervals\":5}"), field()),
        ("one of a redirect", least(",\"authorization\":{\"loopback\":{\"port\":1}}"), field()),
        ("a number for a name", least(",\"name\":5"), field()),
        ("a list for scope", least(",\"scope\":[\"a\"]"), field()),
        ("an unknown encoding", least(",\"token\":{\"redeem_encoding\":\"xml\"}"), field()),
        (
            "an unknown method",
            least(",\"token_endpoint_auth_method\":\"private_key_jwt\""),
            field(),
        ),
        ("an unknown expiry", least(",\"token\":{\"expiry\":[\"soon\"]}"), field()),
        (
            "another host",
            least(",\"authorization\":{\"loopback\":{\"host\":\"0.0.0.0\"}}"),
            field(),
        ),
        (
            "a port beyond all",
            least(",\"authorization\":{\"loopback\":{\"ports\":[65536]}}"),
            field(),
        ),
        ("an unknown dialect", least(",\"device\":{\"dialect\":\"x\"}"), field()),
        (
            "half a dialect, not filled from the preset",
            "{\"preset\":\"openai-codex\",\"device\":{\"dialect\":{\"authorization_code\":{}}}}"
                .into(),
            field(),
        ),
    ] {
        let why = ProviderFile::parse(&file).expect_err(name);
        let same = std::mem::discriminant(&why) == std::mem::discriminant(&kind);
        assert!(same, "{name}: {why:?}");
        assert!(!format!("{why} {why:?}").contains("marker"), "{name}: {why}");
    }
}

#[test]
fn what_a_server_forgives_is_a_word_or_a_time() {
    let read = |reuse: &str| {
        let file = format!("{{\"preset\":\"xai\",\"token\":{{\"reuse\":{reuse}}}}}");
        ProviderFile::parse(&file).map(|read| read.provider.token.reuse)
    };
    for (reuse, meant) in [
        ("\"never\"", Reuse::Never),
        ("\"freely\"", Reuse::Freely),
        ("{\"within\":60}", Reuse::Within(60)),
        ("null", Reuse::Never),
    ] {
        assert_eq!(read(reuse), Ok(meant), "{reuse}");
    }
    for reuse in [
        "\"often\"",
        "60",
        "{}",
        "{\"within\":\"60\"}",
        "{\"within\":4294967296}",
        "{\"within\":60,\"x\":1}",
    ] {
        assert!(matches!(read(reuse), Err(Field(_))), "{reuse}");
    }
}

#[test]
fn a_provider_file_that_is_no_json_is_told_where_it_breaks() {
    for (file, line) in [("", 1), ("{\n\"id\":\n}", 3), ("{\n\n", 3), ("{\"id\":}\n\n", 1)] {
        assert_eq!(ProviderFile::parse(file).unwrap_err(), Json(line), "{file:?}");
    }
}

#[test]
fn anthropic_gets_a_bearer_for_a_login_and_its_own_header_for_any_other_key() {
    let api = providers::anthropic().api;
    for (key, name, value) in [
        ("sk-ant-oat01-x", "authorization", "Bearer sk-ant-oat01-x"),
        ("sk-ant-api03-x", "x-api-key", "sk-ant-api03-x"),
        ("sk-ant-ort01-x", "x-api-key", "sk-ant-ort01-x"),
        ("x-sk-ant-oat01", "x-api-key", "x-sk-ant-oat01"),
        ("SK-ANT-OAT01-x", "x-api-key", "SK-ANT-OAT01-x"),
    ] {
        assert_eq!(shown(&key_header(&api, &Secret::from(key))), (name, value));
    }
    let plain = key_header(&providers::kimi().api, &Secret::from("k"));
    assert_eq!(shown(&plain), ("authorization", "Bearer k"));
    let anthropic = client(Dialect::Anthropic);
    let headers = with_token(&anthropic, "sk-ant-oat01-x").api_headers(&anthropic).unwrap();
    let headers: Vec<_> = headers.iter().map(shown).collect();
    let expected = [
        ("authorization", "Bearer sk-ant-oat01-x"),
        ("anthropic-beta", "oauth-2025-04-20"),
        ("anthropic-version", "2023-06-01"),
    ];
    assert_eq!(headers, expected);
}

#[test]
fn no_preset_poses_as_a_vendors_own_program() {
    for preset in providers::all() {
        let json = serde_json::to_string(&preset).unwrap().to_ascii_lowercase();
        for marker in [CLAUDE_CODE_BETA, "claude-cli", "user-agent", "githubcopilotchat", "vscode"]
        {
            assert!(!json.contains(marker), "{}: {marker}", preset.id);
        }
    }
}

#[test]
fn the_editors_headers_of_copilot_name_the_caller_at_the_exchange_and_at_the_api() {
    let github = client(Dialect::Github);
    let mut flow = approved(&github, "{\"access_token\":\"gho_1\"}");
    let request = sent(&mut flow);
    let names = ["copilot-integration-id", "editor-plugin-version", "editor-version"];
    let assert_named = |headers: &[Header]| {
        let mut found: Vec<_> = headers.iter().map(shown).collect();
        found.retain(|(name, _)| names.contains(name));
        let expected = names.map(|name| (name, "grantflow-tests/0.1"));
        assert_eq!(found, expected);
    };
    assert_named(&request.headers);
    let bearer = request.headers.iter().find(|header| header.name == "authorization").unwrap();
    assert_eq!(bearer.value.expose(), "Bearer gho_1");
    let second = Response::new(200, "{\"token\":\"tid=1\"}");
    let Step::Done(Ok(credential)) = step_after(&mut flow, &request, second) else { panic!() };
    let headers = credential.api_headers(&github).unwrap();
    assert_named(&headers);
    assert_eq!(shown(&headers[0]), ("authorization", "Bearer tid=1"));
}

#[test]
fn an_api_that_wants_the_account_gets_no_headers_without_it() {
    let mut provider = provider(Dialect::Codex, ISSUER);
    provider.token.account.required = false;
    let codex = Client::new(provider, Configuration::default()).unwrap();
    let without = with_token(&codex, "opaque");
    assert_eq!(without.api_headers(&codex).unwrap_err(), NoAccountId);
}

/// A client with everything that any preset asks for.
fn made(preset: Provider) -> Result<Client, Misconfigured> {
    let dialect = if preset.id == "google" { Dialect::Google } else { Dialect::Github };
    Client::new(preset, configuration(dialect))
}

fn with_token(client: &Client, access_token: &str) -> Credential {
    Credential { access_token: Secret::from(access_token), ..credential(client, "\"x\":0") }
}

fn shown(header: &Header) -> (&str, &str) {
    (&header.name, header.value.expose())
}
