//! Our own readers and writers of JSON, numbers, base64, forms and addresses against the crates
//! that they stand for: the same texts are taken, refused and written, hostile ones among them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use grantflow_core::formats::json::{self, NotAnObject, Number, Object, Writer};
use grantflow_core::formats::{base64 as ours, form};
use grantflow_core::{Endpoint, Map, Moment};
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;
use url::form_urlencoded;

/// Texts of what JSON is made of, most of which are none.
const HOSTILE: &str = r#"[\[\]{}",:\\/u0189abdefDE.+trunlsé \n-]{0,24}"#;

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e12_f64..1e12).prop_map(Value::from),
        "\\PC{0,8}|[\"\\\\\u{0}-\u{1f}😀]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-z\"\\\\é]{0,4}", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A text with one character more, less or other than it had.
fn damaged(text: &str, at: usize, with: Option<char>) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = at % (chars.len() + 1);
    match with {
        Some(c) if at.is_multiple_of(2) => chars.insert(at, c),
        Some(c) if at < chars.len() => chars[at] = c,
        None if at < chars.len() => drop(chars.remove(at)),
        Some(_) | None => {}
    }
    chars.into_iter().collect()
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

proptest! {
    #[test]
    fn hostile_texts_are_json_for_both_or_neither(text in HOSTILE) {
        prop_assert_eq!(json::is_json(&text), is_json(&text), "{}", text);
        let quoted = format!("\"{text}\"");
        if json::is_json(&quoted) {
            let theirs = serde_json::from_str::<String>(&quoted).ok();
            prop_assert_eq!(json::string(&quoted), theirs);
        }
    }

    #[test]
    fn a_whole_text_is_read_alike_and_so_is_a_damaged_one(
        value in value(),
        at in any::<usize>(),
        with in prop::option::of(prop::char::any()),
    ) {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            prop_assert!(json::is_json(&text), "{}", text);
            let damaged = damaged(&text, at, with);
            prop_assert_eq!(json::is_json(&damaged), is_json(&damaged), "{}", damaged);
        }
        let text = value.to_string();
        match (&value, Object::parse(&text)) {
            (Value::Object(members), Ok(object)) => {
                prop_assert_eq!(object.members().len(), members.len());
                for (name, raw) in object.members() {
                    prop_assert_eq!(&members[&**name].to_string(), raw);
                }
            }
            (Value::Object(_), Err(why)) => prop_assert!(false, "{:?} in {}", why, text),
            (_, object) => prop_assert!(object.is_err()),
        }
        if let Value::Array(values) = &value {
            let ours: Vec<_> = json::elements(&text).unwrap();
            let theirs: Vec<_> = values.iter().map(Value::to_string).collect();
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn what_is_written_reads_back(name in "\\PC{0,8}", text in any::<String>(), number: u64) {
        let mut to = Writer::new();
        to.string(&name, &text);
        to.number("a number", number);
        to.open_list("texts");
        for text in [text.as_str(), "", &name] {
            to.element(text);
        }
        to.close_list();
        to.open_list("none");
        to.close_list();
        to.open("within");
        to.close();
        let written = to.finish();
        let theirs: Value = serde_json::from_str(written.expose()).unwrap();
        let expected = serde_json::json!({
            name.as_str(): text, "a number": number, "texts": [text, "", name], "none": [],
            "within": {},
        });
        prop_assert_eq!(&theirs, &expected);
    }

    #[test]
    fn a_number_is_one_for_both_and_the_same_to_the_thousandth(text in "[0-9.eE+-]{0,12}") {
        let theirs = text.parse::<f64>().ok();
        let ours = Number::parse(&text).map(Number::thousandths);
        prop_assert_eq!(ours.is_some(), theirs.is_some(), "{}", text);
        if let (Some(ours), Some(theirs)) = (ours, theirs)
            && theirs.abs() < 1e12
        {
            let theirs = theirs * 1000.0;
            #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
            let off = (ours as f64 - theirs).abs();
            prop_assert!(off <= 1.0 + theirs.abs() * 1e-12, "{}: {} and {}", text, ours, theirs);
        }
    }

    #[test]
    fn base64_is_written_and_read_alike(
        bytes in prop::collection::vec(any::<u8>(), 0..80),
        text in "[A-Za-z0-9_=+/ -]{0,20}|[A-D_-]{0,7}",
    ) {
        let written = ours::url_safe(&bytes);
        prop_assert_eq!(&written, &URL_SAFE_NO_PAD.encode(&bytes));
        prop_assert_eq!(ours::standard(&bytes), STANDARD.encode(&bytes));
        prop_assert_eq!(ours::decode_url_safe(&written), Some(bytes));
        prop_assert_eq!(ours::decode_url_safe(&text), URL_SAFE_NO_PAD.decode(&text).ok());
    }

    #[test]
    fn forms_are_written_and_read_alike(text in any::<String>(), query in "[a-c=&+%0-9A-Ff é]{0,24}") {
        let mut written = String::new();
        form::escape(&mut written, &text);
        let theirs: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        prop_assert_eq!(&written, &theirs);
        prop_assert!(form::pairs(&written).all(|(name, value)| *name == text && value.is_empty()));
        let theirs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let ours: Vec<_> = form::pairs(&query).collect();
        prop_assert_eq!(ours.len(), theirs.len());
        for ((name, value), (their_name, their_value)) in ours.iter().zip(&theirs) {
            for (ours, theirs) in [(name, their_name), (value, their_value)] {
                // What is no UTF-8 is one mark for us, and one for each piece of it for them.
                let is_marked = ours == "\u{fffd}" && theirs.contains('\u{fffd}');
                prop_assert!(ours == theirs || is_marked, "{} and {}", ours, theirs);
            }
        }
    }

    #[test]
    fn addresses_are_addresses_for_both_or_neither(
        quad in "[0-9]{1,3}(\\.[0-9]{1,3}){2,4}|[0-9.]{1,16}",
        groups in "[0-9a-f:.]{0,20}|([0-9a-f]{0,5}::?){0,8}[0-9a-f]{0,4}|(:|::|1:){0,7}127\\.0\\.0\\.1",
    ) {
        let url = format!("https://{quad}/");
        prop_assert_eq!(Endpoint::parse(url).is_ok(), quad.parse::<Ipv4Addr>().is_ok(), "{}", quad);
        let is_loopback = quad.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
        prop_assert_eq!(Endpoint::parse(format!("http://{quad}/")).is_ok(), is_loopback);
        let url = format!("https://[{groups}]/");
        let theirs = groups.parse::<Ipv6Addr>();
        prop_assert_eq!(Endpoint::parse(url).is_ok(), theirs.is_ok(), "{}", groups);
    }

    #[test]
    fn a_map_is_a_map(entries in prop::collection::vec(("[a-d]{0,2}", any::<u8>()), 0..20)) {
        let theirs: BTreeMap<String, u8> = entries.iter().cloned().collect();
        let mut ours: Map<u8> = entries.iter().cloned().collect();
        let listed: Vec<_> = theirs.clone().into_iter().collect();
        prop_assert_eq!(ours.to_vec(), listed, "in the order of the names, the last of equals");
        for (name, value) in &entries {
            prop_assert_eq!(ours.get(name), theirs.get(name));
            ours.insert_if_missing(name.as_str(), value.wrapping_add(1));
            prop_assert_eq!(ours[name.as_str()], theirs[name]);
        }
        for (name, _) in &entries {
            ours.remove(name);
            prop_assert_eq!(ours.get(name), None);
        }
        prop_assert!(ours.is_empty());
    }
}

#[test]
fn numbers_are_exact_to_the_thousandth_and_rounded_both_ways_beyond() {
    for (text, down, up) in [
        ("12.345", 12_345, Some(12_345)),
        ("12.3450", 12_345, Some(12_345)),
        ("12.3456", 12_345, Some(12_346)),
        ("0.0001", 0, Some(1)),
        ("-0.0001", 0, None),
        ("0", 0, None),
        ("-12.3456", -12_345, None),
        ("+7", 7_000, Some(7_000)),
        ("1.5e3", 1_500_000, Some(1_500_000)),
        ("15e-1", 1_500, Some(1_500)),
        ("0e9999", 0, None),
        ("0e-9999", 0, None),
        // More digits than there is room for.
        ("18446744073709551619e-19", 1_844, Some(1_845)),
        ("20000000000000000009e-19", 2_000, Some(2_001)),
        ("20000000000000000000e-19", 2_000, Some(2_000)),
        ("0.00000000000000000000000000001e29", 1_000, Some(1_000)),
        // The largest, and beyond.
        ("9223372036854775.807", i64::MAX, Some(i64::MAX as u64)),
        ("9223372036854775.808", i64::MAX, Some(i64::MAX as u64)),
        ("1e400", i64::MAX, Some(i64::MAX as u64)),
    ] {
        let number = Number::parse(text).unwrap();
        assert_eq!((number.thousandths(), number.thousandths_or_more()), (down, up), "{text}");
    }
    for text in ["", "-", "+", ".", "e", "1e", "1e-", "1.2.3", "1e1.5", "--1", "1 ", "0x1", "1e1e1"]
    {
        assert_eq!(Number::parse(text), None, "{text}");
    }
}

#[test]
fn every_character_that_json_escapes_reads_back() {
    let text: String = ('\0'..='\u{7f}').chain(['é', '\u{2028}', '😀']).collect();
    let mut quoted = String::new();
    json::quote(&mut quoted, &text);
    assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text);
    assert_eq!(json::string(&quoted).as_deref(), Some(text.as_str()));
}

