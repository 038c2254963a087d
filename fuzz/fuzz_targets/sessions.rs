//! Fuzzes `dormouse_fuzz::sessions`; without cargo-fuzz, runs it on the files that are named.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| dormouse_fuzz::sessions(data));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    dormouse_fuzz::replay(dormouse_fuzz::sessions)
}
