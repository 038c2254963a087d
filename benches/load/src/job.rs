//! What there is to do, and what was measured.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A workload on one room of one server.
#[derive(Clone, Deserialize)]
pub struct Job {
    /// Which.
    pub workload: Workload,
    /// Where the room's sockets are, with `{room}` for its id; a client's name is added as a query.
    pub url: String,
    /// The room's id.
    pub room: String,
    /// The server's process, whose CPU time is read.
    pub pid: i32,
    /// How many sockets.
    pub clients: usize,
    /// How many messages, events or rows are measured; what that is, the workload says.
    #[serde(default)]
    pub messages: usize,
    /// How many go before, unmeasured.
    #[serde(default)]
    pub warmup: usize,
    /// How many messages a client has in flight at most.
    #[serde(default = "one")]
    pub window: usize,
    /// How large the room is made before: rows of history, or bytes of state.
    #[serde(default)]
    pub size: usize,
}

fn one() -> usize {
    1
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Workload {
    Echo,
    /// Ten of many clients have their messages echoed.
    Crowd,
    FanOut,
    Durable,
    History,
    ReadHistory,
    Joining,
    Schedule,
    /// Connects sockets and leaves them.
    Sleep,
    /// One of the sleeping sockets speaks, and is answered.
    Wake,
    /// One of the sleeping sockets speaks to all.
    WakeAll,
    /// Connects one socket to each of many rooms, and leaves them.
    Rooms,
    /// Nothing: what the server holds is read.
    Rest,
}

/// What a job cost the server.
#[derive(Default, Serialize)]
pub struct Measured {
    /// What the times below are divided by, to be a message's.
    pub messages: usize,
    pub cpu_nanos: u64,
    pub wall_nanos: u64,
    /// Latencies: the median, and what 99 of 100 are under.
    pub p50_micros: f64,
    pub p99_micros: f64,
    /// The server's resident memory after it.
    pub rss_bytes: u64,
}

impl Measured {
    /// From the latencies of all messages, in any order.
    pub fn with_latencies(mut self, mut latencies: Vec<Duration>) -> Self {
        latencies.sort_unstable();
        let at = |share: f64| {
            let index = (latencies.len() as f64 * share) as usize;
            let latency = latencies.get(index.min(latencies.len().saturating_sub(1)));
            latency.map_or(0.0, |latency| latency.as_secs_f64() * 1e6)
        };
        (self.p50_micros, self.p99_micros) = (at(0.5), at(0.99));
        self
    }
}
