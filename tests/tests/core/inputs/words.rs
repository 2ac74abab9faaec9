//! What people and programs read of an ending: each in words of its own, and as the docs say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use grantflow_core::{
    BadEndpoint, BadResponse, Error, ErrorCode, Malformed, Misconfigured, Mistake, NoAccountId,
    Purpose, Rejected, Response, StoreTrouble, TransportError, Trouble,
};
use grantflow_test_server::Dialect;
use grantflow_tests::local::client;

use super::{After, after, redeeming};

#[test]
fn every_error_names_the_remedies_that_the_docs_name_and_the_types_of_the_package_know() {
    let mut remedies: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for error in errors() {
        remedies.entry(error.name()).or_default().insert(error.remedy().name());
    }
    let known: BTreeSet<String> = variants("core/src/error.rs", "Error");
    let named: BTreeSet<String> = remedies.keys().map(|name| (*name).to_owned()).collect();
    assert_eq!(named, known, "there is one of each here");

    let page = read("docs/browser.md");
    let told: BTreeMap<&str, BTreeSet<&str>> = page.lines().filter_map(row).collect();
    let told = told.into_iter().filter(|(name, _)| known.contains(*name)).collect();
    assert_eq!(remedies, told, "docs/browser.md");

    let types = read("wasm/host/types.ts");
    for name in remedies.keys().chain(remedies.values().flatten()) {
        assert!(types.contains(&format!("'{name}'")), "wasm/host/types.ts: {name}");
    }
}

#[test]
fn every_ending_and_every_refusal_has_words_of_its_own_that_fit_into_a_sentence() {
    let texts: Vec<String> = [
        errors().iter().map(ToString::to_string).collect::<Vec<_>>(),
        rejections().iter().map(ToString::to_string).collect(),
        misconfigurations().iter().map(ToString::to_string).collect(),
        vec![NoAccountId.to_string()],
    ]
    .concat();
    let different: BTreeSet<&String> = texts.iter().collect();
    assert_eq!(different.len(), texts.len(), "{texts:#?}");
    for text in &texts {
        let is_sentence = text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.is_ascii()
            && !text.ends_with('.')
            && !text.contains(['\n', '{', '}'])
            && !text.contains("  ");
        assert!(is_sentence && text.len() < 160, "{text}");
    }
    let missing = ["integration_id", "editor_version"].map(str::to_owned).into();
    let missing = Misconfigured::MissingVariables(missing).to_string();
    assert!(missing.ends_with("name you: integration_id, editor_version"), "{missing}");
}

#[test]
fn a_word_for_programs_is_the_name_of_what_it_stands_for() {
    for purpose in PURPOSES {
        assert_eq!(purpose.name(), in_snake_case(&format!("{purpose:?}")));
    }
    for error in [TransportError::NotSent, TransportError::Lost] {
        assert_eq!(error.name(), in_snake_case(&format!("{error:?}")));
    }
    for rejected in rejections() {
        let name = format!("{rejected:?}");
        assert_eq!(rejected.name(), in_snake_case(before_fields(&name)));
    }
    for error in errors() {
        let name = format!("{error:?}");
        assert_eq!(error.name(), in_snake_case(before_fields(&name)));
    }
}

#[test]
fn a_reason_alone_reads_as_it_does_in_a_sentence() {
    let code = error_code("invalid_client");
    let refused = Error::Refused { purpose: None, code: Some(code.clone()), status: None };
    let status = Trouble::Status(503);
    let member = BadResponse::Member("access_token");
    for (alone, whole) in [
        (code.to_string(), refused.to_string()),
        (status.to_string(), Error::Unreachable(status).to_string()),
        (member.to_string(), Error::BadResponse(member).to_string()),
        (StoreTrouble::NoLock.to_string(), Error::Store(StoreTrouble::NoLock).to_string()),
        (Malformed::NoCode.to_string(), Rejected::Malformed(Malformed::NoCode).to_string()),
        (BadEndpoint::Host.to_string(), Misconfigured::Redirect(BadEndpoint::Host).to_string()),
    ] {
        assert!(whole.ends_with(&alone) || whole.contains(&format!("({alone})")), "{whole}");
        assert!(alone.len() > 4 && alone.len() < whole.len(), "{alone}");
    }
}

