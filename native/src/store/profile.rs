//! Whose file it is: where each tool keeps its logins, how it writes them, and what we may do there.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::shape::{Entry, Shape};
use super::{Key, StoreError, private};

/// A tool that keeps logins in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Tool {
    /// pi.
    Pi,
    /// Claude Code. On macOS it keeps its login in the keychain, and the file may be older.
    ClaudeCode,
    /// Codex.
    Codex,
    /// synaps.
    Synaps,
    /// opencode.
    Opencode,
    /// Gemini CLI.
    GeminiCli,
    /// Qwen Code.
    QwenCode,
    /// Copilot's plugins for editors.
    CopilotEditors,
}

/// Who renews a tool's logins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rights {
    /// We may as well as the tool: both hold its lock meanwhile.
    Shared,
    /// The tool does. We may only if a person asks for it, knowing this risk.
    OnRequest(&'static str),
    /// The tool does.
    Guest,
}

impl Tool {
    /// Every tool, in the order to look for them.
    pub const ALL: [Self; 8] = [
        Self::Pi,
        Self::ClaudeCode,
        Self::Codex,
        Self::Synaps,
        Self::Opencode,
        Self::GeminiCli,
        Self::QwenCode,
        Self::CopilotEditors,
    ];

    /// Its name in commands and references: `claude-code`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Pi => "pi",
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::Synaps => "synaps",
            Self::Opencode => "opencode",
            Self::GeminiCli => "gemini-cli",
            Self::QwenCode => "qwen-code",
            Self::CopilotEditors => "copilot-editors",
        }
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pi => "pi",
            Self::ClaudeCode => "Claude Code",
            Self::Codex => "Codex",
            Self::Synaps => "synaps",
            Self::Opencode => "opencode",
            Self::GeminiCli => "Gemini CLI",
            Self::QwenCode => "Qwen Code",
            Self::CopilotEditors => "Copilot's editor plugins",
        }
    }

    /// Who renews its logins.
    pub fn rights(self) -> Rights {
        match self {
            Self::Pi => Rights::Shared,
            Self::ClaudeCode => Rights::OnRequest(
                "a Claude Code that does not look at its locks is logged out by our renewal, and \
                 we by its",
            ),
            Self::Codex => Rights::OnRequest(
                "Codex spends its refresh token without a lock, so one that renews at the same \
                 time logs both out: sign in once more for a login of your own instead",
            ),
            Self::Synaps
            | Self::Opencode
            | Self::GeminiCli
            | Self::QwenCode
            | Self::CopilotEditors => Rights::Guest,
        }
    }

    /// Whether we renew its logins, given that a person asked for it or not.
    pub fn may_renew(self, asked: bool) -> bool {
        match self.rights() {
            Rights::Shared => true,
            Rights::OnRequest(_) => asked,
            Rights::Guest => false,
        }
    }

    /// How it writes.
    pub fn shape(self) -> Shape {
        Shape::Of(self)
    }

    /// Where it keeps its logins, the likeliest file first.
    pub fn places(self, home: &Home) -> Vec<PathBuf> {
        let at_home = |path: &str| home.folder.as_ref().map(|folder| folder.join(path));
        let folder = match self {
            Self::Pi => home.named("PI_CODING_AGENT_DIR").or_else(|| at_home(".pi/agent")),
            Self::ClaudeCode => home.named("CLAUDE_CONFIG_DIR").or_else(|| at_home(".claude")),
            Self::Codex => home.named("CODEX_HOME").or_else(|| at_home(".codex")),
            Self::Synaps => at_home(".synaps-cli"),
            Self::Opencode => {
                let folder = home.named("XDG_DATA_HOME").or_else(|| at_home(".local/share"));
                folder.map(|folder| folder.join("opencode"))
            }
            Self::GeminiCli => at_home(".gemini"),
            Self::QwenCode => at_home(".qwen"),
            Self::CopilotEditors => {
                let folder = if home.windows {
                    home.named("LOCALAPPDATA")
                } else {
                    home.named("XDG_CONFIG_HOME").or_else(|| at_home(".config"))
                };
                folder.map(|folder| folder.join("github-copilot"))
            }
        };
        let files = self.files().iter();
        folder
            .into_iter()
            .flat_map(|folder| files.clone().map(move |file| folder.join(file)))
            .collect()
    }

    /// The tool that a file belongs to, wherever its folder was moved to.
    pub fn of(path: &Path, home: &Home) -> Option<Self> {
        Self::at(path, home).map(|(tool, _)| tool)
    }

    /// The same, with the path by which the tool itself goes to the file: its locks are beside that,
    /// wherever a link there leads.
    pub(super) fn at(path: &Path, home: &Home) -> Option<(Self, PathBuf)> {
        let resolved = path.canonicalize();
        let resolved = resolved.as_deref().unwrap_or(path);
        let is_at = |place: &PathBuf| {
            place == path || place.canonicalize().is_ok_and(|place| place == resolved)
        };
        Self::ALL.into_iter().find_map(|tool| {
            let usual = Path::new(tool.usual_folder());
            let is_usual = |file: &&str| path.ends_with(usual.join(file));
            let place = tool.places(home).into_iter().find(is_at);
            let is_usual = tool.files().iter().any(is_usual);
            Some((tool, place.or_else(|| is_usual.then(|| path.to_owned()))?))
        })
    }

    /// Every tool's file that holds something for us, with the keys of what is usable there. The
    /// files are only read, on this thread.
    pub fn discover(home: &Home) -> Vec<Found> {
        let places = |tool: Self| tool.places(home).into_iter().map(move |path| (tool, path));
        let found = Self::ALL.into_iter().flat_map(places).filter_map(|(tool, path)| {
            let text = private::read(&path).transpose()?;
            let entries = text.and_then(|text| tool.shape().entries(&text));
            let keys = entries.map_err(|why| why.of(&path, None)).map(|entries| {
                let is_login = |entry: &_| matches!(entry, Ok(Entry::Login(_)));
                entries.into_iter().filter(|(_, e)| is_login(e)).map(|(key, _)| key).collect()
            });
            Some(Found { tool, path, keys })
        });
        found.collect()
    }

    /// What its files are called.
    fn files(self) -> &'static [&'static str] {
        match self {
            Self::Pi | Self::Codex | Self::Synaps | Self::Opencode => &["auth.json"],
            Self::ClaudeCode => &[".credentials.json"],
            Self::GeminiCli | Self::QwenCode => &["oauth_creds.json"],
            Self::CopilotEditors => &["apps.json", "hosts.json"],
        }
    }

    /// The folder that nobody else names like this.
    fn usual_folder(self) -> &'static str {
        match self {
            Self::Pi => ".pi/agent",
            Self::ClaudeCode => ".claude",
            Self::Codex => ".codex",
            Self::Synaps => ".synaps-cli",
            Self::Opencode => "opencode",
            Self::GeminiCli => ".gemini",
            Self::QwenCode => ".qwen",
            Self::CopilotEditors => "github-copilot",
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Tool {
    type Err = UnknownTool;

    fn from_str(id: &str) -> Result<Self, UnknownTool> {
        Self::ALL.into_iter().find(|tool| tool.id() == id).ok_or(UnknownTool)
    }
}

/// No tool has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownTool;

impl fmt::Display for UnknownTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&str> = Tool::ALL.iter().map(|tool| tool.id()).collect();
        write!(f, "not a tool that is known here: one of {}", ids.join(", "))
    }
}

