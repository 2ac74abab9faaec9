//! Where other tools keep their logins, and how a file is recognised as theirs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use grantflow::FileStore;
use grantflow::store::{Home, StoreError, Tool};
use tempfile::TempDir;

const ANTHROPIC: &str =
    r#"{"anthropic":{"type":"oauth","access":"a","refresh":"r","expires":1780000000000}}"#;

#[test]
fn each_tool_has_its_usual_place() {
    let home = home("/home/person", &[]);
    for (tool, expected) in [
        (Tool::Pi, ".pi/agent/auth.json"),
        (Tool::ClaudeCode, ".claude/.credentials.json"),
        (Tool::Codex, ".codex/auth.json"),
        (Tool::Synaps, ".synaps-cli/auth.json"),
        (Tool::Opencode, ".local/share/opencode/auth.json"),
        (Tool::GeminiCli, ".gemini/oauth_creds.json"),
        (Tool::QwenCode, ".qwen/oauth_creds.json"),
        (Tool::CopilotEditors, ".config/github-copilot/apps.json"),
    ] {
        let place = Path::new("/home/person").join(expected);
        assert_eq!(tool.places(&home)[0], place);
        assert_eq!(Tool::of(&place, &Home::default()), Some(tool), "wherever home is");
        assert_eq!(tool.id().parse(), Ok(tool));
    }
    assert_eq!(Tool::CopilotEditors.places(&home).len(), 2);
}

#[test]
fn variables_move_a_place_and_empty_ones_do_not() {
    for (tool, variable, value, expected) in [
        (Tool::Pi, "PI_CODING_AGENT_DIR", "/elsewhere", "/elsewhere/auth.json"),
        (Tool::Pi, "PI_CODING_AGENT_DIR", "~/pi", "/home/person/pi/auth.json"),
        (Tool::Pi, "PI_CODING_AGENT_DIR", "", "/home/person/.pi/agent/auth.json"),
        (Tool::ClaudeCode, "CLAUDE_CONFIG_DIR", "/elsewhere", "/elsewhere/.credentials.json"),
        (Tool::Codex, "CODEX_HOME", "/elsewhere", "/elsewhere/auth.json"),
        (Tool::Opencode, "XDG_DATA_HOME", "/elsewhere", "/elsewhere/opencode/auth.json"),
        (
            Tool::CopilotEditors,
            "XDG_CONFIG_HOME",
            "/elsewhere",
            "/elsewhere/github-copilot/apps.json",
        ),
    ] {
        let home = home("/home/person", &[(variable, value)]);
        assert_eq!(tool.places(&home)[0], Path::new(expected));
        assert_eq!(Tool::of(Path::new(expected), &home), Some(tool));
    }
    let windows = Home { windows: true, ..home("/home/person", &[("LOCALAPPDATA", "/local")]) };
    let expected = Path::new("/local/github-copilot/apps.json");
    assert_eq!(Tool::CopilotEditors.places(&windows)[0], expected);
}

#[test]
fn a_file_of_ours_is_nobody_elses() {
    let home = home("/home/person", &[]);
    for path in
        ["/home/person/.local/share/grantflow/auth.json", "auth.json", "/x/.codex/mine.json"]
    {
        assert_eq!(Tool::of(Path::new(path), &home), None, "{path}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_a_tools_file_is_that_tools() {
    let folder = TempDir::new().unwrap();
    let place = written(&folder, ".codex/auth.json", "{}");
    let link = folder.path().join("mine.json");
    std::os::unix::fs::symlink(&place, &link).unwrap();
    assert_eq!(Tool::of(&link, &home(folder.path(), &[])), Some(Tool::Codex));
}

#[test]
fn discovery_names_what_is_usable_and_what_is_wrong_and_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let pi = written(&folder, ".pi/agent/auth.json", ANTHROPIC);
    let qwen = written(&folder, ".qwen/oauth_creds.json", r#"{"access_token":""}"#);
    let codex = written(&folder, ".codex/auth.json", "");
    let found = Tool::discover(&home(folder.path(), &[]));
    let tools: Vec<_> = found.iter().map(|found| (found.tool, found.path.clone())).collect();
    assert_eq!(tools, [(Tool::Pi, pi), (Tool::Codex, codex.clone()), (Tool::QwenCode, qwen)]);
    let mut keys = found.into_iter().map(|found| found.keys);
    let names: Vec<_> = keys.next().unwrap().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["anthropic"]);
    let error = keys.next().unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Empty { ref path, .. } if *path == codex), "{error:?}");
    assert_eq!(keys.next().unwrap().unwrap(), [], "a wiped login is none");
    assert_eq!(fs::read_to_string(folder.path().join(".pi/agent/auth.json")).unwrap(), ANTHROPIC);
}