/// At least one of each; all of those that read differently.
fn errors() -> Vec<Error> {
    let refused = |purpose, code: Option<&str>, status| {
        let code = code.map(error_code);
        Error::Refused { purpose, code, status }
    };
    let interrupted = |is_last| Error::Interrupted { at: 0, by: "host:1".into(), is_last };
    let bad = |why| Error::BadResponse(why);
    let mut errors = vec![
        Error::Denied,
        Error::Expired { slow_downs: 1 },
        Error::Expired { slow_downs: 2 },
        Error::InvalidGrant,
        refused(None, None, None),
        refused(None, Some("server_error"), None),
        refused(Some(Purpose::ExchangeToken), None, Some(403)),
        Error::DeviceLoginUnavailable,
        bad(BadResponse::NotAnObject),
        bad(BadResponse::RepeatedMember),
        bad(BadResponse::Member("access_token")),
        bad(BadResponse::TokenType),
        bad(BadResponse::Error),
        Error::OutcomeUnknown,
        Error::NoAccountId,
        Error::SignedOut,
        Error::AccountMismatch,
        Error::ForeignCredential,
        Error::NotRenewable,
        Error::Borrowed,
        Error::Busy,
        interrupted(false),
        interrupted(true),
        Error::Superseded,
        Error::Contested,
        Error::Cancelled,
    ];
    let troubles = [Trouble::NotSent, Trouble::Lost, Trouble::Status(503), Trouble::Unreadable];
    errors.extend(troubles.map(Error::Unreachable));
    let refused = |purpose| refused(Some(purpose), Some("invalid_client"), Some(400));
    errors.extend(PURPOSES.map(refused));
    let troubles = [
        StoreTrouble::Unreadable,
        StoreTrouble::NotWritable,
        StoreTrouble::NoLock,
        StoreTrouble::Newer,
    ];
    errors.extend(troubles.map(Error::Store));
    errors
}

const PURPOSES: [Purpose; 6] = [
    Purpose::RedeemCode,
    Purpose::RequestDeviceCode,
    Purpose::PollDevice,
    Purpose::ExchangeToken,
    Purpose::Refresh,
    Purpose::Revoke,
];

fn rejections() -> Vec<Rejected> {
    use Mistake::{AuthorizationUrl, BareCode, Email, Json, Key, Nothing, Other};
    let mut rejections = vec![
        Rejected::Stale,
        Rejected::NotExpected,
        Rejected::StateMismatch,
        Rejected::IssuerMismatch,
    ];
    let malformed = [
        Malformed::TooLarge,
        Malformed::Characters,
        Malformed::Repeated,
        Malformed::ImplicitGrant,
        Malformed::WrongAddress,
        Malformed::NoCode,
        Malformed::CodeAndError,
    ];
    rejections.extend(malformed.map(Rejected::Malformed));
    let mistakes = [Nothing, AuthorizationUrl, Key, Email, Json, BareCode, Other];
    rejections.extend(mistakes.map(|it| Rejected::Malformed(Malformed::Pasted(it))));
    rejections
}

fn misconfigurations() -> Vec<Misconfigured> {
    let mut all = vec![
        Misconfigured::NoClientId,
        Misconfigured::NoClientSecret,
        Misconfigured::UnexpectedClientSecret,
        Misconfigured::MissingVariables(["editor".to_owned()].into()),
        Misconfigured::ReservedParameter("state".into()),
        Misconfigured::CodeVerifierLength,
        Misconfigured::RedirectPath,
        Misconfigured::Header("x-own".into()),
        Misconfigured::NoAuthorizationEndpoint,
        Misconfigured::NoDeviceAuthorizationEndpoint,
        Misconfigured::NoRedirect,
        Misconfigured::NoState,
    ];
    let endpoints = [
        BadEndpoint::Insecure,
        BadEndpoint::UserInformation,
        BadEndpoint::Fragment,
        BadEndpoint::Characters,
        BadEndpoint::Host,
    ];
    all.extend(endpoints.map(Misconfigured::Redirect));
    all
}

/// As a server says it; there is no other way to one.
fn error_code(word: &str) -> ErrorCode {
    let (mut flow, request) = redeeming(&client(Dialect::Standard));
    let answer = Response::new(400, format!(r#"{{"error":"{word}"}}"#));
    let After::Failed(Error::Refused { code: Some(code), .. }) = after(&mut flow, &request, answer)
    else {
        panic!("{word} is no error code")
    };
    code
}

/// The kinds of an enum in a source file, in the manner of the words for programs.
fn variants(file: &str, name: &str) -> BTreeSet<String> {
    let source = read(file);
    let (_, rest) = source.split_once(&format!("pub enum {name} {{\n")).expect("the enum");
    let (body, _) = rest.split_once("\n}\n").expect("its end");
    let names = body.lines().filter_map(|line| line.strip_prefix("    "));
    let names = names.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    names.map(|line| in_snake_case(before_fields(line))).collect()
}

/// What a row of three cells says: a name, and the words of its last cell.
fn row(line: &str) -> Option<(&str, BTreeSet<&str>)> {
    let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
    let (_, remedies) = rest.strip_suffix(" |")?.split_once(" | ")?;
    let remedies = remedies.split(", ").map(|remedy| remedy.trim_matches('`'));
    Some((name, remedies.collect()))
}

fn before_fields(variant: &str) -> &str {
    let end = variant.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(variant.len());
    &variant[..end]
}

fn in_snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).expect(path)
}
