//! Whether what was heard is complete and right. A time counts only after that.

use std::collections::HashMap;

use crate::Failure;
use crate::client::Heard;

/// Numbers that each of several clients got, in the order it got them: each rising, and together
/// every number from the first to the last, once.
pub fn counted(mut all: Vec<Vec<u64>>) -> Result<(), Failure> {
    if !all.iter().all(|numbers| numbers.is_sorted_by(|one, other| one < other)) {
        return Err("a client's numbers do not rise".into());
    }
    let mut numbers: Vec<u64> = all.drain(..).flatten().collect();
    numbers.sort_unstable();
    let whole = numbers.windows(2).all(|pair| pair[1] == pair[0] + 1);
    if whole { Ok(()) } else { Err("a number is missing, or there twice".into()) }
}

/// What was said, as each of several clients heard it: the same for all, in one order, and of each
/// speaker every line, in the order it said them.
pub fn said(heard: &[Vec<Heard>], speakers: usize, lines: usize) -> Result<(), Failure> {
    let first = heard.first().ok_or("nobody heard")?;
    if heard.iter().any(|other| other != first) {
        return Err("two clients heard different things, or in a different order".into());
    }
    let mut next: HashMap<&str, usize> = HashMap::new();
    for message in first {
        let Heard::Said { from, text } = message else {
            return Err(format!("not said: {message:?}").into());
        };
        let line = next.entry(from).or_default();
        if number(text) != Some(*line) {
            return Err(format!("{from} said {text} when line {line} was due").into());
        }
        *line += 1;
    }
    if next.len() == speakers && next.values().all(|&count| count == lines) {
        Ok(())
    } else {
        Err("a line is missing".into())
    }
}

/// The number that a text ends with.
fn number(text: &str) -> Option<usize> {
    text.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(from: &str, n: usize) -> Heard {
        Heard::Said { from: from.into(), text: format!("line {n}") }
    }

    #[test]
    fn numbers_must_be_whole_and_rise() {
        assert!(counted(vec![vec![1, 3], vec![2, 4]]).is_ok());
        assert!(counted(vec![vec![1, 3], vec![4]]).is_err(), "2 is missing");
        assert!(counted(vec![vec![1, 2], vec![2, 3]]).is_err(), "2 is there twice");
        assert!(counted(vec![vec![2, 1]]).is_err(), "not in order");
    }

    #[test]
    fn lines_must_be_complete_and_in_one_order() {
        let whole = || vec![line("a", 0), line("b", 0), line("a", 1), line("b", 1)];
        assert!(said(&[whole(), whole()], 2, 2).is_ok());
        let mut other = whole();
        other.swap(1, 2);
        assert!(said(&[whole(), other], 2, 2).is_err(), "two orders");
        let late = vec![line("a", 1), line("a", 0), line("b", 0), line("b", 1)];
        assert!(said(&[late], 2, 2).is_err(), "a speaker's lines out of order");
        assert!(said(&[vec![line("a", 0), line("b", 0)]], 2, 2).is_err(), "lines are missing");
    }
}
