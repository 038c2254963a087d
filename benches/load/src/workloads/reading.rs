//! One client reads the end of a history again and again.

use std::time::Instant;

use super::pipelined::fill;
use crate::Failure;
use crate::client::{Client, Event, Heard, close_all};
use crate::job::{Job, Measured};
use crate::process::Process;

pub async fn run(job: Job) -> Result<Measured, Failure> {
    let process = Process::new(job.pid)?;
    let mut clients = Client::connect_all(&job).await?;
    let client = &mut clients[0];
    fill(client, job.size).await?;
    read(client, job.warmup, job.size).await?;
    let mark = process.mark()?;
    let latencies = read(client, job.messages, job.size).await?;
    let measured = process.since(&mark, job.messages)?;
    close_all(clients).await?;
    Ok(measured.with_latencies(latencies))
}

async fn read(
    client: &mut Client,
    times: usize,
    size: usize,
) -> Result<Vec<std::time::Duration>, Failure> {
    let mut latencies = Vec::with_capacity(times);
    for _ in 0..times {
        let since = Instant::now();
        match client.ask(&Event::Last {}).await? {
            Heard::Rows { rows } if rows.len() == size.min(100) => latencies.push(since.elapsed()),
            other => return Err(format!("not the last 100 rows: {other:?}").into()),
        }
    }
    Ok(latencies)
}
