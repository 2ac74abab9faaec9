//! `import`: another tool's login, used from here. It is read where that tool keeps it, and never
//! renewed by us: two who spend one refresh token log each other out.

use grantflow::store::{Found, Home, Tool};
use grantflow::{Error, FileStore, Key};
use serde_json::json;

use crate::arguments::{Import, Which};
use crate::choose::{self, Choice};
use crate::exit::{Exit, Failure};
use crate::here::{Here, Store, tool_of};
use crate::output::wrap;

/// What a tool has for us.
struct Offer {
    tool: Tool,
    /// Where it keeps it.
    file: FileStore,
    keys: Vec<Key>,
}

/// Refers to a tool's login, with the person's consent.
pub(crate) async fn import(here: &Here, asked: &Import) -> Result<Exit, Failure> {
    let store = own(here)?;
    let home = Home::look();
    let offers = offers(here, asked.tool, &home)?;
    if offers.is_empty() {
        return Err(nothing(asked.tool, &home));
    }
    let offer = one_of(here, offers).await?;
    consent(here, &offer, asked).await?;
    let mut taken = Vec::new();
    for key in &offer.keys {
        if !refer(here, &store, &offer, key, asked.replace)? {
            taken.push(key.to_string());
        }
    }
    if !taken.is_empty() {
        let taken = taken.join(", ");
        let again = Import::agreed(offer.tool, true, &here.place);
        return Err(Failure::new(
            Exit::NeedsPerson,
            format!("there is something for {taken} in {} already", store.path().display()),
            format!("to forget that: grantflow import {again}"),
        ));
    }
    let name = offer.tool.name();
    let text = format!(
        "{name} goes on renewing it: when it has lapsed, use {name} once. For a login that is \
         renewed here: grantflow login"
    );
    for line in wrap(&text, here.output.width) {
        here.output.result(&line)?;
    }
    Ok(Exit::Ok)
}

/// A reference can stand in a file of ours alone.
fn own(here: &Here) -> Result<FileStore, Failure> {
    match here.store()? {
        Store::File(file) if tool_of(file.path()).is_none() => Ok(file),
        Store::File(_) | Store::Keychain(_) => Err(Failure::usage(
            "a reference to another tool's login stands in a file of grantflow's own",
            "leave out --store, or name a file of your own by it",
        )),
    }
}

/// What is found, told one by one.
fn offers(here: &Here, only: Option<Tool>, home: &Home) -> Result<Vec<Offer>, Failure> {
    let found = Tool::discover(home).into_iter();
    let mut offers: Vec<Offer> = Vec::new();
    for Found { tool, path, keys } in found.filter(|found| only.is_none_or(|it| it == found.tool)) {
        let place = path.display().to_string();
        let names = keys.iter().flatten().map(Key::to_string).collect::<Vec<_>>();
        let trouble = keys.as_ref().err().map(ToString::to_string);
        here.output.event(
            "found",
            &json!({ "tool": tool.id(), "name": tool.name(), "path": place,
                "logins": names, "message": trouble,
            }),
        )?;
        let what = match (&trouble, names.is_empty()) {
            (Some(why), _) => why.clone(),
            (None, true) => format!("no login in {place}"),
            (None, false) => format!("{} in {place}", names.join(", ")),
        };
        here.output.explain(&format!("{}: {what}", tool.name()));
        let keys: Vec<Key> = keys.unwrap_or_default();
        // Of two files of one tool the first counts.
        if !keys.is_empty() && offers.iter().all(|offer| offer.tool != tool) {
            offers.push(Offer { tool, file: FileStore::at(path), keys });
        }
    }
    Ok(offers)
}

async fn one_of(here: &Here, mut offers: Vec<Offer>) -> Result<Offer, Failure> {
    if offers.len() > 1 {
        let choices = offers.iter().map(|offer| Choice {
            id: offer.tool.id().to_owned(),
            name: offer.tool.name().to_owned(),
            note: offer.keys.iter().map(Key::to_string).collect::<Vec<_>>().join(", "),
        });
        let id = choose::one(&here.output, "Use the login of", choices.collect()).await?;
        offers.retain(|offer| offer.tool.id() == id);
    }
    offers.pop().ok_or_else(Failure::interrupted)
}

async fn consent(here: &Here, offer: &Offer, asked: &Import) -> Result<(), Failure> {
    if asked.yes {
        return Ok(());
    }
    let name = offer.tool.name();
    let what = format!("the login is {name}'s, and using it from here is for a person to decide");
    if !choose::person(&here.output) {
        let again = Import::agreed(offer.tool, asked.replace, &here.place);
        let next = format!("if you agree: grantflow import {again}");
        return Err(Failure::new(Exit::NeedsPerson, what, next));
    }
    let question = format!("Use the login of {name} from here? It is read, and never changed");
    if choose::agree(&here.output, &question).await? {
        return Ok(());
    }
    Err(Failure::new(Exit::NeedsPerson, what, "nothing was changed"))
}

/// `false` if something stands in the way.
fn refer(
    here: &Here,
    store: &FileStore,
    Offer { tool, file, .. }: &Offer,
    key: &Key,
    replacing: bool,
) -> Result<bool, Failure> {
    let done = store.refer(key, *tool, file.path(), replacing);
    let again = || Which::default().again(key, &here.place);
    if !done.map_err(|why| Failure::of(&again(), &Error::Store(why)))? {
        return Ok(false);
    }
    here.output.event(
        "imported",
        &json!({ "provider": key.provider, "account_name": key.account,
            "borrowed_from": tool.name(), "path": file.path().display().to_string(),
        }),
    )?;
    let mark = here.output.out.green("borrowed");
    here.output.result(&format!("{mark} {key} from {}", tool.name()))?;
    Ok(true)
}

/// Nothing was found: then it helps to know where it was looked for.
fn nothing(only: Option<Tool>, home: &Home) -> Failure {
    let tools = Tool::ALL.into_iter().filter(|tool| only.is_none_or(|only| only == *tool));
    let places = tools.flat_map(|tool| tool.places(home));
    let places: Vec<_> = places.map(|place| place.display().to_string()).collect();
    let what = format!("no login of another tool was found in {}", places.join(", "));
    Failure::new(Exit::SignInAgain, what, "sign in: grantflow login")
}