#[test]
fn pis_old_files_become_the_new_one() {
    let folder = TempDir::new().unwrap();
    let old =
        r#"{"anthropic": {"refresh": "r", "access": "a", "expires": 1780000000000, "n": 1.0}}"#;
    written(&folder, "oauth.json", old);
    let settings =
        r#"{"theme": "dark", "apiKeys": {"xai": "$XAI", "anthropic": "k", "n": 7}, "n":1.0}"#;
    written(&folder, "settings.json", settings);
    let path = folder.path().join("auth.json");
    assert!(Tool::Pi.migrate(&path).unwrap());

    let file: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let login = file["anthropic"].as_object().unwrap();
    assert_eq!((&login["type"], &login["refresh"]), (&"oauth".into(), &"r".into()));
    assert_eq!(file["xai"], serde_json::json!({"type": "api_key", "key": "$XAI"}));
    assert_eq!(file.as_object().unwrap().len(), 2);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(r#"{"type": "oauth", "refresh": "r", "access": "a""#), "{text}");
    assert_eq!(fs::read_to_string(folder.path().join("oauth.json.migrated")).unwrap(), old);
    assert!(!folder.path().join("oauth.json").exists());
    assert_eq!(fs::read_to_string(folder.path().join("settings.json")).unwrap(), settings);
    #[cfg(unix)]
    {
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(!Tool::Pi.migrate(&path).unwrap(), "once");
}

#[test]
fn who_signed_in_with_an_old_pi_is_signed_in() {
    let folder = TempDir::new().unwrap();
    written(&folder, ".pi/agent/oauth.json", &ANTHROPIC.replace("\"type\":\"oauth\",", ""));
    let store = FileStore::at(folder.path().join(".pi/agent/auth.json"));
    assert_eq!(store.load("anthropic").unwrap().unwrap().access_token.expose(), "a");
    assert!(store.load("xai").unwrap().is_none());
    let ours = FileStore::at(folder.path().join("auth.json"));
    written(&folder, "oauth.json", ANTHROPIC);
    assert!(ours.load("anthropic").unwrap().is_none(), "a file of ours has no such past");
}

#[test]
fn pis_old_files_are_left_alone_where_there_is_a_new_one_or_they_are_damaged() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder, "auth.json", "{}");
    let old = written(&folder, "oauth.json", ANTHROPIC);
    assert!(!Tool::Pi.migrate(&path).unwrap());
    assert!(old.exists());

    fs::remove_file(&path).unwrap();
    fs::write(&old, "{\"anthropic\": {").unwrap();
    let error = Tool::Pi.migrate(&path).unwrap_err();
    assert!(
        matches!(error, StoreError::Corrupt { path: ref named, .. } if *named == old),
        "{error:?}"
    );
    assert!(!path.exists() && old.exists());
    assert!(!Tool::Codex.migrate(&path).unwrap(), "nobody else has such files");
}

fn home(folder: impl Into<PathBuf>, variables: &[(&'static str, &str)]) -> Home {
    let variables = variables.iter().map(|&(name, value)| (name, value.into()));
    Home {
        folder: Some(folder.into()),
        variables: variables.collect::<BTreeMap<_, _>>(),
        windows: false,
    }
}

fn written(folder: &TempDir, path: &str, text: &str) -> PathBuf {
    let path = folder.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}
