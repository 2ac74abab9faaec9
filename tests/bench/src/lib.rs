//! What the parts of the benchmarks share: rounds, results, and the same work done by each peer.
//!
//! | module | holds |
//! |---|---|
//! | [`rounds`] | contenders taken in turn, so that the noise of the machine meets all of them alike |
//! | [`results`] | what was measured and on what, as JSON; every figure of the document is made from it |
//! | [`flows`] | the logins and the renewal of part 1, by us, by each peer, and by hand |
//! | [`fleet`] | many logins in flight, and ways to drive them |
//! | [`herd`] | everyone who wants one token, in tasks and in processes |
//! | [`place`], [`cached`] | a login in a file with a server beside it; one in huskarl's cache |
//! | [`polling`] | simulated people, and how each client polls for them |

pub mod cached;
pub mod fleet;
pub mod flows;
pub mod herd;
pub mod looks;
pub mod place;
pub mod polling;
pub mod results;
pub mod rounds;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// The value of a future that waits for nothing, which is all an executor costs here.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}
