//! Who asks whom, and when: the presets as they are, and a provider by the book.

use grantflow_core::{
    Client, Configuration, Entropy, Now, Provider, ProviderFile, Secret, providers,
};

/// The moment at which everything begins.
pub(crate) const DAWN: Now = Now { wall: 1_780_000_000_000, mono: 5_000_000 };

/// How a provider differs from the RFCs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Not at all, and it announces `iss`.
    Standard,
    /// Shows `code#state` on a page of its own.
    Anthropic,
    /// Lets device logins end in an authorization code.
    Codex,
    /// Answers with 200 whatever happens, and has a second token.
    Github,
    /// Has a client secret.
    Google,
}

impl Dialect {
    pub(crate) const ALL: [Self; 5] =
        [Self::Standard, Self::Anthropic, Self::Codex, Self::Github, Self::Google];

    /// The one that a byte stands for.
    pub(crate) fn chosen(by: u8) -> Self {
        Self::ALL[usize::from(by) % Self::ALL.len()]
    }

    fn provider(self) -> Provider {
        match self {
            Self::Standard => {
                ProviderFile::parse(BY_THE_BOOK).expect("a provider file of our own").provider
            }
            Self::Anthropic => providers::anthropic(),
            Self::Codex => providers::openai_codex(),
            Self::Github => providers::github_copilot(),
            Self::Google => providers::google(),
        }
    }
}

/// A client of the dialect's provider.
///
/// # Panics
/// When a preset does not fit its own configuration.
pub fn client(dialect: Dialect) -> Client {
    let google = dialect == Dialect::Google;
    let variables = ["editor_version", "plugin_version", "integration_id"];
    let configuration = Configuration {
        client_id: google.then(|| "our-client.apps.example".to_owned()),
        client_secret: google.then(|| Secret::from("our_client_secret_1")),
        variables: variables.map(|name| (name.to_owned(), "grantflow-tests/0.1".to_owned())).into(),
        patience: None,
    };
    Client::new(dialect.provider(), configuration).expect("a preset")
}

/// Entropy that tells its draws apart.
pub(crate) fn entropy(seed: u8) -> Entropy {
    let mut bytes = [0; 128];
    for (index, byte) in (0..).zip(bytes.iter_mut()) {
        *byte = seed.wrapping_mul(31).wrapping_add(index);
    }
    Entropy::new(bytes)
}

const BY_THE_BOOK: &str = r#"{
    "id": "standard", "name": "By the book", "client_id": "our-client",
    "issuer": "https://issuer.example", "authorization_response_iss_parameter_supported": true,
    "authorization_endpoint": "https://issuer.example/authorize",
    "token_endpoint": "https://issuer.example/token",
    "device_authorization_endpoint": "https://issuer.example/device_authorization",
    "revocation_endpoint": "https://issuer.example/revoke",
    "scope": "openid offline_access"
}"#;
