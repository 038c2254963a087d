//! Keeping the file that declares the rooms.

use std::path::Path;
use std::{env, fs};

use super::{RoomTypes, declarations};

/// What the test of `typescript!` does.
///
/// # Panics
/// In CI, if the file is not as it should be; anywhere, if it cannot be written.
pub fn keep(path: &str, rooms: &[RoomTypes]) {
    let is_ci = env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    if let Err(message) = update(Path::new(path), &declarations(rooms), is_ci) {
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
