//! The rules of ARCHITECTURE.md that no compiler holds: what is pure, who prints, who names the YAML crate, and that
//! the rows and the files that sources and documents name exist. Read off the text of the sources.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use jagspec::suite::registry::Registry;

/// The pure rooms, as paths under `src/`: a file, or a folder with all that is in it.
const PURE: [&str; 22] = [
    "decode",
    "suite",
    "plan.rs",
    "idjag",
    "discovery.rs",
    "discovery",
    "judge",
    "diagnose",
    "known_failures",
    "report",
    "merge",
    "diff",
    "template.rs",
    "problem.rs",
    "keys.rs",
    "keys",
    "token_request",
    "observation.rs",
    "settings.rs",
    "yaml.rs",
    "yaml",
    "lib.rs",
];

/// Within the pure rooms, what reads files all the same: the loader of suites.
const LOADER: &str = "suite/load.rs";

/// What pure code does not use: the network, the runtime, files, processes, clocks.
const IMPURE: [&str; 12] = [
    "tokio",
    "reqwest",
    "axum",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::time::SystemTime",
    "std::time::Instant",
    "std::io::stdout",
    "std::io::stderr",
];

/// The rim: what pure code does not reach into.
const RIM: [&str; 6] =
    ["crate::cli", "crate::exchange", "crate::idp", "crate::playground", "crate::run", "crate::clock"];

/// Plain data of the rim that pure code reads: records, words, a constant.
const PLAIN_DATA_OF_THE_RIM: [&str; 4] =
    ["crate::idp::Access", "crate::idp::AccessKind", "crate::run::Baseline", "crate::exchange::MAX_BODY"];

/// A source file: its path under `src/`, and its code without comments and tests.
struct Source {
    path: String,
    code: String,
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn files_under(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_under(&path, files) } else { files.push(path) }
    }
}

/// The sources, without those that are tests.
fn sources() -> Vec<Source> {
    let root = repository("src");
    let mut files = Vec::new();
    files_under(&root, &mut files);
    files.sort();
    files
        .iter()
        .filter(|file| !file.ends_with("tests.rs"))
        .map(|file| {
            let text = fs::read_to_string(file).unwrap();
            // Unit tests stand at the end of a file.
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            Source {
                path: file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/"),
                code: code.collect::<Vec<_>>().join("\n"),
            }
        })
        .collect()
}

fn is_pure(path: &str) -> bool {
    let within =
        |room: &str| path.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    path != LOADER && PURE.into_iter().any(within)
}

/// Every path that the code imports or writes out: `use std::{fs, io::Write}` gives `std::fs` and `std::io::Write`.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut statement: Option<String> = None;
    for line in code.lines().map(str::trim) {
        let visible = line.strip_prefix("pub").map_or(line, |rest| {
            rest.split_once(") ").filter(|(scope, _)| scope.starts_with('(')).map_or(rest, |(_, rest)| rest)
        });
        match &mut statement {
            Some(text) => text.push_str(line),
            None => statement = visible.trim_start().strip_prefix("use ").map(str::to_owned),
        }
        if let Some(whole) = statement.take_if(|text| text.ends_with(';')) {
            expand("", whole.trim_end_matches(';'), &mut found);
        }
    }
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let written = code.split(|c| !is_path(c)).filter(|word| word.contains("::"));
    found.extend(written.map(str::to_owned));
    found
}

