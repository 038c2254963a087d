//! What the pages in `docs/` point at is there: each file, and each test by its name.

use std::fs;
use std::path::{Path, PathBuf};

const PAGES: [&str; 4] = ["testing", "security", "platform", "migrations"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a page without its code blocks, on one line.
fn prose(page: &str) -> String {
    let text = fs::read_to_string(root().join(format!("docs/{page}.md"))).unwrap();
    let outside = text.split("```").step_by(2).collect::<String>();
    outside.split_whitespace().collect::<Vec<_>>().join(" ")
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
    for page in PAGES {
        for name in between(&prose(page), '`') {
            let first = name.split('/').next().unwrap();
            let is_path = ["src", "js", "tests", "soak", "docs", "examples", "benches"];
            if name.contains('/') && is_path.contains(&first) {
                assert!(root().join(&name).exists(), "docs/{page}.md names {name}");
            }
        }
    }
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
