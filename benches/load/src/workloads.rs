//! The workloads.

mod fan_out;
mod joining;
mod pipelined;
mod reading;
mod schedule;
mod sleeping;

use crate::Failure;
use crate::job::{Job, Measured, Workload};

pub use self::sleeping::Sleepers;

pub async fn run(job: Job, sleepers: &mut Sleepers) -> Result<Measured, Failure> {
    match job.workload {
        Workload::Echo | Workload::Crowd | Workload::Durable | Workload::History => {
            pipelined::run(job).await
        }
        Workload::FanOut => fan_out::run(job).await,
        Workload::ReadHistory => reading::run(job).await,
        Workload::Joining => joining::run(job).await,
        Workload::Schedule => schedule::run(job).await,
        Workload::Sleep => sleepers.connect(&job).await,
        Workload::Wake => sleepers.wake(&job).await,
        Workload::WakeAll => sleepers.wake_all(&job).await,
        Workload::Rooms => sleepers.connect_rooms(&job).await,
        Workload::Rest => sleepers.rest(&job),
    }
}

/// A text of the length of a line of chat, with a number at its end.
fn text(n: usize) -> String {
    format!("what people say to one another is seldom longer than this line, or only a little {n}")
}