/// Expands the braces of a `use`.
fn expand(prefix: &str, tree: &str, found: &mut Vec<String>) {
    let mut depth = 0_usize;
    let items = tree.split(|c| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    for item in items.map(str::trim).filter(|item| !item.is_empty()) {
        match item.split_once('{') {
            Some((head, inner)) => {
                let inner = inner.trim_end().strip_suffix('}').unwrap_or(inner);
                expand(&format!("{prefix}{head}"), inner, found);
            }
            None => {
                let path = item.split(" as ").next().unwrap_or(item);
                found.push(format!("{prefix}{path}").trim_end_matches("::self").to_owned());
            }
        }
    }
}

fn is_or_is_in(path: &str, name: &str) -> bool {
    path == name || path.strip_prefix(name).is_some_and(|rest| rest.starts_with("::"))
}

#[test]
fn a_use_is_read_with_its_braces() {
    let code =
        "use std::{fs, io::{self, Write as _}};\nuse tokio::sync::Mutex;\nlet x = std::net::IpAddr::V4(y);";
    let found = paths(code);
    for path in ["std::fs", "std::io", "std::io::Write", "tokio::sync::Mutex", "std::net::IpAddr::V4"] {
        assert!(found.iter().any(|one| one == path), "{path} in {found:?}");
    }
    assert!(is_or_is_in("std::fs::File", "std::fs") && !is_or_is_in("std::fsx", "std::fs"));
}

#[test]
fn what_is_pure_touches_no_network_no_file_and_no_clock() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| is_pure(&source.path)) {
        for path in paths(&source.code) {
            let impure = IMPURE.iter().find(|name| is_or_is_in(&path, name));
            let rim = RIM.iter().find(|name| is_or_is_in(&path, name));
            let is_plain = PLAIN_DATA_OF_THE_RIM.iter().any(|name| is_or_is_in(&path, name));
            if impure.is_some() || (rim.is_some() && !is_plain) {
                wrong.push(format!("src/{}: {path}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "pure code uses the rim (ARCHITECTURE.md):\n{}", wrong.join("\n"));
    for room in PURE {
        assert!(repository("src").join(room).exists(), "src/{room} is gone; correct the list");
    }
}

#[test]
fn only_the_screen_prints() {
    for source in sources() {
        let prints = ["println!", "print!", "eprintln!", "eprint!", "dbg!", "stdout()", "stderr()"]
            .into_iter()
            .find(|word| source.code.contains(word));
        assert!(
            prints.is_none() || source.path == "cli/screen.rs",
            "src/{} has {prints:?}; say it through Screen",
            source.path
        );
    }
}

#[test]
fn only_the_yaml_module_names_the_yaml_crate() {
    for source in sources() {
        let named = ["serde_yaml", "serde_saphyr"].iter().any(|name| source.code.contains(name));
        let may = source.path == "yaml.rs" || source.path.starts_with("yaml/");
        assert!(may || !named, "src/{} names the YAML crate; go through crate::yaml", source.path);
    }
}

#[test]
fn every_row_that_a_source_names_exists() {
    let registry = Registry::embedded().unwrap();
    // The first words of all row ids, from the rows themselves.
    let first: BTreeSet<&str> = registry.rows.iter().filter_map(|row| row.row.split('.').next()).collect();
    let mut named = 0;
    for source in sources() {
        for text in source.code.split('"') {
            let is_id = text
                .split_once('.')
                .is_some_and(|(word, rest)| first.contains(word) && !rest.is_empty())
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b));
            if is_id {
                named += 1;
                assert!(registry.row(text).is_some(), "src/{} names the row `{text}`", source.path);
            }
        }
    }
    assert!(named > 40, "{named} row ids found: they are not looked for rightly");
}

#[test]
fn every_file_that_a_document_names_exists() {
    let mut documents = Vec::from(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(str::to_owned));
    let pages = fs::read_dir(repository("docs")).unwrap().map(|page| page.unwrap().file_name());
    let pages = pages.map(|page| format!("docs/{}", page.to_str().unwrap()));
    documents.extend(pages.filter(|page| page.ends_with(".md")));
    assert!(documents.len() > 4, "the pages are not found");
    for document in &documents {
        let text = fs::read_to_string(repository(document)).unwrap();
        let folder = repository(document).parent().unwrap().to_owned();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let file = link.split('#').next().unwrap_or(link);
            assert!(folder.join(file).exists(), "{document} links to {link}");
        }
        let rooms = [
            "src/",
            "suites/",
            "tests/",
            "fixtures/",
            "schemas/",
            "interop/",
            "docs/",
            ".ci/",
            ".github/",
            "action/",
            "examples/",
        ];
        let prose = text.split("```").step_by(2).collect::<String>();
        let code = prose.split('`').skip(1).step_by(2);
        for name in code.filter(|name| rooms.iter().any(|room| name.starts_with(room))) {
            // `NAME`, `*` and the like stand for something of the reader's.
            let fixed =
                name.split(|c: char| c.is_ascii_uppercase() || "*{… ".contains(c)).next().unwrap_or(name);
            let path = if fixed.len() == name.len() {
                fixed
            } else {
                fixed.rsplit_once('/').map_or("", |(folder, _)| folder)
            };
            assert!(repository(path).exists(), "{document} names `{name}`");
        }
    }
}

#[test]
fn ci_runs_the_test_command_of_the_readme() {
    let ci = fs::read_to_string(repository(".ci/run")).unwrap();
    let readme = fs::read_to_string(repository("README.md")).unwrap();
    let commands: Vec<_> = readme.lines().filter(|line| line.starts_with("$ cargo test")).collect();
    assert_eq!(commands.len(), 1, "one test command in the README, which .ci/run reads: {commands:?}");
    assert!(ci.contains(r"s/^\$ \(cargo test[^#]*\).*/\1/p"), ".ci/run reads it from the README");
}
