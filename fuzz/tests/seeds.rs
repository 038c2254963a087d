//! The short run, for every machine: all kept seeds, then many mutations of them.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use dormouse::testing::Dice;
use dormouse_fuzz::TARGETS;

/// How many mutations a target is given.
const MUTATIONS: usize = 20_000;

/// The largest input that is made.
const LONGEST: usize = 1_024;

#[test]
fn frames_hold_for_all_seeds_and_their_mutations() {
    run("frames");
}

#[test]
fn api_calls_hold_for_all_seeds_and_their_mutations() {
    run("api");
}

#[test]
fn letters_hold_for_all_seeds_and_their_mutations() {
    run("letters");
}

#[test]
fn sessions_hold_for_all_seeds_and_their_mutations() {
    run("sessions");
}

#[test]
fn storage_holds_for_all_seeds_and_their_mutations() {
    run("storage");
}

fn run(name: &str) {
    let (_, target) = TARGETS.into_iter().find(|(known, _)| *known == name).expect("a target");
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "there are seeds");
    for (file, seed) in &seeds {
        assert!(catch_unwind(|| target(seed)).is_ok(), "{name}: the seed {file}");
    }
    let mut dice = Dice::new(0);
    for _ in 0..MUTATIONS {
        let input = mutation(&seeds, &mut dice);
        assert!(catch_unwind(|| target(&input)).is_ok(), "{name}: the bytes {input:?}");
    }
}

/// The files in a target's folder, by name.
fn seeds(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    let files = fs::read_dir(folder).expect("a folder of seeds");
    let mut seeds: Vec<_> = files
        .map(|file| {
            let file = file.expect("a file");
            let name = file.file_name().to_string_lossy().into_owned();
            (name, fs::read(file.path()).expect("a seed"))
        })
        .collect();
    seeds.sort();
    seeds
}

/// A seed with up to four changes, one of which may join it to another.
fn mutation(seeds: &[(String, Vec<u8>)], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seeds[dice.below(seeds.len())].1.clone();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let end = at + dice.below(bytes.len() - at + 1).min(16);
        match dice.below(6) {
            0 => bytes.insert(at, byte(dice)),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            3 => {
                let other = &seeds[dice.below(seeds.len())].1;
                bytes.truncate(at);
                bytes.extend_from_slice(&other[dice.below(other.len() + 1)..]);
            }
            _ if at < bytes.len() => bytes[at] = byte(dice),
            _ => bytes.push(byte(dice)),
        }
    }
    bytes.truncate(LONGEST);
    bytes
}

fn byte(dice: &mut Dice) -> u8 {
    u8::try_from(dice.below(256)).unwrap_or_default()
}
