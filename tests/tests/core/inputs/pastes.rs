//! What people paste: generous about what surrounds the answer, strict about the answer itself.

use grantflow_core::{
    Client, Configuration, Flow, Malformed, Mistake, PageRedirect, Redirect, Redirects, Rejected,
    Scope,
};
use grantflow_test_server::Dialect;
use grantflow_tests::covers;
use grantflow_tests::local::{ISSUER, browser_login, client, provider};
use grantflow_tests::world::{DAWN, entropy};

use super::redirects::{refuses, standard_flow};
use super::{field, sent, way_back};

use Malformed::{Characters, NoCode, Pasted, Repeated, TooLarge, WrongAddress};
use Mistake::{AuthorizationUrl, BareCode, Email, Json, Key, Nothing, Other};
use Rejected::StateMismatch;

#[test]
fn an_answer_is_found_in_what_chats_shells_and_terminals_put_around_it_but_only_in_a_paste() {
    covers(&["B-CB-01", "B-CB-02", "B-CB-03", "B-CB-17", "B-CB-30"]);
    let url = "{uri}?code=the-code&state={state}&iss={iss}";
    for (name, pasted, code) in [
        ("the address", url.to_owned(), "the-code"),
        ("in angle brackets", format!("<{url}>"), "the-code"),
        ("in quotes", format!("\"{url}\""), "the-code"),
        ("in single quotes", format!(" '{url}' "), "the-code"),
        ("in back quotes", format!("`{url}`"), "the-code"),
        ("a line break behind", format!("{url}\r\n"), "the-code"),
        ("a space behind", format!("{url} "), "the-code"),
        ("the query", "code=c&state={state}&iss={iss}".into(), "c"),
        ("with its question mark", "?code=c&state={state}&iss={iss}".into(), "c"),
        ("the other way round", "iss={iss}&state={state}&code=c".into(), "c"),
        ("code and state", "c#{state}".into(), "c"),
        ("with a line break", "  c#{state}\n".into(), "c"),
        ("a colon in the code", "ac:xyz#{state}".into(), "ac:xyz"),
        ("what a form would change", "4/0+b%2Bc=#{state}".into(), "4/0+b%2Bc="),
    ] {
        // `code#state` is what the provider's own page shows.
        let mut flow = with_page("https://issuer.example/shown", true);
        let text = way_back(&flow, usize::from(pasted.contains('#'))).fill(&pasted);
        if name != "the address" {
            let callback = flow.handle_redirect(DAWN, Redirect::Callback(&text));
            assert!(callback.is_err(), "{name}: a callback is taken literally");
        }
        assert_eq!(flow.handle_redirect(DAWN, Redirect::Pasted(&text)), Ok(()), "{name}");
        let body = sent(&mut flow).body;
        assert_eq!(field(body.expose(), "code").as_deref(), Some(code), "{name}");
    }
}

#[test]
fn a_terminal_may_break_an_address_anywhere() {
    covers(&["B-CB-02"]);
    let mut flow = standard_flow();
    let url = way_back(&flow, 0).with("code=the-code");
    let left = Rejected::Malformed(Pasted(Other));
    refuses(&mut flow, Redirect::Pasted(&url.replace("code=", "code= ")), left, "a space inside");
    for at in 1..url.len() {
        let broken = [&url[..at], "\r\n\t  ", &url[at..], "\n"].concat();
        let taken = standard_flow().handle_redirect(DAWN, Redirect::Pasted(&broken));
        assert_eq!(taken, Ok(()), "after {:?}", &url[..at]);
    }
}

