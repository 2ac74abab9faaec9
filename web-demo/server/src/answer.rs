//! What a service worker does with a request.

use std::fmt;

use grantflow_test_server::Reply;
use serde_json::Value;
use wasm_bindgen::prelude::*;

/// A response to give, or a connection to break.
#[wasm_bindgen]
pub struct Answer {
    kind: &'static str,
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    is_late: bool,
}

#[wasm_bindgen]
impl Answer {
    /// `answer`, `stall`, `reset`, or `truncated`: break off after `body`.
    #[wasm_bindgen(getter)]
    pub fn kind(&self) -> String {
        self.kind.into()
    }

    /// The status code; 0 where there is no response.
    #[wasm_bindgen(getter)]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// A JSON array of names and values.
    #[wasm_bindgen(getter)]
    pub fn headers(&self) -> String {
        let pairs = self.headers.iter().map(|(name, value)| Value::from(vec![&**name, &**value]));
        pairs.collect::<Value>().to_string()
    }

    /// What there is of the body.
    #[wasm_bindgen(getter)]
    pub fn body(&self) -> Vec<u8> {
        self.body.clone()
    }

    /// Give it when the client has stopped waiting.
    #[wasm_bindgen(getter, js_name = isLate)]
    pub fn is_late(&self) -> bool {
        self.is_late
    }
}

impl Answer {
    pub(crate) fn of(reply: Reply, is_late: bool) -> Self {
        let (kind, response, bytes) = match reply {
            Reply::Answer(response) => ("answer", Some(response), usize::MAX),
            Reply::Truncated { response, bytes } => ("truncated", Some(response), bytes),
            Reply::Stall => ("stall", None, 0),
            Reply::Reset { .. } => ("reset", None, 0),
        };
        let (status, headers, mut body) = response
            .map_or((0, Vec::new(), Vec::new()), |response| {
                (response.status, response.headers, response.body)
            });
        body.truncate(bytes);
        Self { kind, status, headers, body, is_late }
    }
}

/// Bodies and headers carry secrets.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({} {}, {} bytes)", self.kind, self.status, self.body.len())
    }
}