/// Eight bytes are looked at in one step: each character, at each place, among neighbours of those
/// that end a string or need an escape.
#[test]
fn every_character_counts_alike_wherever_it_stands() {
    for around in ["a", "!", "#", "[", "]", " ", "\u{7f}", "é", "\u{a2}\u{dc}"] {
        for (c, at) in ('\0'..='\u{ff}').flat_map(|c| (0..17).map(move |at| (c, at))) {
            let text = format!("{}{c}{}", around.repeat(at), around.repeat(9));
            let mut quoted = String::new();
            json::quote(&mut quoted, &text);
            assert_eq!(json::string(&quoted).as_deref(), Some(&*text), "{text:?}");
            assert!(json::is_json(&quoted), "{quoted}");
            let bare = format!("\"{text}\"");
            let is_theirs = serde_json::from_str::<String>(&bare).is_ok();
            assert_eq!(json::is_json(&bare), is_theirs, "{bare:?}");
        }
    }
}

#[test]
fn a_name_in_a_map_stands_for_one_thing() {
    let mut map = Map::from([("b", 1)]);
    map.insert_if_missing("b", 2);
    map.insert_if_missing("a", 3);
    assert_eq!((map.insert("b", 4), map.insert("c", 5)), (Some(1), None));
    assert_eq!(map, Map::from([("c", 5), ("b", 4), ("a", 3)]));
}

