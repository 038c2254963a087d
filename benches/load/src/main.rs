//! Plays the clients of a room, and measures what they cost the server.
//!
//! Reads jobs from standard input, one JSON object a line, and answers each with a line of JSON. It
//! stays one process for all jobs on a server, so that sockets can sleep between two of them.

mod check;
mod client;
mod job;
mod process;
mod workloads;

use std::io::Write;

use tokio::io::{AsyncBufReadExt, BufReader};

use crate::job::Job;
use crate::workloads::Sleepers;

/// Anything that ends a job is told to whoever runs the benchmark, and to nobody else.
type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut sleepers = Sleepers::default();
    while let Some(line) = lines.next_line().await? {
        let job: Job = serde_json::from_str(&line)?;
        let answer = match workloads::run(job, &mut sleepers).await {
            Ok(measured) => serde_json::to_string(&measured)?,
            Err(error) => serde_json::json!({ "error": error.to_string() }).to_string(),
        };
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    Ok(())
}
