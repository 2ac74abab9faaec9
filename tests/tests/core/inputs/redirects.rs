//! What a browser brings back: nothing but this login's own answer moves the login, and whatever
//! was refused before it, that answer still works (RFC 6749 §4.1.2, §10.12).

use grantflow_core::{
    Client, Error, ErrorCode, Flow, Machine, Malformed, Redirect, Rejected, Remedy, Step,
};
use grantflow_test_server::Dialect;
use grantflow_tests::covers;
use grantflow_tests::local::{browser_login, client};
use grantflow_tests::world::{DAWN, callback};

use super::{WayBack, field, sent, way_back};

use Malformed::{
    Characters, CodeAndError, ImplicitGrant, NoCode, Repeated, TooLarge, WrongAddress,
};
use Rejected::StateMismatch;
use Remedy::{FixConfiguration, RetryLater};

#[test]
fn a_state_that_is_not_exactly_ours_leaves_the_login_waiting() {
    covers(&["N-6749-06", "B-CB-09", "B-CB-11", "B-CB-14", "B-CB-15", "B-CB-16", "C-07"]);
    let way = standard_way();
    let state = way.state.as_str();
    let other = if state.ends_with('A') { 'B' } else { 'A' };
    let flipped: String = state
        .chars()
        .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c })
        .collect();
    let one_off = format!("{}{other}", &state[..state.len() - 1]);
    let refused = |name, text: String| (name, text, StateMismatch);
    let with = |state: &str| format!("{{uri}}?code=c&state={state}&iss={{iss}}");
    assert_refused(&[
        refused("none", "{uri}?code=c&iss={iss}".into()),
        refused("an empty one", with("")),
        refused("a prefix", with(&state[..42])),
        refused("the first character", with(&state[..1])),
        refused("a longer one", with(&format!("{state}A"))),
        refused("twice in one", with(&format!("{state}{state}"))),
        refused("one place differs", with(&one_off)),
        refused("another case", with(&flipped)),
        refused("a space before it", with(&format!("+{state}"))),
        refused("NUL behind it", with(&format!("{state}%00"))),
        refused("a line break behind it", with(&format!("{state}%0d%0a"))),
        refused("an escape sequence behind it", with(&format!("{state}%1b[2J"))),
        refused("bytes that are no UTF-8 behind it", with(&format!("{state}%ff%fe"))),
        refused("half a percent escape behind it", with(&format!("{state}%2"))),
        refused("encoded twice", with(&format!("%25{:02X}{}", state.as_bytes()[0], &state[1..]))),
        refused("an error without one", "{uri}?error=access_denied&iss={iss}".into()),
        refused("an error with a wrong one", "{uri}?error=access_denied&state=x&iss={iss}".into()),
        refused("a wrong iss as well", "{uri}?code=c&state=x&iss=https://evil.example".into()),
        refused("a hostile code as well", "{uri}?code=%1b[2J&state=x&iss={iss}".into()),
        refused("a code and an error as well", "{uri}?code=c&error=e&state=x&iss={iss}".into()),
        refused("another address as well", "https://evil.example/?code=c&state=x".into()),
    ]);
}

#[test]
fn a_state_that_decodes_to_ours_is_ours() {
    covers(&["B-CB-09", "N-6749-02"]);
    let mut flow = standard_flow();
    let way = way_back(&flow, 0);
    let encoded: Vec<_> = way.state.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let encoded = encoded.concat();
    let back = format!("{}?x=1&state={encoded}&&=&y&code=c&iss={}", way.redirect_uri, way.iss);
    assert_eq!(callback(&mut flow, DAWN, &back), Ok(()));
}