#[test]
fn moments_are_written_as_everybody_writes_them() {
    for (ms, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_399_999, "2000-02-28T23:59:59Z"),
        (951_868_799_000, "2000-02-29T23:59:59Z"),
        (1_767_225_600_000, "2026-01-01T00:00:00Z"),
        (1_796_083_199_000, "2026-11-30T23:59:59Z"),
    ] {
        assert_eq!(Moment(ms).to_string(), text);
    }
}

#[test]
fn escapes_mean_what_they_mean_elsewhere() {
    for text in [
        r#""\"\\\/\b\f\n\r\t""#,
        r#""\u0041\u00e9\u2028\uFFFF""#,
        r#""\ud83d\ude00\uD800\uDC00\udbff\udfff""#,
        r#""\ud7ff\ue000""#,
    ] {
        let theirs: String = serde_json::from_str(text).unwrap();
        assert_eq!(json::string(text).as_deref(), Some(theirs.as_str()), "{text}");
    }
    for half in [r"\ud83d", r"\ude00", r"\ud83dx", r"\ud83d\n", r"\ud83d\u0041", r"\ude00\ud83d"] {
        let text = format!("\"{half}\"");
        assert!(serde_json::from_str::<String>(&text).is_err(), "{text}");
        assert_eq!(json::string(&text), None, "{text}");
    }
    for two in [r#""a""b""#, r#""\"""b""#, r#""a\"#] {
        assert!(serde_json::from_str::<String>(two).is_err(), "{two}");
        assert_eq!(json::string(two), None, "{two}");
    }
}

#[test]
fn a_name_is_what_its_escapes_say() {
    let object = Object::parse(r#"{"acc\u0065ss":1,"plain":2}"#).unwrap();
    assert_eq!((object.raw("access"), object.raw("plain")), (Some("1"), Some("2")));
    let half = Object::parse(r#"{"\ud800":1}"#);
    assert_eq!(half.err(), Some(NotAnObject::Unreadable), "half a pair is no name");
}

#[test]
fn base64_with_a_letter_that_makes_no_byte_is_none() {
    for text in ["A", "AAAAA", "AB", "AAB"] {
        assert_eq!(ours::decode_url_safe(text), None, "{text}");
        assert!(URL_SAFE_NO_PAD.decode(text).is_err(), "{text}");
    }
}

#[test]
fn texts_that_only_look_like_json_are_none() {
    for text in [
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "{\"a\":1,}",
        "{,}",
        "[,]",
        "{\"a\"}",
        "{a:1}",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "+1",
        "tru",
        "nul",
        "truefalse",
        "[1 2]",
        "\"\n\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "[}",
        "{]",
        "[1}",
        "{\"a\":[}",
        "[[]",
        "\u{feff}{}",
        "{}{}",
        "//",
        "NaN",
        "'a'",
    ] {
        assert!(!json::is_json(text), "{text}");
        assert!(!is_json(text), "{text}");
    }
    let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
    assert!(json::is_json(&deep) && !json::is_json(&deep[1..]));
}
