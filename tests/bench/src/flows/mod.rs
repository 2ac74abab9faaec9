//! A login in a browser, a login on a device and a renewal, from the first byte to the token in
//! hand. There is no network: the answers are canned, and each is handed over as that library wants
//! it. Clients are made once and used for every login.

pub mod by_hand;
pub mod by_huskarl;
pub mod by_io_oauth;
pub mod by_oauth2;
pub mod by_us;

/// Someone who can do all three. Each tells whether it came to the right token.
pub trait Logins {
    /// The authorization URL, the redirect, the exchange of the code, its answer read.
    fn browser(&self) -> bool;
    /// The codes, then three polls: pending, `slow_down`, tokens. Nothing waits.
    fn device(&self) -> bool;
    /// New tokens for a refresh token.
    fn refresh(&self) -> bool;
}

/// Everyone, ours first and the floor last.
pub fn all() -> Vec<(&'static str, Box<dyn Logins>)> {
    vec![
        ("grantflow", Box::new(by_us::Us::default())),
        ("oauth2", Box::new(by_oauth2::OAuth2::default())),
        ("huskarl", Box::new(by_huskarl::Huskarl::default())),
        ("io-oauth", Box::new(by_io_oauth::IoOAuth::default())),
        ("by hand", Box::new(by_hand::Hand)),
    ]
}

/// Where the authorization server is.
pub const AUTHORIZATION_ENDPOINT: &str = "https://login.example.com/oauth/authorize";
/// Where codes become tokens.
pub const TOKEN_ENDPOINT: &str = "https://login.example.com/oauth/token";
/// Where a device login begins.
pub const DEVICE_ENDPOINT: &str = "https://login.example.com/oauth/device";
/// Who asks.
pub const CLIENT_ID: &str = "9d1c250a-e61b-44d9-88ed-5944d1962f5e";
/// Where the browser comes back to.
pub const REDIRECT_URI: &str = "http://127.0.0.1:50123/callback";
/// For what.
pub const SCOPE: [&str; 3] = ["user:profile", "user:inference", "offline_access"];
/// What was to be renewed.
pub const REFRESH_TOKEN: &str = "rt-01-8Xh2mQe9Lw4Tz7Vb1Nc6Rj3Kd5Fg0Ps-the-old-one";

/// What everybody has to end with.
pub const ACCESS_TOKEN: &str = "at-eyJhbGciOiJFUzI1NiIsImtpZCI6IjAxIn0.eyJpc3MiOiJodHRwczovL2xvZ2\
    luLmV4YW1wbGUuY29tIiwic3ViIjoiM2IxZjBjMmUtNmE1Ny00ZDBiLTljMWQtMGY2ZjJhN2Y5ZTExIiwiYXVkIjoiYXBp\
    In0.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmUtc2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmUt";

/// A token reply (RFC 6749 §5.1).
pub const TOKENS: &str = concat!(
    r#"{"access_token":"at-eyJhbGciOiJFUzI1NiIsImtpZCI6IjAxIn0.eyJpc3MiOiJodHRwczovL2xvZ2"#,
    "luLmV4YW1wbGUuY29tIiwic3ViIjoiM2IxZjBjMmUtNmE1Ny00ZDBiLTljMWQtMGY2ZjJhN2Y5ZTExIiwiYXVkIjoiYXBp",
    "In0.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmUtc2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmUt",
    r#"","token_type":"bearer","expires_in":3600,"#,
    r#""refresh_token":"rt-02-Qm7Yk4Xv9Wn2Hs5Jt8Bd1Lf6Cg3Pr0Za-the-new-one","#,
    r#""scope":"user:profile user:inference offline_access"}"#
);

/// A device authorization reply (RFC 8628 §3.2).
pub const CODES: &str = r#"{"device_code":"GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS","user_code":"WDJB-MJHT","verification_uri":"https://login.example.com/device","verification_uri_complete":"https://login.example.com/device?user_code=WDJB-MJHT","expires_in":900,"interval":5}"#;

/// What the device login hears, in order.
pub const DEVICE_ANSWERS: [(u16, &str); 4] = [
    (200, CODES),
    (400, r#"{"error":"authorization_pending"}"#),
    (400, r#"{"error":"slow_down"}"#),
    (200, TOKENS),
];

/// What a browser brings back from this authorization URL, the same way for everyone.
pub fn redirected(authorization_url: &str) -> String {
    let (_, state) = authorization_url.split_once("&state=").unwrap();
    let state = state.split_once('&').map_or(state, |(state, _)| state);
    [REDIRECT_URI, "?code=SplxlOBeZQQYbYS6WxSbIA-8Xh2mQe9Lw4Tz7&state=", state].concat()
}