#[test]
fn a_redirect_with_the_right_state_is_refused_whole_for_anything_else_in_it() {
    covers(&["N-6749-03", "B-CB-06", "B-CB-07", "B-CB-08", "B-CB-12", "B-CB-18", "B-CB-19"]);
    let malformed = |name, text: &str, why| (name, text.to_owned(), Rejected::Malformed(why));
    let ok = "state={state}&iss={iss}";
    let with = |rest: &str| format!("{{uri}}?{rest}&{ok}");
    assert_refused(&[
        malformed("two codes", &with("code=c&code=d"), Repeated),
        malformed("the same code twice", &with("code=c&code=c"), Repeated),
        malformed("an empty code and a code", &with("code=&code=c"), Repeated),
        malformed("the state twice", &with("code=c&state={state}"), Repeated),
        malformed("two states, ours last", &with("code=c&state=x"), Repeated),
        malformed("the iss twice", &with("code=c&iss={iss}"), Repeated),
        malformed("two errors", &with("error=access_denied&error=x"), Repeated),
        malformed("a second name in escapes", &with("code=c&%63ode=d"), Repeated),
        malformed("a code in both parts", &format!("{{uri}}?code=c&{ok}#code=c"), Repeated),
        malformed("the state in both parts", &format!("{{uri}}?code=c&{ok}#state=x"), Repeated),
        malformed("a code in the fragment", &format!("{{uri}}?{ok}#code=c"), WrongAddress),
        malformed("an error in the fragment", &format!("{{uri}}?{ok}#error=e"), WrongAddress),
        malformed("a capital Code", &with("Code=c"), NoCode),
        malformed("an empty code", &with("code="), NoCode),
        malformed("a code without a sign", &with("code"), NoCode),
        malformed("an empty error", &with("error="), NoCode),
        malformed("neither code nor error", &with("x=y"), NoCode),
        malformed("a code and an error", &with("code=c&error=access_denied"), CodeAndError),
        malformed(
            "a token in the fragment",
            &format!("{{uri}}?{ok}#access_token=t"),
            ImplicitGrant,
        ),
        malformed("a token in the query", &with("access_token=t"), ImplicitGrant),
        malformed("a token beside a code", &with("code=c&id_token=t"), ImplicitGrant),
        ("a capital STATE", "{uri}?code=c&STATE={state}&iss={iss}".to_owned(), StateMismatch),
        ("semicolons", "{uri}?code=c;state={state};iss={iss}".to_owned(), StateMismatch),
    ]);
}

#[test]
fn a_code_has_only_the_characters_that_codes_have() {
    covers(&["B-CB-14", "B-CB-15", "B-CB-16", "B-CB-17", "N-6749-08", "N-6749-22"]);
    let malformed = |name, code: &str| {
        let text = format!("{{uri}}?code={code}&state={{state}}&iss={{iss}}");
        (name, text, Rejected::Malformed(Characters))
    };
    assert_refused(&[
        malformed("NUL", "c%00"),
        malformed("a line break", "c%0d%0aset-cookie:x"),
        malformed("an escape sequence", "c%1b[2J"),
        malformed("DEL", "c%7f"),
        malformed("bytes that are no UTF-8", "%ff%fe"),
        malformed("an overlong slash", "%c0%af"),
        malformed("U+FFFD as such", "%EF%BF%BD"),
        malformed("a letter outside ASCII", "c%C3%A9"),
        malformed("the same unescaped", "cé"),
        malformed("a raw line break", "c\n"),
    ]);
    let long = "x".repeat(15_000);
    for (name, written, read) in [
        ("a plus is a space", "a+b", "a b"),
        ("slash and equals sign", "4/0Ab=c==", "4/0Ab=c=="),
        ("an escaped plus", "a%2Bb%2fc%3D", "a+b/c="),
        ("a broken escape", "%zz%2", "%zz%2"),
        ("a lone percent sign", "100%", "100%"),
        ("fifteen thousand characters", &long, &long),
    ] {
        let mut flow = standard_flow();
        let back = way_back(&flow, 0).with(&format!("code={written}"));
        assert_eq!(callback(&mut flow, DAWN, &back), Ok(()), "{name}");
        let body = sent(&mut flow).body;
        assert_eq!(field(body.expose(), "code").as_deref(), Some(read), "{name}");
    }
}

