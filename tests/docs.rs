//! What the pages point at is there: each file, each test by its name, each function of ARCHITECTURE.md,
//! and a cure for each error.

use std::fs;
use std::path::{Path, PathBuf};

const PAGES: [&str; 4] = ["testing", "security", "platform", "migrations"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a page of `docs/`, on one line.
fn prose(page: &str) -> String {
    prose_of(&root().join(format!("docs/{page}.md")))
}

/// The text of a page without its code blocks, on one line.
fn prose_of(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let outside = text.split("```").step_by(2).collect::<String>();
    outside.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All pages: those at the top, in `docs/`, of the npm package and of the examples.
fn all_pages() -> Vec<PathBuf> {
    let examples = fs::read_dir(root().join("examples")).unwrap();
    let examples = examples.map(|entry| entry.unwrap().path().join("README.md"));
    let others = ["README.md", "ARCHITECTURE.md", "js/README.md"].map(|page| root().join(page));
    let folders = ["docs", "docs/guide"].map(|folder| root().join(folder));
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let inside = entries.map(|entry| entry.unwrap().path());
    let pages = inside.filter(|path| path.extension().is_some_and(|it| it == "md"));
    pages.chain(others).chain(examples).collect()
}

/// What stands between two marks.
fn between(text: &str, mark: char) -> Vec<String> {
    text.split(mark).skip(1).step_by(2).map(str::to_owned).collect()
}

/// All source files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["pkg", "target", "node_modules"].contains(&name.as_str()) {
                found.extend(sources(&path));
            }
        } else if path.extension().is_some_and(|it| it == "rs" || it == "js") {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_file_that_a_page_names_is_there() {
    for page in all_pages() {
        for name in between(&prose_of(&page), '`') {
            let first = name.split('/').next().unwrap();
            let is_path =
                ["src", "js", "tests", "soak", "docs", "examples", "benches", "scripts", "fuzz"];
            if name.contains('/') && is_path.contains(&first) && !name.contains(' ') {
                let is_there = [root(), page.parent().unwrap()].map(|it| it.join(&name).exists());
                assert!(is_there.contains(&true), "{} names {name}", page.display());
            }
        }
    }
}

/// Whether a file makes something of this name: a function, a type, a property.
fn makes(text: &str, name: &str) -> bool {
    let rust = ["struct", "enum", "trait", "type"].map(|kind| format!("{kind} {name}"));
    let rust = rust.into_iter().chain(["(", "<"].map(|open| format!("fn {name}{open}")));
    // A function of JavaScript stands at the beginning of its line.
    let begins = text.lines().any(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let line = line.strip_prefix("async ").unwrap_or(line);
        let line = line.strip_prefix("function ").unwrap_or(line);
        line.starts_with(&format!("{name}(")) || line.starts_with(&format!("{name}:"))
    });
    begins || rust.into_iter().any(|it| text.contains(&it))
}

#[test]
fn every_function_that_the_architecture_names_is_where_it_says() {
    let page = prose_of(&root().join("ARCHITECTURE.md"));
    let names = between(&page, '`');
    let is_file = |name: &str| {
        ["src/", "js/"].iter().any(|folder| name.starts_with(folder)) && name.contains('.')
    };
    let files: Vec<(String, String)> = names
        .iter()
        .filter(|name| is_file(name))
        .map(|name| (name.clone(), fs::read_to_string(root().join(name)).unwrap()))
        .collect();
    let is_function = |name: &str| {
        let mut chars = name.trim_start_matches('#').chars();
        chars.next().is_some_and(char::is_alphabetic)
            && chars.all(|c| c.is_alphanumeric() || c == '_')
    };
    // Outputs, limits and other values, which are no functions.
    let words = ["Accept", "Host", "RESUME"];
    let mut found = 0;
    for name in names.iter().filter(|name| is_function(name) && !words.contains(&name.as_str())) {
        let place = page.split_once(&format!("`{name}` in `")).map(|(_, rest)| rest);
        let place = place.and_then(|rest| rest.split('`').next());
        let is_there = match place {
            Some(place) => makes(&fs::read_to_string(root().join(place)).unwrap(), name),
            None => files.iter().any(|(_, text)| makes(text, name)),
        };
        assert!(is_there, "ARCHITECTURE.md names {name}, in {}", place.unwrap_or("any file"));
        found += 1;
    }
    assert!(found > 50, "{found} functions");
}

