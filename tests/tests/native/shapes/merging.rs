//! A save writes the values that changed, and every other byte stays: in the file, in the entry, and
//! whatever else a tool or a later version of it keeps there.

use std::collections::BTreeMap;

use grantflow::Secret;
use grantflow::core::{Credential, Map};
use grantflow::store::{Shape, Tool};
use grantflow_tests::covers;
use proptest::prelude::*;

use super::{key, login};

/// Values that a renewal changes, by their place in a [`Kind`].
const ACCESS: usize = 0;
const REFRESH: usize = 1;
const EXPIRES: usize = 2;

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]
    #[test]
    fn only_what_changed_is_written(
        (kind, file) in file(),
        access in prop::option::of("[a-z\"\\\\~/]{1,9}"),
        refresh in prop::option::of("[a-z]{1,9}"),
        expires in prop::option::of(1_600_000_000_000_u64..1_900_000_000_000),
    ) {
    covers(&["B-CF-04", "B-CF-28", "R-BUG-03"]);
        let mut values = kind.values.map(str::to_owned);
        let text = render(&file, &values);
        let mut credential = login(kind.shape, &text, kind.key);
        prop_assert_eq!(saved(&kind, &text, &credential), text.clone(), "nothing changed");

        if let Some(access) = access {
            values[ACCESS] = serde_json::Value::from(access.as_str()).to_string();
            credential.access_token = Secret::new(access);
        }
        if let Some(refresh) = refresh {
            values[REFRESH] = serde_json::Value::from(refresh.as_str()).to_string();
            credential.refresh_token = Some(Secret::new(refresh));
        }
        if let Some(expires) = expires {
            values[EXPIRES] = expires.to_string();
            credential.expires_at = Some(expires + kind.margin);
        }
        let after = saved(&kind, &text, &credential);
        prop_assert_eq!(&after, &render(&file, &values));
        let read = login(kind.shape, &after, kind.key);
        prop_assert_eq!(told(&read), told(&credential));
    }

    #[test]
    fn a_login_goes_and_comes_back_without_a_trace_in_what_is_others(
        (kind, file) in file(),
    ) {
        covers(&["B-CF-04"]);
        let text = render(&file, &kind.values.map(str::to_owned));
        let credential = login(kind.shape, &text, kind.key);
        let without = kind.shape.without(&text, &key(kind.key)).unwrap().unwrap();
        prop_assert!(kind.shape.entry(&without, &key(kind.key)).unwrap().is_none());
        let others = others(&text, &kind);
        prop_assert_eq!(&self::others(&without, &kind), &others);
        let back = saved(&kind, &without, &credential);
        prop_assert_eq!(&self::others(&back, &kind), &others);
        // What a tool alone keeps in its entry went with the entry.
        let own = |credential| told(&Credential { extra: Map::new(), ..credential });
        prop_assert_eq!(own(login(kind.shape, &back, kind.key)), own(credential));
    }
}

