//! Fuzzes `dormouse_fuzz::api`; without cargo-fuzz, runs it on the files that are named.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| dormouse_fuzz::api(data));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    dormouse_fuzz::replay(dormouse_fuzz::api)
}
