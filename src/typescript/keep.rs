//! Keeping a file that a test makes.

use std::path::Path;
use std::{env, fs};

/// Writes a file that a test makes, if it is not as it should be. Where the variable `CI` is set the
/// test fails instead, unless there is no such file.
///
/// # Panics
/// In CI, if the file is not as it should be; anywhere, if it cannot be written.
///
/// ```
/// let path = std::env::temp_dir().join(format!("dormouse-{}.d.ts", std::process::id()));
/// dormouse::typescript::keep(&path, "export type Rooms = {};\n");
/// assert_eq!(std::fs::read_to_string(&path).unwrap(), "export type Rooms = {};\n");
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn keep(path: impl AsRef<Path>, text: &str) {
    let is_ci = env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    if let Err(message) = update(path.as_ref(), text, is_ci) {
        panic!("{message}");
    }
}

fn update(path: &Path, text: &str, is_ci: bool) -> Result<(), String> {
    // A checkout on Windows may have changed the ends of the lines.
    let found = fs::read_to_string(path).map(|found| found.replace("\r\n", "\n")).ok();
    let shown = path.display();
    match found {
        Some(found) if found == text => Ok(()),
        Some(found) if is_ci => Err(format!(
            "{shown} is not what the rooms say, which begins to differ in line {}. Run `cargo test typescript` \
             where the variable CI is not set, and commit the file",
            found.lines().zip(text.lines()).take_while(|(found, text)| found == text).count() + 1,
        )),
        _ => {
            let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
            folder
                .and_then(|()| fs::write(path, text))
                .map_err(|error| format!("{shown} cannot be written: {error}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_and_kept_and_in_ci_compared() {
        let folder = env::temp_dir().join(format!("dormouse-types-{}", std::process::id()));
        let path = folder.join("types/rooms.d.ts");
        let read = || fs::read_to_string(&path).unwrap();

        update(&path, "one\ntwo\n", true).unwrap();
        assert_eq!(read(), "one\ntwo\n");
        fs::write(&path, "one\r\ntwo\r\n").unwrap();
        update(&path, "one\ntwo\n", true).unwrap();
        let stale = update(&path, "one\n2\n", true).unwrap_err();
        assert!(stale.contains("differ in line 2. Run `cargo test typescript`"), "{stale}");
        assert_eq!(read(), "one\r\ntwo\r\n");
        update(&path, "one\n2\n", false).unwrap();
        assert_eq!(read(), "one\n2\n");
        fs::remove_dir_all(folder).unwrap();
    }
}
