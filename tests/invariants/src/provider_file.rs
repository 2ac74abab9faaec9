//! Provider files.

use grantflow_core::{
    BadProviderFile, Client, Configuration, Endpoint, Flow, Machine as _, Prompt, Provider,
    ProviderFile, Redirects, Scope, Secret, Step,
};
use url::Url;

use crate::clients::{DAWN, entropy};
use crate::endpoint::url_gate;

/// The reader of provider files.
pub type ReadProvider = fn(&str) -> Result<ProviderFile, BadProviderFile>;

/// The bytes are a provider file.
///
/// # Panics
/// When an invariant does not hold.
pub fn provider_file(bytes: &[u8], read: ReadProvider) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match read(text) {
        Ok(file) => {
            endpoints_have_passed_the_gate(&file.provider);
            it_reads_back(&file.provider, read);
            logins_are_by_the_rfcs(file);
        }
        Err(why) => {
            let text = why.to_string();
            assert!(!text.contains(|c: char| c.is_control()), "an error can be shown: {text:?}");
        }
    }
}

fn endpoints_have_passed_the_gate(provider: &Provider) {
    let endpoints = [
        provider.authorization_endpoint.as_ref(),
        Some(&provider.token_endpoint),
        provider.device_authorization_endpoint.as_ref(),
        provider.revocation_endpoint.as_ref(),
        provider.device.poll_endpoint.as_ref(),
        provider.then.as_ref().map(|exchange| &exchange.endpoint),
        provider.api.base.as_ref(),
        provider.authorization.page.as_ref().map(|page| &page.redirect_uri),
    ];
    for endpoint in endpoints.into_iter().flatten() {
        let is_safe = Endpoint::parse(endpoint.as_str()).is_ok();
        assert!(is_safe, "every endpoint has passed the gate: {endpoint}");
        url_gate(endpoint.as_str().as_bytes(), |text| Endpoint::parse(text));
    }
}

fn it_reads_back(provider: &Provider, read: ReadProvider) {
    let written = serde_json::to_string(provider).expect("a provider is data");
    let again = read(&written).map(|file| file.provider);
    assert_eq!(again.as_ref(), Ok(provider), "what is written reads back: {written}");
}

fn logins_are_by_the_rfcs(file: ProviderFile) {
    let provider = file.provider;
    let secret = file.configuration.client_secret.clone();
    let configuration = Configuration {
        client_id: Some(provider.client_id.clone().unwrap_or_else(|| "our-client".into())),
        ..file.configuration
    };
    let Ok(client) = Client::new(provider, configuration) else { return };
    if let Some(secret) = secret.filter(|secret| secret.expose().len() > 12) {
        let shown = format!("{client:?}");
        assert!(!shown.contains(secret.expose()), "no secret is shown");
    }
    let redirects = Redirects::loopback(50_123).or_page();
    let flow = Flow::authorization_code(&client, Scope::default(), &redirects, &entropy(6), DAWN);
    if let Some(Prompt::OpenUrl { sign_ins, .. }) = flow.ok().and_then(|flow| flow.prompt()) {
        for sign_in in &sign_ins {
            is_a_request(&sign_in.url);
        }
    }
    if let Ok(mut flow) = Flow::device(&client, Scope::default(), &entropy(7), DAWN)
        && let Step::Send(request) = flow.poll(DAWN)
    {
        let wanted = client.provider().device_authorization_endpoint.as_ref().map(Endpoint::as_str);
        assert_eq!(Some(&*request.url), wanted, "a request goes to its endpoint");
        for header in &request.headers {
            let is_header = http::HeaderName::from_bytes(header.name.as_bytes()).is_ok()
                && http::HeaderValue::from_str(header.value.expose()).is_ok();
            assert!(is_header, "a header is one: {header:?}");
        }
    }
}

/// RFC 6749 §4.1.1 with RFC 7636 §4.3.
fn is_a_request(url: &str) {
    let Ok(parsed) = Url::parse(url) else {
        assert!(url.contains("xn--") || url.contains("XN--"), "it can be opened: {url:?}");
        return;
    };
    let values = |name: &str| {
        let pairs = parsed.query_pairs().filter(|(key, _)| key == name);
        pairs.map(|(_, value)| value.into_owned()).collect::<Vec<_>>()
    };
    for (name, wanted) in [("response_type", "code"), ("code_challenge_method", "S256")] {
        assert_eq!(values(name), [wanted], "a request says it once: {name} in {url}");
    }
    for name in ["client_id", "redirect_uri", "state", "code_challenge"] {
        let found = values(name);
        assert!(
            found.len() == 1 && !found[0].is_empty(),
            "a request says it once: {name} in {url}"
        );
    }
    let state = Secret::new(values("state").swap_remove(0));
    assert_eq!(state.expose().len(), 43, "a state is long enough");
}

/// By the shipped reader.
pub(crate) fn check(bytes: &[u8]) {
    provider_file(bytes, ProviderFile::parse);
}
