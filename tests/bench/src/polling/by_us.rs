//! grantflow-core as it is shipped.

use grantflow_core::{Client, Flow, Machine as _, Now, Response, Scope, Step, TransportError};
use grantflow_test_server::Request;
use grantflow_tests::world::entropy;

use super::{Shared, lock};

/// Whether the login comes to a token.
pub fn login(client: &Client, world: &Shared) -> bool {
    let mut world = lock(world);
    let now = |micros: u64| Now { wall: micros / 1000, mono: micros / 1000 };
    let mut flow = Flow::device(client, Scope::default(), &entropy(7), now(world.now())).unwrap();
    loop {
        match flow.poll(now(world.now())) {
            Step::Send(request) => {
                let path = request.url.strip_prefix(grantflow_tests::local::ISSUER).unwrap();
                let headers = request.headers.iter();
                let sent = Request {
                    method: "POST".into(),
                    path_and_query: path.into(),
                    headers: headers
                        .map(|header| (header.name.clone(), header.value.expose().to_owned()))
                        .collect(),
                    body: request.body.expose().as_bytes().to_vec(),
                };
                let answer = world.deliver(&sent).map(|(status, body)| Response::new(status, body));
                let answer = answer.ok_or(TransportError::Lost);
                flow.handle_response(now(world.now()), request.id, &answer).unwrap();
            }
            Step::Wait(wait) => world.sleep(u64::try_from(wait.unwrap().as_micros()).unwrap()),
            Step::Done(outcome) => return outcome.is_ok(),
        }
    }
}
