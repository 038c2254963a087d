//! Many clients come into a room and go again.

use std::time::Instant;

use futures_util::{StreamExt, stream};

use crate::Failure;
use crate::client::{Client, Event, Heard};
use crate::job::{Job, Measured};
use crate::process::Process;

/// How many are on their way in or out at a time.
const SIDE_BY_SIDE: usize = 32;

pub async fn run(job: Job) -> Result<Measured, Failure> {
    let process = Process::new(job.pid)?;
    if job.warmup > 0 {
        let (clients, _) = enter(&Job { clients: job.warmup, ..job.clone() }).await?;
        leave(clients).await?;
    }
    let mark = process.mark()?;
    let (clients, latencies) = enter(&job).await?;
    leave(clients).await?;
    Ok(process.since(&mark, job.clients)?.with_latencies(latencies))
}

/// Connects all, and makes sure that the room knows the last of them.
pub(super) async fn enter(job: &Job) -> Result<(Vec<Client>, Vec<std::time::Duration>), Failure> {
    let joined: Vec<_> = stream::iter(0..job.clients)
        .map(|n| async move {
            let since = Instant::now();
            let client = Client::connect(job, &format!("c{n}")).await?;
            Ok::<_, Failure>((client, since.elapsed()))
        })
        .buffer_unordered(SIDE_BY_SIDE)
        .collect()
        .await;
    let joined: Result<Vec<_>, _> = joined.into_iter().collect();
    let (mut clients, latencies): (Vec<_>, Vec<_>) = joined?.into_iter().unzip();
    let answer = clients[0].ask(&Event::Echo { text: "here" }).await?;
    if answer != (Heard::Echo { text: "here".into() }) {
        return Err(format!("not echoed: {answer:?}").into());
    }
    Ok((clients, latencies))
}

/// Closes all; each close is answered.
async fn leave(clients: Vec<Client>) -> Result<(), Failure> {
    let left: Vec<_> =
        stream::iter(clients).map(Client::close).buffer_unordered(SIDE_BY_SIDE).collect().await;
    left.into_iter().collect()
}
