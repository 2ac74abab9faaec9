//! A gate on somebody's way, so that a test decides what happens first.

use tokio::sync::watch;

/// Lets everyone through until it is shut. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate(watch::Sender<Way>);

#[derive(Debug, Default)]
struct Way {
    is_shut: bool,
    /// How many have come to it since it was shut.
    arrived: usize,
}

impl Default for Gate {
    fn default() -> Self {
        Self(watch::Sender::new(Way::default()))
    }
}

impl Gate {
    /// Whoever comes from now on waits.
    pub fn shut(&self) {
        self.0.send_replace(Way { is_shut: true, arrived: 0 });
    }

    /// Everyone may pass.
    pub fn open(&self) {
        self.0.send_modify(|way| way.is_shut = false);
    }

    /// Until so many have come to the gate since it was shut.
    pub async fn arrived(&self, count: usize) {
        self.until(|way| way.arrived >= count).await;
    }

    /// Goes through, as soon as it is open.
    pub async fn pass(&self) {
        self.0.send_modify(|way| way.arrived += 1);
        self.until(|way| !way.is_shut).await;
    }

    async fn until(&self, is_so: impl FnMut(&Way) -> bool) {
        // Fails only without a sender, and `self` is one.
        let _ = self.0.subscribe().wait_for(is_so).await;
    }
}