impl std::error::Error for UnknownTool {}

/// A tool's file that is there.
#[derive(Debug)]
pub struct Found {
    /// Whose.
    pub tool: Tool,
    /// Where.
    pub path: PathBuf,
    /// What is usable in it, or why nothing is.
    pub keys: Result<Vec<Key>, StoreError>,
}

/// What the places of files depend on.
#[derive(Clone, Debug, Default)]
pub struct Home {
    /// The person's home folder.
    pub folder: Option<PathBuf>,
    /// The environment variables that name folders.
    pub variables: BTreeMap<&'static str, OsString>,
    /// On Windows some places differ.
    pub windows: bool,
}

impl Home {
    /// Looks at this process.
    pub fn look() -> Self {
        const VARIABLES: [&str; 6] = [
            "CLAUDE_CONFIG_DIR",
            "CODEX_HOME",
            "LOCALAPPDATA",
            "PI_CODING_AGENT_DIR",
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
        ];
        let variables = VARIABLES.into_iter();
        Self {
            folder: etcetera::home_dir().ok(),
            variables: variables.filter_map(|name| Some((name, std::env::var_os(name)?))).collect(),
            windows: cfg!(windows),
        }
    }

    /// The folder in a variable, if that is set to something; `~` is the home folder.
    fn named(&self, variable: &str) -> Option<PathBuf> {
        let folder = Path::new(self.variables.get(variable).filter(|folder| !folder.is_empty())?);
        match (folder.strip_prefix("~"), &self.folder) {
            (Ok(rest), Some(home)) => Some(home.join(rest)),
            (Ok(_), None) | (Err(_), _) => Some(folder.to_owned()),
        }
    }
}