#[test]
fn a_redirect_to_another_address_than_asked_for_is_refused() {
    covers(&["B-CB-02", "B-CB-20", "B-CB-21", "B-CB-22", "B-CB-23", "C-43"]);
    let query = "?code=c&state={state}&iss={iss}";
    let addresses = [
        ("another host", "http://evil.example/callback"),
        ("another port", "http://127.0.0.1:50124/callback"),
        ("no port", "http://127.0.0.1/callback"),
        ("another scheme", "https://127.0.0.1:50123/callback"),
        ("a scheme in capitals", "HTTP://127.0.0.1:50123/callback"),
        ("no scheme", "127.0.0.1:50123/callback"),
        ("another path", "http://127.0.0.1:50123/other"),
        ("a longer path", "http://127.0.0.1:50123/callback/"),
        ("a path in capitals", "http://127.0.0.1:50123/Callback"),
        ("dots in the path", "http://127.0.0.1:50123/x/../callback"),
        ("two slashes", "http://127.0.0.1:50123//callback"),
        ("an escape in the path", "http://127.0.0.1:50123/%63allback"),
        ("ours as a user", "http://127.0.0.1:50123@evil.example/callback"),
        ("a user before ours", "http://x@127.0.0.1:50123/callback"),
        ("the name for the address", "http://localhost:50123/callback"),
        ("the name with a dot", "http://localhost.:50123/callback"),
        ("the address in short", "http://127.1:50123/callback"),
        ("the address in hexadecimal", "http://0x7f000001:50123/callback"),
        ("the address as one number", "http://2130706433:50123/callback"),
        ("the address in IPv6", "http://[::ffff:127.0.0.1]:50123/callback"),
        ("a name that begins alike", "http://127.0.0.1.nip.io:50123/callback"),
        ("full-width digits", "http://１２７.0.0.1:50123/callback"),
        ("punycode", "http://xn--127-0-0-1:50123/callback"),
        ("backslashes", "http:\\\\127.0.0.1:50123\\callback"),
        ("one slash", "http:/127.0.0.1:50123/callback"),
        ("no slash", "http:127.0.0.1:50123/callback"),
        ("three slashes", "http:///127.0.0.1:50123/callback"),
        ("a tab in the scheme", "ht\ttp://127.0.0.1:50123/callback"),
        ("a line break in the host", "http://127.0.\n0.1:50123/callback"),
        ("a space in front", " http://127.0.0.1:50123/callback"),
        ("brackets around", "<http://127.0.0.1:50123/callback"),
        ("another path alone", "/other"),
        ("no path alone", "/"),
        ("two slashes alone", "//127.0.0.1:50123/callback"),
        ("nothing", ""),
    ];
    let rows = addresses.map(|(name, address)| {
        (name, format!("{address}{query}"), Rejected::Malformed(WrongAddress))
    });
    assert_refused(&rows);
    for (name, good) in [("the path alone", "/callback"), ("the whole address", "{uri}")] {
        let mut flow = standard_flow();
        let back = way_back(&flow, 0).fill(&format!("{good}{query}"));
        assert_eq!(callback(&mut flow, DAWN, &back), Ok(()), "{name}");
    }
}

#[test]
fn oversized_redirects_are_refused_at_the_cap_and_not_below_it() {
    covers(&["B-CB-25", "B-CB-13"]);
    let padded = |length: usize| {
        let base = standard_way().with("code=c&x=");
        let padding = "x".repeat(length - base.len());
        standard_way().with(&format!("code=c&x={padding}"))
    };
    let many = |count: usize| standard_way().with(&format!("code=c{}", "&x".repeat(count - 3)));
    let too_large = Rejected::Malformed(TooLarge);
    assert_refused(&[
        ("a byte too long", padded((16 << 10) + 1), too_large),
        ("a megabyte", padded(1 << 20), too_large),
        ("one parameter too many", many(65), too_large),
        ("a hundred thousand parameters", many(100_000), too_large),
        ("a megabyte of error", format!("{{uri}}?error={}", "e".repeat(1 << 20)), too_large),
        ("ten megabytes of a name", format!("{{uri}}?{}=x", "n".repeat(10 << 20)), too_large),
    ]);
    for (name, text) in [("as long as allowed", padded(16 << 10)), ("64 parameters", many(64))] {
        let mut flow = standard_flow();
        assert_eq!(callback(&mut flow, DAWN, &text), Ok(()), "{name}");
    }
}