#[test]
fn a_paste_that_is_not_this_logins_answer_is_refused_and_leaves_it_waiting() {
    covers(&["B-CB-04", "B-CB-05", "B-CB-06", "B-CB-16", "B-CB-20", "B-CB-22", "B-CB-23"]);
    let malformed = |why| Rejected::Malformed(why);
    let other = malformed(Pasted(Other));
    let query = "?code=c&state={state}&iss={iss}";
    let at = |address: &str| format!("{address}{query}");
    assert_refused(&[
        ("a code alone, without a page that shows one", "the-code".into(), other),
        ("a code and an empty state", "c#".into(), other),
        ("a state and an empty code", "#{state}".into(), other),
        ("a sign alone", "#".into(), other),
        ("a wrong state", "c#wrong".into(), StateMismatch),
        ("half of the state", "c#{state}".chars().take(5).collect(), StateMismatch),
        ("two signs", "c#a#b".into(), other),
        ("two signs, ours last", "c#a#{state}".into(), other),
        ("two signs, ours first", "c#{state}#".into(), other),
        (
            "a control character",
            "code=c\u{1b}[2J&state={state}&iss={iss}".into(),
            malformed(Characters),
        ),
        ("a letter outside ASCII", "code=cé&state={state}&iss={iss}".into(), malformed(Characters)),
        ("no `iss` where it is announced", "c#{state}".into(), Rejected::IssuerMismatch),
        ("two codes", "code=c&code=d&state={state}&iss={iss}".into(), malformed(Repeated)),
        ("no code", "state={state}&iss={iss}".into(), malformed(NoCode)),
        ("no state", "code=c&iss={iss}".into(), StateMismatch),
        ("another host", at("https://evil.example/callback"), malformed(WrongAddress)),
        ("ours as a user", at("http://127.0.0.1:50123@evil.example/"), malformed(WrongAddress)),
        ("punycode", at("http://xn--80ak6aa92e.com/callback"), malformed(WrongAddress)),
        ("three slashes", at("http:///127.0.0.1:50123/callback"), malformed(WrongAddress)),
        ("one slash", at("http:/127.0.0.1:50123/callback"), malformed(NoCode)),
        ("backslashes", at("http:\\\\127.0.0.1:50123\\callback"), malformed(NoCode)),
        ("a tab in the scheme", at("ht\ttp://127.0.0.1:50123/callback"), other),
        ("a space in the code", "{uri}?code=a b&state={state}&iss={iss}".into(), other),
    ]);
}

#[test]
fn pasting_the_wrong_thing_gets_its_own_hint_and_none_of_it_is_repeated() {
    covers(&["B-CB-24"]);
    let flow = standard_flow();
    let Some(grantflow_core::Prompt::OpenUrl { sign_ins, .. }) = flow.prompt() else { panic!() };
    let json = "{\n  \"type\": \"oauth\", \"access\": \"marker-1\"\n}";
    for (name, pasted, mistake) in [
        ("the address to open", sign_ins[0].url.as_str(), AuthorizationUrl),
        ("an Anthropic key", "sk-ant-api03-marker-1", Key),
        ("an OpenAI key in quotes", "\"sk-proj-marker-1\"", Key),
        ("a GitHub token", "gho_marker1", Key),
        ("a JWT", "eyJhbGciOiJub25lIn0.marker-1.", Key),
        ("an e-mail address", "marker-1@example.com", Email),
        ("a token file", json, Json),
        ("a list", "[\"marker-1\"]", Json),
        ("nothing", "", Nothing),
        ("white space", " \n\t ", Nothing),
        ("quotes alone", "\"\"", Nothing),
        ("a command line", "grantflow login marker-1", Other),
        ("an assignment", "export ANTHROPIC_API_KEY=marker-1", Other),
        ("a letter", "Dear Sir, marker-1", Other),
        ("an answer in prose", "here it is: marker-1#abc", Other),
        ("a word with a sign that no code has", "marker-1(x)", Other),
    ] {
        let mut flow = standard_flow();
        let why = Rejected::Malformed(Pasted(mistake));
        refuses(&mut flow, Redirect::Pasted(pasted), why, name);
        assert!(!format!("{why} {why:?}").contains("marker"), "{name}");
    }
    let mut flow = standard_flow();
    let page = "https://github.com/login/device";
    refuses(&mut flow, Redirect::Pasted(page), StateMismatch, "a page for device codes");
    let (page, _) = sign_ins[0].url.split_once('?').expect("a query");
    let answer = way_back(&flow, 0).fill(&format!("{page}?code=c&state={{state}}&iss={{iss}}"));
    let elsewhere = Rejected::Malformed(WrongAddress);
    refuses(&mut flow, Redirect::Pasted(&answer), elsewhere, "an answer at the page to open");
}

