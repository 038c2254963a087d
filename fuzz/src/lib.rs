//! What a hostile world gives to a room, and what must hold whatever it gives.
//!
//! Each target is a plain function of bytes. libFuzzer calls it (`npm run fuzz`), and so does
//! `tests/seeds.rs` on stable Rust, with the seeds in `seeds/` and mutations of them.
//!
//! | target | what is hostile |
//! | --- | --- |
//! | [`frames`] | clients: frames, upgrades and closes of any kind, in any order |
//! | [`api`] | callers of the API: messages, upgrades, names, all as text |
//! | [`letters`] | siblings: letters forged, doubled, lost and out of order |
//! | [`sessions`] | clients of the protocol: claims on sessions, numbers of any kind |
//! | [`storage`] | what a room finds when it wakes: anything at all |

mod api;
mod frames;
mod kinds;
mod ledger;
mod letters;
mod object;
mod sessions;
mod storage;
mod words;

pub use api::api;
pub use frames::frames;
pub use letters::letters;
pub use sessions::sessions;
pub use storage::storage;

/// A target, and the name of its folder in `seeds/`.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 5] = [
    ("frames", frames),
    ("api", api),
    ("letters", letters),
    ("sessions", sessions),
    ("storage", storage),
];

/// Runs a target on the files that the command line names.
pub fn replay(target: fn(&[u8])) -> std::io::Result<()> {
    for file in std::env::args().skip(1) {
        println!("{file}");
        target(&std::fs::read(file)?);
    }
    Ok(())
}