#[test]
fn errors_with_the_right_state_end_the_login_each_as_its_kind_and_none_shows_what_it_carried() {
    covers(&["B-CB-10", "B-CB-13", "N-6749-10", "N-6749-11", "N-7636-04"]);
    for (sent, known, remedy) in [
        ("access_denied", Some("access_denied"), Remedy::SignInAgain),
        ("invalid_request", Some("invalid_request"), FixConfiguration),
        ("unauthorized_client", Some("unauthorized_client"), FixConfiguration),
        ("unsupported_response_type", Some("unsupported_response_type"), FixConfiguration),
        ("invalid_scope", Some("invalid_scope"), FixConfiguration),
        ("server_error", Some("server_error"), RetryLater),
        ("temporarily_unavailable", Some("temporarily_unavailable"), RetryLater),
        ("s256_not_supported", Some("s256_not_supported"), FixConfiguration),
        ("login_required_2", Some("login_required_2"), FixConfiguration),
        ("LOUD", Some("loud"), FixConfiguration),
        ("%1b[31mred%1b[0m", None, FixConfiguration),
        ("%3Cscript%3Ealert(1)%3C/script%3E", None, FixConfiguration),
        ("%E2%80%AEdesrever", None, FixConfiguration),
        ("a%0d%0ab", None, FixConfiguration),
        ("%ff%fe", None, FixConfiguration),
        ("two words", None, FixConfiguration),
        (&standard_way().state.replace('-', "_"), None, FixConfiguration),
        (&"e".repeat(49), None, FixConfiguration),
        (&"e".repeat(15_000), None, FixConfiguration),
    ] {
        let hostile = "error_description=%1b[2J%3Cb%3E&error_uri=javascript:alert(1)";
        let ended = ended_by(&client(Dialect::Standard), &format!("error={sent}&{hostile}"));
        let found = if ended == Error::Denied {
            Some("access_denied")
        } else if let Error::Refused { purpose: None, code, status: None } = &ended {
            code.as_ref().map(ErrorCode::as_str)
        } else {
            panic!("{sent}: {ended:?}")
        };
        assert_eq!((found, ended.remedy()), (known, remedy), "{sent}");
        let shown = format!("{ended} {ended:?}");
        let is_plain = |c: char| c.is_ascii_graphic() && !"<>\\".contains(c) || c == ' ';
        assert!(shown.chars().all(is_plain) && shown.len() < 300, "{sent}: {shown}");
    }
}

/// Each row's redirect is refused for its reason by one and the same login, which then takes the
/// right one.
fn assert_refused(rows: &[(&str, String, Rejected)]) {
    let mut flow = standard_flow();
    let way = way_back(&flow, 0);
    for (name, template, why) in rows {
        refuses(&mut flow, Redirect::Callback(&way.fill(template)), *why, name);
    }
    assert_eq!(callback(&mut flow, DAWN, &way.with("code=c")), Ok(()), "after {} rows", rows.len());
}

/// The redirect is refused for this reason and nothing else happens.
pub(super) fn refuses(flow: &mut Flow, redirect: Redirect<'_>, why: Rejected, name: &str) {
    let before = flow.view(DAWN);
    assert_eq!(flow.handle_redirect(DAWN, redirect), Err(why), "{name}");
    assert_eq!(flow.view(DAWN), before, "{name}: the login moved");
    assert!(matches!(flow.poll(DAWN), Step::Wait(Some(_))), "{name}: the login stopped waiting");
}

/// How a login that gets this answer, with the right `state`, ends.
fn ended_by(client: &Client, answer: &str) -> Error {
    let mut flow = browser_login(client, 50_123, 1);
    let back = way_back(&flow, 0).with(answer);
    assert_eq!(callback(&mut flow, DAWN, &back), Ok(()), "{answer}");
    match flow.poll(DAWN) {
        Step::Done(Err(why)) => why,
        step @ (Step::Done(Ok(_)) | Step::Send(_) | Step::Wait(_)) => panic!("{answer}: {step:?}"),
    }
}

pub(super) fn standard_flow() -> Flow {
    browser_login(&client(Dialect::Standard), 50_123, 1)
}

fn standard_way() -> WayBack {
    way_back(&standard_flow(), 0)
}
