//! Behaviours of grantflow that span its crates, and the record of which requirements they cover.

pub mod canaries;
mod chance;
mod command;
mod covers;
mod detour;
pub mod faults;
pub mod gate;
pub mod in_process;
pub mod local;
mod relay;
pub mod renewing;
pub mod world;

pub use chance::Chance;
pub use command::command;
pub use covers::{Account, account, covers};
pub use detour::Detour;
pub use relay::Relay;
