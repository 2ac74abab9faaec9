//! Processes that renew until they are told to end, or are killed and replaced.

use tokio::process::Child;

use crate::scene::{Scene, within};

pub(crate) struct Crew<'s> {
    scene: &'s Scene,
    told: Vec<&'s str>,
    members: Vec<Child>,
    /// When somebody was killed, by the server's clock.
    pub(crate) kills: Vec<u64>,
    /// Who.
    pub(crate) dead: Vec<u32>,
}

impl<'s> Crew<'s> {
    pub(crate) fn of(size: usize, scene: &'s Scene, told: &[&'s str]) -> Self {
        let members = (0..size).map(|_| scene.renewer(told)).collect();
        Self { scene, told: told.to_vec(), members, kills: Vec::new(), dead: Vec::new() }
    }

    pub(crate) fn pid(&self, which: usize) -> u32 {
        self.members[which].id().unwrap()
    }

    /// `kill -9`, and a new one in its place.
    pub(crate) async fn kill(&mut self, which: usize) {
        let next = self.scene.renewer(&self.told);
        let mut member = std::mem::replace(&mut self.members[which], next);
        self.dead.extend(member.id());
        member.kill().await.unwrap();
        self.kills.push(self.scene.server.now_ms());
    }

    /// Lets all of them end what they are doing.
    pub(crate) async fn disband(self) {
        for mut member in self.members {
            drop(member.stdin.take());
            assert!(within(member.wait()).await.unwrap().success());
        }
    }

    /// `kill -9`, and nobody in their place. Gives the moments of all kills.
    pub(crate) async fn kill_all(mut self) -> Vec<u64> {
        for mut member in self.members.drain(..) {
            member.kill().await.unwrap();
            self.kills.push(self.scene.server.now_ms());
        }
        self.kills
    }
}
