//! What a process has used.

use std::fs;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

use crate::Failure;
use crate::job::Measured;

/// The server's process.
pub struct Process {
    pid: i32,
    clock: ClockId,
}

/// A moment in its life.
pub struct Mark {
    cpu: Duration,
    wall: Instant,
}

impl Process {
    pub fn new(pid: i32) -> Result<Self, Failure> {
        Ok(Self { pid, clock: clock_getcpuclockid(Pid::from_raw(pid))? })
    }

    pub fn mark(&self) -> Result<Mark, Failure> {
        Ok(Mark { cpu: self.clock.now()?.into(), wall: Instant::now() })
    }

    /// What it has used since a mark, for so many messages.
    pub fn since(&self, mark: &Mark, messages: usize) -> Result<Measured, Failure> {
        let now = self.mark()?;
        Ok(Measured {
            messages,
            cpu_nanos: u64::try_from((now.cpu - mark.cpu).as_nanos())?,
            wall_nanos: u64::try_from((now.wall - mark.wall).as_nanos())?,
            rss_bytes: self.resident()?,
            ..Measured::default()
        })
    }

    fn resident(&self) -> Result<u64, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        Ok(kilobytes.ok_or("no VmRSS")?.parse::<u64>()? * 1024)
    }
}
