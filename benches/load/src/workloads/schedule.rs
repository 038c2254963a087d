//! Named events: many are planned, half of them cancelled, the others moved near, and they fire.

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Failure;
use crate::client::{Client, Event, Heard};
use crate::job::{Job, Measured};
use crate::process::Process;

const LATER: Duration = Duration::from_secs(24 * 60 * 60);

/// The moved events are due when the slowest system has moved them all.
fn soon(events: usize) -> Duration {
    Duration::from_secs(1) + Duration::from_millis(1) * u32::try_from(events).unwrap_or(u32::MAX)
}

pub async fn run(job: Job) -> Result<Measured, Failure> {
    let process = Process::new(job.pid)?;
    let mut planner = Planner::new(Client::connect(&job, "c0").await?, job.window);
    let names: Vec<String> = (0..job.messages).map(|n| format!("event-{n}")).collect();
    let (cancelled, fired) = names.split_at(names.len() / 2);
    let later = millis(LATER)?;

    let mark = process.mark()?;
    for (n, name) in (0..).zip(&names) {
        planner.say(&Event::Plan { name, at: later + n }).await?;
    }
    for name in cancelled {
        planner.say(&Event::Cancel { name }).await?;
    }
    let soon = millis(soon(fired.len()))?;
    for name in fired {
        planner.say(&Event::Plan { name, at: soon }).await?;
    }
    while planner.fired.len() < fired.len() {
        planner.hear().await?;
    }
    // Four things happen to events: they are planned, cancelled, moved, and they fire.
    let measured = process.since(&mark, names.len() + cancelled.len() + 2 * fired.len())?;
    if fired.iter().any(|name| !planner.fired.contains(name)) {
        return Err("an event did not fire".into());
    }
    planner.client.close().await?;
    Ok(measured)
}

/// A client with several messages in flight.
struct Planner {
    client: Client,
    window: usize,
    in_flight: usize,
    fired: HashSet<String>,
}

impl Planner {
    fn new(client: Client, window: usize) -> Self {
        Self { client, window, in_flight: 0, fired: HashSet::new() }
    }

    async fn say(&mut self, event: &Event<'_>) -> Result<(), Failure> {
        self.client.put(event).await?;
        self.in_flight += 1;
        if self.in_flight == self.window {
            self.client.flush().await?;
            while self.in_flight > self.window / 2 {
                self.hear().await?;
            }
        }
        Ok(())
    }

    async fn hear(&mut self) -> Result<(), Failure> {
        self.client.flush().await?;
        match self.client.hear().await? {
            Heard::Planned { .. } | Heard::Cancelled { .. } => self.in_flight -= 1,
            Heard::Fired { name } => {
                if let Some(twice) = self.fired.replace(name) {
                    return Err(format!("{twice} fired twice").into());
                }
            }
            other => return Err(format!("neither planned nor fired: {other:?}").into()),
        }
        Ok(())
    }
}

/// A time from now, as the room takes it.
fn millis(from_now: Duration) -> Result<u64, Failure> {
    let at = SystemTime::now().duration_since(UNIX_EPOCH)? + from_now;
    Ok(u64::try_from(at.as_millis())?)
}
