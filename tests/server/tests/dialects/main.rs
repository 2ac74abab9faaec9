//! What each vendor does differently.

#[path = "../support/mod.rs"]
mod support;

mod anthropic;
mod codex;
mod github;
mod google;

use grantflow_test_server::{Config, Dialect, Person};
use support::{ISSUER, World};

fn approving(dialect: Dialect) -> World {
    World::new(Config { person: Person::Approve, ..Config::new(dialect, ISSUER) })
}
