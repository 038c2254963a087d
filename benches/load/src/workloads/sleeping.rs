//! Many sockets whose object sleeps, until one of them speaks.

use std::time::Instant;

use super::joining::enter;
use crate::Failure;
use crate::client::{Client, Event, Heard};
use crate::job::{Job, Measured};
use crate::process::Process;

/// The sockets of one room, between two jobs.
#[derive(Default)]
pub struct Sleepers {
    clients: Vec<Client>,
}

impl Sleepers {
    pub async fn connect(&mut self, job: &Job) -> Result<Measured, Failure> {
        let process = Process::new(job.pid)?;
        let mark = process.mark()?;
        let (clients, latencies) = enter(job).await?;
        self.clients = clients;
        Ok(process.since(&mark, job.clients)?.with_latencies(latencies))
    }

    pub async fn wake(&mut self, job: &Job) -> Result<Measured, Failure> {
        let process = Process::new(job.pid)?;
        let client = self.clients.last_mut().ok_or("nobody sleeps")?;
        let (mark, since) = (process.mark()?, Instant::now());
        let answer = client.ask(&Event::Echo { text: "awake" }).await?;
        let latency = since.elapsed();
        // What the server does after the answer belongs to the waking too.
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let measured = process.since(&mark, 1)?;
        if answer != (Heard::Echo { text: "awake".into() }) {
            return Err(format!("not echoed: {answer:?}").into());
        }
        Ok(measured.with_latencies(vec![latency]))
    }

    pub async fn wake_all(&mut self, job: &Job) -> Result<Measured, Failure> {
        let process = Process::new(job.pid)?;
        let (mark, since) = (process.mark()?, Instant::now());
        let client = self.clients.last_mut().ok_or("nobody sleeps")?;
        client.send(&Event::Say { text: "awake" }).await?;
        let mut latencies = Vec::with_capacity(self.clients.len());
        for client in &mut self.clients {
            match client.hear().await? {
                Heard::Said { text, .. } if text == "awake" => latencies.push(since.elapsed()),
                other => return Err(format!("not said: {other:?}").into()),
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        Ok(process.since(&mark, 1)?.with_latencies(latencies))
    }

    pub async fn connect_rooms(&mut self, job: &Job) -> Result<Measured, Failure> {
        let process = Process::new(job.pid)?;
        let mark = process.mark()?;
        for n in 0..job.clients {
            let room = Job { room: format!("{}-{n}", job.room), clients: 1, ..job.clone() };
            self.clients.extend(enter(&room).await?.0);
        }
        process.since(&mark, job.clients)
    }

    pub fn rest(&self, job: &Job) -> Result<Measured, Failure> {
        let process = Process::new(job.pid)?;
        process.since(&process.mark()?, 1)
    }
}
