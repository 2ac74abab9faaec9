//! Every byte outside of the entry that changes stays as it was.

use grantflow_tests::{covers, local};
use proptest::prelude::*;

use super::Place;

#[test]
fn a_new_store_is_written_for_people_to_read() {
    let place = Place::empty();
    place.store().save(&local::credential("new")).unwrap();
    assert!(place.text().starts_with("{\n  \"standard\": {\n    \"type\": \"oauth\",\n"));
    assert!(place.text().ends_with("\n  }\n}\n"));
}

#[test]
fn an_entry_follows_the_indentation_of_the_file() {
    covers(&["B-CF-04"]);
    let place = Place::holding("{\r\n\t\"other\": 1\r\n}\r\n");
    place.store().save(&local::credential("new")).unwrap();
    let text = place.text();
    let added =
        text.strip_prefix("{\r\n\t\"other\": 1,").unwrap().strip_suffix("\r\n}\r\n").unwrap();
    assert!(
        added.starts_with("\r\n\t\"standard\": {\r\n\t  \"type\": \"oauth\",\r\n\t"),
        "{added}"
    );
}

#[test]
fn the_last_good_version_is_kept_beside_it() {
    let place = Place::holding("{\"other\": 1}");
    place.store().save(&local::credential("first")).unwrap();
    assert_eq!(place.backup(), "{\"other\": 1}");
    let first = place.text();
    place.store().save(&local::credential("second")).unwrap();
    assert_eq!(place.backup(), first);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn bytes_of_others_stay_as_they_were(file in file()) {
        covers(&["B-CF-04"]);
        let place = Place::holding(file.text());
        place.store().save(&local::credential("the-first-one")).unwrap();
        let first = place.text();
        let (before, after) = around_entry(&first);
        match file.ours {
            // In its place, and nothing else is touched.
            Some(ours) => {
                prop_assert_eq!(before, file.up_to(ours));
                prop_assert_eq!(after, file.after(ours));
            }
            // Behind the others.
            None if !file.members.is_empty() => {
                let whole = file.text();
                let end = whole.len() - file.after(file.members.len() - 1).len();
                prop_assert!(before.starts_with(&whole[..end]));
                prop_assert_eq!(after, &whole[end..]);
            }
            None => {}
        }
        place.store().save(&local::credential("another one")).unwrap();
        let second = place.text();
        prop_assert_eq!(around_entry(&second), (before, after));
        prop_assert!(place.store().remove("standard").unwrap());
        prop_assert!(place.store().load("standard").unwrap().is_none());
        let others = serde_json::from_str::<serde_json::Value>(strip_mark(&file.text())).unwrap();
        let mut others = others.as_object().unwrap().clone();
        others.remove("standard");
        let left = serde_json::from_str::<serde_json::Value>(strip_mark(&place.text())).unwrap();
        prop_assert_eq!(left.as_object().unwrap(), &others);
        for (index, (_, _, value)) in file.members.iter().enumerate() {
            prop_assert!(file.ours == Some(index) || place.text().contains(value));
        }
    }
}

/// An object as a careless tool may have written it.
#[derive(Clone, Debug)]
struct File {
    open: String,
    /// White space and name, what stands between name and value, value.
    members: Vec<(String, String, String)>,
    commas: String,
    close: String,
    /// The member that is a credential of ours.
    ours: Option<usize>,
}

impl File {
    fn text(&self) -> String {
        let members =
            self.members.iter().map(|(name, colon, value)| [&**name, colon, value].concat());
        let members: Vec<String> = members.collect();
        [&self.open, members.join(&self.commas).as_str(), &self.close].concat()
    }

    /// What stands before the value of a member.
    fn up_to(&self, index: usize) -> String {
        let value = &self.members[index].2;
        let text = self.text();
        text[..text.len() - self.after(index).len() - value.len()].to_owned()
    }

    /// What stands behind it.
    fn after(&self, index: usize) -> String {
        let rest = Self { open: self.commas.clone(), ours: None, ..self.clone() };
        let members = self.members[index + 1..].to_vec();
        if members.is_empty() { self.close.clone() } else { File { members, ..rest }.text() }
    }
}

fn file() -> impl Strategy<Value = File> {
    let space = || prop::sample::select(vec!["", " ", "\n  ", "\r\n\t", "\n\n"]);
    let open = (prop::bool::ANY, space())
        .prop_map(|(mark, space)| format!("{}{space}{{", if mark { "\u{feff}" } else { "" }));
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("1E+300".to_owned()),
        Just("{\"type\":\"api_key\" , \"key\":\"\\u0041}{\\\"\"}".to_owned()),
        Just("[ 1.0, -0, {\"a\" : []} ]".to_owned()),
        "[a-zü\u{10348}]{0,9}".prop_map(|text| format!("\"{text},:}}\"")),
    ];
    let member = (space(), space(), space(), value)
        .prop_map(|(a, b, c, value)| (a.to_owned(), format!("{b}:{c}"), value));
    let members = prop::collection::vec(member, 0..5);
    let commas = space().prop_map(|space| format!("{space},"));
    let close = (space(), space()).prop_map(|(a, b)| format!("{a}}}{b}"));
    (open, members, commas, close, prop::option::of(0..5_usize)).prop_map(
        |(open, mut members, commas, close, ours)| {
            let ours = ours.filter(|ours| *ours < members.len());
            for (index, (name, ..)) in members.iter_mut().enumerate() {
                let own = if ours == Some(index) {
                    "standard".into()
                } else {
                    format!("n\\u0041{index}")
                };
                *name = format!("{name}\"{own}\"");
            }
            File { open, members, commas, close, ours }
        },
    )
}

/// What stands before and behind the value of our entry.
fn around_entry(text: &str) -> (&str, &str) {
    let start = text.find("{\"type\": \"oauth\"").or_else(|| {
        let kind = text.find("\"type\": \"oauth\"")?;
        text[..kind].rfind('{')
    });
    let start = start.expect("our entry");
    let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter();
    let _: serde_json::Value = values.next().unwrap().unwrap();
    (&text[..start], &text[start + values.byte_offset()..])
}

fn strip_mark(text: &str) -> &str {
    text.trim_start_matches('\u{feff}')
}
