//! API keys as pi writes them down.

use grantflow::{Error, KeyOrigin, WhyUnusable};

use super::Place;

#[tokio::test]
async fn a_text_is_a_key_with_variables_in_it() {
    let variables = [("MY_KEY", "mine"), ("_2", "two"), ("EMPTY", "")];
    for (text, key) in [
        ("plain", "plain"),
        ("$MY_KEY", "mine"),
        ("${MY_KEY}", "mine"),
        ("a-${MY_KEY}-$_2.b", "a-mine-two.b"),
        ("${MY_KEY}$MY_KEY", "minemine"),
        ("a$$MY_KEY", "a$MY_KEY"),
        ("$!not-a-command", "!not-a-command"),
        ("in the middle $! too", ""),
        ("5$", "5$"),
        ("$5.50", "$5.50"),
        ("a!b", "a!b"),
        ("${not a name}", ""),
        ("${unclosed", "${unclosed"),
    ] {
        let file = format!(r#"{{"xai":{{"type":"api_key","key":{text:?}}}}}"#);
        let place = Place::new(&file, &variables);
        match place.resolve("xai").await {
            Ok(found) => {
                let signature = found.signature().await.unwrap();
                assert_eq!(signature.header().value.expose(), format!("Bearer {key}"), "{text}");
                assert_eq!(found.origin(), &KeyOrigin::StoredKey);
            }
            Err(why) => {
                assert!(key.is_empty(), "{text}: {why}"); // a blank in it: no header can hold that
                assert_eq!(unusable(&why), &WhyUnusable::Characters);
            }
        }
    }
}

#[tokio::test]
async fn a_command_is_not_run_and_a_variable_that_is_not_set_is_named() {
    let folder = tempfile::TempDir::new().unwrap();
    let witness = folder.path().join("it-ran");
    let command = format!("!touch {}", witness.display());
    let missing = |name: &str| WhyUnusable::Variable(name.to_owned());
    for (text, why) in [
        (command.as_str(), WhyUnusable::Command),
        ("!security find-generic-password", WhyUnusable::Command),
        ("$NOT_SET", missing("NOT_SET")),
        ("a${NOT_SET}b", missing("NOT_SET")),
        ("$EMPTY", missing("EMPTY")),
    ] {
        let file = format!(r#"{{"xai":{{"type":"api_key","key":{text:?}}}}}"#);
        let place = Place::new(&file, &[("EMPTY", ""), ("XAI_API_KEY", "another")]);
        let error = place.resolve("xai").await.unwrap_err();
        assert_eq!(unusable(&error), &why, "{text}");
        assert!(!error.to_string().contains("touch"), "the text is not shown: {error}");
    }
    assert!(!witness.exists());
}

#[tokio::test]
async fn an_entrys_own_variables_count_before_the_environments() {
    for (entry, key) in [
        (r#"{"type":"api_key","key":"$K","env":{"K":"own"}}"#, "own"),
        (r#"{"type":"api_key","key":"$K","env":{"K":""}}"#, "anyones"),
        (r#"{"type":"api_key","env":{"XAI_API_KEY":"own"}}"#, "own"),
        (r#"{"type":"api_key","env":{"SOMETHING":"else"}}"#, "fallen-back"),
    ] {
        let variables = [("K", "anyones"), ("XAI_API_KEY", "fallen-back")];
        let place = Place::new(&format!(r#"{{"xai":{entry}}}"#), &variables);
        assert_eq!(place.shown("xai").await.1, format!("Bearer {key}"), "{entry}");
    }
}

fn unusable(error: &Error) -> &WhyUnusable {
    let Error::UnusableKey(unusable) = error else { panic!("{error:?}") };
    &unusable.why
}
