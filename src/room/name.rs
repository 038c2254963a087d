//! The names of what a room keeps: its histories, its kinds of keyed values, its functions.

/// Checks a name. In a constant, what is wrong does not compile. Without a `/` no two kinds of keyed
/// values can share a row.
pub(crate) const fn check(name: &str) {
    let name = name.as_bytes();
    assert!(
        !name.is_empty() && name.len() <= 64,
        "a name has 1 to 64 characters: take a shorter one, or any"
    );
    let mut i = 0;
    while i < name.len() {
        let plain = name[i].is_ascii_alphanumeric() || matches!(name[i], b'.' | b'_' | b'-');
        assert!(
            plain,
            "a name has letters A to Z and a to z, digits, - . and _ alone: leave out the rest"
        );
        i += 1;
    }
}
