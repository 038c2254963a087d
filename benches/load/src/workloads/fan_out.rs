//! Each of many clients says its lines to all.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use super::text;
use crate::client::{Client, Event, Heard, close_all};
use crate::job::{Job, Measured};
use crate::process::Process;
use crate::{Failure, check};

pub async fn run(job: Job) -> Result<Measured, Failure> {
    let process = Process::new(job.pid)?;
    let mut clients = Client::connect_all(&job).await?;
    play(&mut clients, job.warmup).await?;
    let mark = process.mark()?;
    let rounds = play(&mut clients, job.messages).await?;
    let measured = process.since(&mark, job.messages)?;
    let (heard, latencies): (Vec<_>, Vec<_>) = rounds.into_iter().unzip();
    check::said(&heard, clients.len(), job.messages / clients.len())?;
    close_all(clients).await?;
    Ok(measured.with_latencies(latencies.into_iter().flatten().collect()))
}

async fn play(
    clients: &mut [Client],
    messages: usize,
) -> Result<Vec<(Vec<Heard>, Vec<Duration>)>, Failure> {
    let (count, each) = (clients.len(), messages / clients.len());
    try_join_all(clients.iter_mut().enumerate().map(|(n, client)| async move {
        let me = format!("c{n}");
        let mut heard: Vec<Heard> = Vec::with_capacity(each * count);
        let mut latencies = Vec::with_capacity(each);
        for line in 0..each {
            let since = Instant::now();
            client.send(&Event::Say { text: &text(line) }).await?;
            // One line in flight: the next when this one has come back.
            while latencies.len() <= line {
                let message = client.hear().await?;
                if matches!(&message, Heard::Said { from, .. } if *from == me) {
                    latencies.push(since.elapsed());
                }
                heard.push(message);
            }
        }
        while heard.len() < each * count {
            heard.push(client.hear().await?);
        }
        Ok::<_, Failure>((heard, latencies))
    }))
    .await
}