/// A shape with an entry that it can write.
#[derive(Clone, Debug)]
struct Kind {
    shape: Shape,
    key: &'static str,
    /// The member that holds the entry.
    entry: &'static str,
    names: [&'static str; 3],
    /// As they stand there at first, in JSON that nobody else would write so.
    values: [&'static str; 3],
    fixed: &'static str,
    margin: u64,
}

fn kinds() -> Vec<Kind> {
    let values = [r#""\u0061ccess""#, r#""r\/r""#, "1780000000000"];
    let entry = Kind {
        shape: Shape::Own,
        key: "standard:work",
        entry: "standard:work",
        names: ["access", "refresh", "expires"],
        values,
        fixed: r#""type":"oauth","origin":"http:\/\/127.0.0.1","account" :{"id":"i", "x":1.0 }"#,
        margin: 0,
    };
    let fixed = r#""type" : "oauth""#;
    let pi = Kind {
        shape: Shape::Of(Tool::Pi),
        key: "xai",
        entry: "xai",
        fixed,
        margin: 300_000,
        ..entry.clone()
    };
    let claude = Kind {
        shape: Shape::Of(Tool::ClaudeCode),
        key: "anthropic",
        entry: "claudeAiOauth",
        names: ["accessToken", "refreshToken", "expiresAt"],
        fixed: r#""scopes":[ "a" ,"b"]"#,
        ..entry.clone()
    };
    let whole = Kind { values: [values[0], values[1], "1.78e12"], ..entry.clone() };
    vec![entry, pi, claude, whole]
}

fn saved(kind: &Kind, text: &str, credential: &Credential) -> String {
    kind.shape.with(Some(text), &key(kind.key), credential).unwrap().to_string()
}

/// What stands between the values, and the values by their numbers.
#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Value(usize),
}

fn render(file: &[Part], values: &[String; 3]) -> String {
    let parts = file.iter().map(|part| match part {
        Part::Text(text) => text.as_str(),
        Part::Value(index) => &values[*index],
    });
    parts.collect()
}

/// A file with one entry of that kind among others, as a careless tool may have written it.
fn file() -> impl Strategy<Value = (Kind, Vec<Part>)> {
    let space = || prop::sample::select(vec!["", " ", "\n  ", "\r\n\t", "\n\n"]);
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("1E+300".to_owned()),
        Just("18446744073709551616".to_owned()),
        Just("{\"type\":\"api_key\" , \"key\":\"\\u0041}{\\\"\"}".to_owned()),
        Just("[ 1.0, -0, {\"a\" : []} ]".to_owned()),
        "[a-zü\u{10348}]{0,9}".prop_map(|text| format!("\"{text},:}}\"")),
    ];
    let strangers = move || prop::collection::vec(value.clone(), 0..4);
    let spaces = || prop::collection::vec(space(), 16);
    (prop::sample::select(kinds()), strangers(), strangers(), any::<u64>(), spaces(), any::<bool>())
        .prop_map(|(kind, inside, beside, order, spaces, mark)| {
            let mut spaces = spaces.into_iter().cycle();
            let stranger = |(index, value): (usize, String)| {
                vec![Part::Text(format!("\"n\\u0041{index}\" :{value}"))]
            };
            let mut entry: Vec<Vec<Part>> = vec![vec![Part::Text(kind.fixed.to_owned())]];
            entry.extend(kind.names.iter().enumerate().map(|(index, name)| {
                vec![Part::Text(format!("\"{name}\": ")), Part::Value(index)]
            }));
            entry.extend(inside.into_iter().enumerate().map(stranger));
            let mut file: Vec<Vec<Part>> = beside.into_iter().enumerate().map(stranger).collect();
            let mut whole = vec![Part::Text(format!("\"{}\":", kind.entry))];
            whole.extend(object(entry, order, &mut spaces));
            file.push(whole);
            let mut parts = vec![Part::Text(if mark { "\u{feff}" } else { "" }.to_owned())];
            parts.extend(object(file, order, &mut spaces));
            parts.push(Part::Text(spaces.next().unwrap().to_owned()));
            (kind, parts)
        })
}

/// An object of these members, from one of them on.
fn object(
    mut members: Vec<Vec<Part>>,
    order: u64,
    spaces: &mut impl Iterator<Item = &'static str>,
) -> Vec<Part> {
    let first = usize::try_from(order % members.len() as u64).unwrap();
    members.rotate_left(first);
    let mut parts = Vec::new();
    for (index, member) in members.into_iter().enumerate() {
        let comma = if index == 0 { "{" } else { "," };
        let (before, after) = (spaces.next().unwrap(), spaces.next().unwrap());
        parts.push(Part::Text(format!("{comma}{before}")));
        parts.extend(member);
        parts.push(Part::Text(after.to_owned()));
    }
    parts.push(Part::Text("}".to_owned()));
    parts
}

/// What a credential says of itself, for comparing.
fn told(credential: &Credential) -> String {
    credential.save().expose().to_owned()
}

/// The members that are not of the entry, with their values to the byte.
fn others(text: &str, kind: &Kind) -> Vec<(String, String)> {
    let text = text.trim_start_matches('\u{feff}');
    let members: BTreeMap<String, &serde_json::value::RawValue> =
        serde_json::from_str(text).unwrap();
    let others = members.into_iter().filter(|(name, _)| name != kind.entry);
    others.map(|(name, value)| (name, value.get().to_owned())).collect()
}
