//! A person whose browser is behind the same network, and who tries again.

use std::time::Duration;

use grantflow::drive::BoxFuture;
use grantflow::{Host, Prompt, Route, Secret, Way};
use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use tokio::sync::mpsc;

const TRIES: usize = 5;
/// How long a browser waits.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) struct Person {
    route: Route,
    to_paste: mpsc::UnboundedSender<String>,
    clipboard: mpsc::UnboundedReceiver<String>,
}

impl Person {
    pub(crate) fn going(route: Route) -> Self {
        let (to_paste, clipboard) = mpsc::unbounded_channel();
        Self { route, to_paste, clipboard }
    }
}

impl Host for Person {
    fn show(&mut self, prompt: &Prompt, _left: Duration) {
        // Codes are approved by the server itself.
        let Prompt::OpenUrl { sign_ins, .. } = prompt else { return };
        let sign_in = sign_ins.iter().find(|sign_in| sign_in.way == Way::Redirect).unwrap();
        let (url, clipboard) = (sign_in.url.clone(), self.to_paste.clone());
        let pastes = self.route == Route::Paste;
        tokio::spawn(async move {
            let Some(back) = sign_in_at(&url).await else { return };
            if pastes {
                // Fails if the login is over.
                let _ = clipboard.send(back);
            } else {
                browse(&back).await;
            }
        });
    }

    fn paste(&mut self) -> BoxFuture<'_, Secret> {
        Box::pin(async { Secret::new(self.clipboard.recv().await.unwrap()) })
    }
}

/// Where the server sends the browser, unless the network wins.
async fn sign_in_at(url: &str) -> Option<String> {
    for _ in 0..TRIES {
        let answer = browse(url).await;
        let back = answer.as_ref().and_then(|answer| answer.headers().get(LOCATION));
        if let Some(back) = back.and_then(|back| back.to_str().ok()) {
            return Some(back.to_owned());
        }
    }
    None
}

async fn browse(url: &str) -> Option<reqwest::Response> {
    let browser = reqwest::Client::builder().redirect(Policy::none()).timeout(PATIENCE);
    // It meets no https here, and to read the system's certificates takes its time.
    let browser = browser.no_proxy().tls_certs_only([]).build().unwrap();
    browser.get(url).send().await.ok()
}
