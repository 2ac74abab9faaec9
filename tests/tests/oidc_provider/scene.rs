//! Logins as an agent has them: the facade, a real listener, real HTTP and a real clock.

use std::time::Duration;

use grantflow::drive::BoxFuture;
use grantflow::environment::{Environment, Surroundings};
use grantflow::{
    Client, Credential, Error, FileStore, Host, LoginOptions, Logins, Prompt, Route, Secret, SignIn,
};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::peer::{Kind, Peer};

pub(crate) struct Scene {
    pub(crate) peer: Peer,
    pub(crate) client: Client,
    pub(crate) logins: Logins,
    folder: TempDir,
}

impl Scene {
    pub(crate) async fn of(kind: Kind) -> Self {
        let peer = Peer::start().await;
        let client = peer.client(kind);
        let folder = TempDir::new().unwrap();
        let logins = Logins::open(folder.path().join("auth.json")).unwrap();
        let logins = logins.with_client(client.clone());
        Self { peer, client, logins, folder }
    }

    /// Where the logins are kept.
    pub(crate) fn store(&self) -> FileStore {
        FileStore::at(self.folder.path().join("auth.json"))
    }

    /// A login, and beside it the person who is asked; what the person returns is pasted.
    pub(crate) async fn login(
        &self,
        route: Route,
        person: impl AsyncFnOnce(Prompt) -> Option<String>,
    ) -> Result<Credential, Error> {
        let (shown, mut prompts) = mpsc::unbounded_channel();
        let (clipboard, pasted) = mpsc::unbounded_channel();
        let mut screen = Screen { shown, pasted };
        let options = LoginOptions {
            route: Some(route),
            open_browser: false,
            environment: Environment::of(&Surroundings::default()),
            ..LoginOptions::default()
        };
        // The screen goes with the login, so that nobody waits for prompts after its end.
        let login = async move { self.logins.login(&self.client, &options, &mut screen).await };
        let person = async {
            if let Some(prompt) = prompts.recv().await
                && let Some(text) = person(prompt).await
            {
                clipboard.send(Secret::new(text)).unwrap();
            }
        };
        tokio::join!(login, person).0
    }

    /// A browser login whose person approves.
    pub(crate) async fn sign_in(&self) -> Credential {
        let person = async |prompt| {
            self.peer.approve(&sign_in(&prompt).url).await;
            None
        };
        self.login(Route::Browser, person).await.unwrap()
    }
}

/// Where a browser login sends the person.
pub(crate) fn sign_in(prompt: &Prompt) -> &SignIn {
    let Prompt::OpenUrl { sign_ins, .. } = prompt else { panic!("{prompt:?}") };
    &sign_ins[0]
}

/// Shows prompts to the person and takes what they paste.
struct Screen {
    shown: mpsc::UnboundedSender<Prompt>,
    pasted: mpsc::UnboundedReceiver<Secret>,
}

impl Host for Screen {
    fn show(&mut self, prompt: &Prompt, _left: Duration) {
        self.shown.send(prompt.clone()).unwrap();
    }

    fn paste(&mut self) -> BoxFuture<'_, Secret> {
        Box::pin(async {
            match self.pasted.recv().await {
                Some(text) => text,
                None => std::future::pending().await,
            }
        })
    }
}
