//! Clients that each send one message after the other, with several in flight, and get an answer to
//! each: echoed, counted in the saved state, or appended to a history.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use super::text;
use crate::client::{Client, Event, Heard, close_all};
use crate::job::{Job, Measured, Workload};
use crate::process::Process;
use crate::{Failure, check};

/// Rows are filled in by so many a message.
const ROWS_AT_ONCE: usize = 1_000;

/// Of more clients the others listen.
const MOST_TALKING: usize = 10;

pub async fn run(job: Job) -> Result<Measured, Failure> {
    let process = Process::new(job.pid)?;
    let mut clients = Client::connect_all(&job).await?;
    prepare(&mut clients[0], &job).await?;
    let talking = clients.len().min(MOST_TALKING);
    play(&mut clients[..talking], &job, job.warmup).await?;
    let mark = process.mark()?;
    let rounds = play(&mut clients[..talking], &job, job.messages).await?;
    let measured = process.since(&mark, job.messages)?;
    let (numbers, latencies): (Vec<_>, Vec<_>) = rounds.into_iter().unzip();
    if matches!(job.workload, Workload::Durable | Workload::History) {
        check::counted(numbers)?;
    }
    close_all(clients).await?;
    Ok(measured.with_latencies(latencies.into_iter().flatten().collect()))
}

async fn prepare(client: &mut Client, job: &Job) -> Result<(), Failure> {
    if !matches!(job.workload, Workload::History) {
        if job.size > 0 {
            client.ask(&Event::Pad { bytes: job.size }).await?;
        }
        return Ok(());
    }
    fill(client, job.size).await
}

pub(super) async fn fill(client: &mut Client, size: usize) -> Result<(), Failure> {
    let mut rows = 0;
    while rows < size {
        let more = ROWS_AT_ONCE.min(size - rows);
        rows += more;
        match client.ask(&Event::Fill { rows: more }).await? {
            Heard::Posted { seq } if seq == rows as u64 => {}
            other => return Err(format!("{rows} rows were to be there: {other:?}").into()),
        }
    }
    Ok(())
}

/// All clients side by side; what each counted, and how long each answer took.
async fn play(
    clients: &mut [Client],
    job: &Job,
    messages: usize,
) -> Result<Vec<(Vec<u64>, Vec<Duration>)>, Failure> {
    let each = messages / clients.len();
    try_join_all(clients.iter_mut().map(|client| talk(client, job, each))).await
}

async fn talk(
    client: &mut Client,
    job: &Job,
    messages: usize,
) -> Result<(Vec<u64>, Vec<Duration>), Failure> {
    let mut numbers = Vec::with_capacity(messages);
    let mut latencies = Vec::with_capacity(messages);
    let mut in_flight = VecDeque::with_capacity(job.window);
    let mut sent = 0;
    while latencies.len() < messages {
        // Refilled when half are answered, so that a write carries several.
        if in_flight.len() <= job.window / 2 && sent < messages {
            while in_flight.len() < job.window && sent < messages {
                let text = text(sent);
                in_flight.push_back((sent, Instant::now()));
                client.put(&event(job.workload, &text)).await?;
                sent += 1;
            }
            client.flush().await?;
        }
        let heard = client.hear().await?;
        let (n, since) = in_flight.pop_front().ok_or("an answer to nothing")?;
        latencies.push(since.elapsed());
        match heard {
            Heard::Added { count } => numbers.push(count),
            Heard::Posted { seq } => numbers.push(seq),
            Heard::Echo { text: echoed } if echoed == text(n) => {}
            other => return Err(format!("a wrong answer to message {n}: {other:?}").into()),
        }
    }
    Ok((numbers, latencies))
}

fn event(workload: Workload, text: &str) -> Event<'_> {
    match workload {
        Workload::Durable => Event::Add { text },
        Workload::History => Event::Post { text },
        _ => Event::Echo { text },
    }
}