#[test]
fn an_answer_counts_though_it_says_what_was_asked_for() {
    let mut flow = standard_flow();
    let pasted = way_back(&flow, 0).fill("{uri}?response_type=code&code=c&state={state}&iss={iss}");
    assert_eq!(flow.handle_redirect(DAWN, Redirect::Pasted(&pasted)), Ok(()));
}

#[test]
fn an_oversized_paste_is_refused_before_it_is_looked_at() {
    covers(&["B-CB-25"]);
    let too_large = Rejected::Malformed(TooLarge);
    assert_refused(&[
        ("a megabyte around an answer", format!("{}c#{{state}}", " ".repeat(1 << 20)), too_large),
        ("64 megabytes", "x".repeat(64 << 20), too_large),
        ("a hundred thousand parameters", "code=c&".repeat(100_000), too_large),
    ]);
}

#[test]
fn a_code_alone_counts_only_where_the_page_shows_no_state_and_only_for_that_page() {
    covers(&["B-CB-04", "C-12"]);
    let code = Redirect::Pasted("the-code");
    let bare = Rejected::Malformed(Pasted(BareCode));
    let mut shown = browser_login(&client(Dialect::Anthropic), 50_123, 1);
    refuses(&mut shown, code, bare, "a page that shows the state");

    let page = "https://issuer.example/shown";
    let mut flow = with_page(page, false);
    refuses(&mut flow, Redirect::Callback("the-code"), Rejected::Malformed(WrongAddress), "no URL");
    let other = Rejected::Malformed(Pasted(Other));
    refuses(&mut flow, Redirect::Pasted("the(code)"), other, "signs that no code has");
    assert_eq!(flow.handle_redirect(DAWN, code), Ok(()));
    let body = sent(&mut flow).body;
    assert_eq!(field(body.expose(), "redirect_uri").as_deref(), Some(page));
}

#[test]
fn the_state_that_comes_back_chooses_the_redirect_uri_that_is_repeated() {
    covers(&["N-6749-09", "B-CB-28"]);
    let page = "https://issuer.example/shown";
    for index in [0, 1] {
        let mut flow = with_page(page, true);
        let ways = [0, 1].map(|index| way_back(&flow, index));
        let crossed = ways[index].fill("?code=c&state={state}&iss={iss}");
        let crossed = [&ways[1 - index].redirect_uri, crossed.as_str()].concat();
        let why = Rejected::Malformed(WrongAddress);
        refuses(&mut flow, Redirect::Pasted(&crossed), why, "the other's address");
        let pasted = ways[index].fill(["?code=c&state={state}&iss={iss}", "c#{state}"][index]);
        assert_eq!(flow.handle_redirect(DAWN, Redirect::Pasted(&pasted)), Ok(()));
        let body = sent(&mut flow).body;
        let repeated = field(body.expose(), "redirect_uri");
        assert_eq!(repeated.as_deref(), Some(ways[index].redirect_uri.as_str()));
    }
}

/// Each row is refused for its reason by one and the same login, which then takes the right paste.
fn assert_refused(rows: &[(&str, String, Rejected)]) {
    let mut flow = standard_flow();
    let way = way_back(&flow, 0);
    for (name, template, why) in rows {
        refuses(&mut flow, Redirect::Pasted(&way.fill(template)), *why, name);
    }
    let right = way.fill("?code=c&state={state}&iss={iss}");
    assert_eq!(flow.handle_redirect(DAWN, Redirect::Pasted(&right)), Ok(()));
}

/// A login with a listener and a page beside it.
fn with_page(redirect_uri: &str, shows_state: bool) -> Flow {
    let mut provider = provider(Dialect::Standard, ISSUER);
    let redirect_uri = grantflow_core::Endpoint::parse(redirect_uri).expect("an address");
    provider.authorization.page = Some(PageRedirect { redirect_uri, shows_state });
    let client = Client::new(provider, Configuration::default()).expect("a client");
    let redirects = Redirects::loopback(50_123).or_page();
    Flow::authorization_code(&client, Scope::default(), &redirects, &entropy(1), DAWN)
        .expect("a browser login")
}
