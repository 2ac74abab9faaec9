//! Four logins and a renewal, over real HTTP, against a server on this machine.
//!
//! What is printed comes from the driver's events; what the server wrote down is compared with it
//! at the end of each scene.

mod narrator;
mod scenes;
mod web;

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use grantflow::core::Digest;
use grantflow::{Client, Credential, Key, LoginOptions, Logins, ProviderFile, Secret};
use grantflow_test_server::{Server, http};
use serde_json::json;

use crate::arguments::Demo;
use crate::demo::narrator::Narrator;
use crate::demo::scenes::Scene;
use crate::exit::{Exit, Failure};
use crate::output::{Output, span, wrap};
use crate::provider::ourselves;
use crate::session::{self, signed_in, until};

/// A scripted person is quick; this ends a demo that got stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// Plays all scenes, or serves the page that lets them be played with.
pub(crate) async fn run(output: Output, asked: &Demo) -> Result<Exit, Failure> {
    if asked.web {
        return web::serve(output, asked.port).await;
    }
    let begun = Instant::now();
    let folder = tempfile::tempdir()?;
    let narrator = Narrator::new(output, asked.interactive);
    let logins =
        Logins::open(folder.path().join("auth.json")).map_err(|error| Failure::of("", &error))?;
    introduce(&output)?;

    let scenes = scenes::logins(asked.interactive);
    let mut rotating = None;
    for (index, scene) in scenes.iter().enumerate() {
        narrator.begin(index + 1, scenes.len() + 1, scene.title, scene.about)?;
        let played = play(&logins, &narrator, scene, asked.interactive).await?;
        narrator.end(&played.server, &[held(&played.credential)])?;
        if scene.renewed_later {
            rotating = Some(played);
        }
    }
    if let Some(played) = rotating {
        narrator.begin(scenes.len() + 1, scenes.len() + 1, scenes::RENEWAL.0, scenes::RENEWAL.1)?;
        // What a store is asked for is told here alone: in a login it would only be noise.
        let watching = narrator.clone();
        let logins = logins.with_client(played.client.clone());
        let logins = logins.with_watch(move |event| watching.event(event));
        renew(&logins, &narrator, &played).await?;
    }

    let seconds = begun.elapsed().as_secs_f64();
    output.event("demo_finished", &json!({ "seconds": seconds }))?;
    output.result(&format!("All in {seconds:.1} s. Next: grantflow providers, grantflow login"))?;
    Ok(Exit::Ok)
}

fn introduce(output: &Output) -> Result<(), Failure> {
    let text = "Four logins and a renewal, over real HTTP, against a server on this machine. \
                The machine decides, the program around it performs. Their contract: poll; save; \
                do what the step says; tell it what happened; repeat.";
    for line in wrap(text, output.width) {
        output.result(&line)?;
    }
    Ok(output.result("")?)
}

/// What a scene leaves behind for the next.
struct Played {
    server: http::Handle,
    client: Client,
    credential: Credential,
}

async fn play(
    logins: &Logins,
    narrator: &Narrator,
    scene: &Scene,
    interactive: bool,
) -> Result<Played, Failure> {
    let server = http::serve(Server::new(scene.server.clone()), (Ipv4Addr::LOCALHOST, 0).into());
    let server = server.await?;
    let file = (scene.provider)(&server.issuer()).to_string();
    let ProviderFile { provider, mut configuration } = ProviderFile::parse(&file)
        .map_err(|why| Failure::new(Exit::Failed, why, "report this: a demo never fails so"))?;
    configuration.patience = Some(PATIENCE).filter(|_| !interactive);
    configuration.variables = ourselves();
    let client = Client::new(provider, configuration)?;
    let options = LoginOptions {
        route: Some(scene.route),
        open_browser: interactive,
        ..LoginOptions::default()
    };
    let login = logins.login(&client, &options, &mut narrator.clone()).await;
    let credential = login.map_err(|error| Failure::of(scene.title, &error))?;
    narrator.object("signed_in", &signed_in(&Key::of(&credential.provider), &credential))?;
    Ok(Played { server, client, credential })
}

async fn renew(logins: &Logins, narrator: &Narrator, played: &Played) -> Result<(), Failure> {
    let id = &played.credential.provider;
    narrator.skip(&played.server);
    let renewed = logins.refresh(id).await.map_err(|error| Failure::of(id, &error))?;
    let renewed = renewed.credential();
    narrator.object("renewed", &session::renewed(&Key::of(id), renewed))?;
    let [spent, new] = [&played.credential, renewed].map(|credential| {
        credential.refresh_token.as_ref().map(Secret::digest).map(|digest| short(&digest))
    });
    let rotated = match (spent, new) {
        (Some(spent), Some(new)) => format!("refresh_token {spent} is spent, {new} replaces it"),
        (_, _) => "no refresh_token".to_owned(),
    };
    narrator.end(&played.server, &[held(renewed), rotated])
}

/// What we have now, and nothing of it shown.
fn held(credential: &Credential) -> String {
    let life = until(credential.expires_at).map(|left| format!(", good for {}", span(left)));
    format!("access_token {}{}", "\u{2022}".repeat(8), life.unwrap_or_default())
}

/// The form in which a secret may be told from another.
fn short(digest: &Digest) -> String {
    let digits = digest.to_string();
    format!("#{}", digits.get(..6).unwrap_or(&digits))
}