#[test]
fn every_error_is_in_the_page_that_people_search_with_its_words() {
    let source = fs::read_to_string(root().join("src/room/error.rs")).unwrap();
    let page = fs::read_to_string(root().join("docs/guide/troubleshooting.md")).unwrap();
    let enumeration = source.split("pub enum Error {").nth(1).unwrap();
    let enumeration = enumeration.split("\n}").next().unwrap();
    let mut count = 0;
    for variant in enumeration.split("#[error(").skip(1) {
        let message = variant.split('"').nth(1).unwrap();
        // A message over two lines.
        let lines = message.split("\\\n").map(str::trim_start);
        let message = lines.collect::<String>();
        let after = variant.split_once(")]").unwrap().1.trim_start();
        let name = after.split(|c: char| !c.is_alphanumeric()).next().unwrap();
        let row = page.lines().find(|line| line.starts_with(&format!("| `{name}`")));
        let row = row.unwrap_or_else(|| panic!("no row for {name}"));
        // What stands between the values.
        let mut rest = row;
        for piece in message.split('{').map(|part| part.split_once('}').map_or(part, |(_, it)| it))
        {
            let at =
                rest.find(piece).unwrap_or_else(|| panic!("the row of {name} lacks {piece:?}"));
            rest = &rest[at + piece.len()..];
        }
        count += 1;
    }
    assert!(count > 30, "{count} errors");
}

#[test]
fn every_limit_is_in_the_page_of_limits() {
    let source = fs::read_to_string(root().join("src/room/limits.rs")).unwrap();
    let page = fs::read_to_string(root().join("docs/guide/limits-and-costs.md")).unwrap();
    let values = source.lines().filter_map(|line| line.strip_prefix("pub const "));
    let mut count = 0;
    for line in values {
        let (name, value) = line.split_once(" = ").unwrap();
        let value = value.trim_end_matches(';').replace('_', ",");
        let value = match value.as_str() {
            "64 * 1024" => "64 KiB",
            "4 * 1024 * 1024" => "4 MiB",
            "16 * 1024 * 1024" => "16 MiB",
            "32 * 1024 * 1024" => "32 MiB",
            "Duration::from,secs(100 * 365 * 24 * 60 * 60)" => "100 years",
            "Duration::from,secs(30 * 24 * 60 * 60)" => "30 days",
            "Duration::from,secs(14 * 24 * 60 * 60)" => "14 days",
            "Duration::from,secs(7 * 24 * 60 * 60)" => "7 days",
            "Duration::from,secs(24 * 60 * 60)" => "a day",
            // How many sessions are remembered is told to nobody.
            "4,096" => continue,
            value => value,
        };
        let is_there = page.lines().any(|line| line.starts_with('|') && line.contains(value));
        assert!(is_there, "limits-and-costs.md lacks {name}, {value}");
        count += 1;
    }
    assert!(count > 15, "{count} limits");
}

#[test]
fn every_test_that_a_page_names_is_there() {
    let texts: Vec<String> = ["tests", "src", "examples/embedding/test", "soak"]
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
        .filter(|path| !path.ends_with("tests/docs.rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    // An ellipsis stands for what was left out, and for what a test of many cases fills in.
    let is_there = |parts: &[&str]| {
        texts.iter().any(|text| parts.iter().all(|part| text.contains(part.trim())))
    };
    let mut named = 0;
    for page in PAGES {
        let prose = prose(page);
        let functions = between(&prose, '`')
            .into_iter()
            .filter(|it| it.matches('_').count() > 2 && !it.starts_with('_'));
        for name in functions.filter(|it| !it.contains([' ', '.', '/'])) {
            let name = format!("fn {name}");
            assert!(is_there(&name.split('…').collect::<Vec<_>>()), "docs/{page}.md names {name}");
            named += 1;
        }
        let words = prose.split('`').step_by(2).collect::<String>();
        for name in between(&words, '"') {
            assert!(
                is_there(&name.split('…').collect::<Vec<_>>()),
                "docs/{page}.md names {name:?}"
            );
            named += 1;
        }
    }
    assert!(named > 60, "{named} names");
}
