//! Baselines as files: that each mistake is shown at its word, that the JSON Schema is the types', and that
//! docs/baseline.md is right. What becomes of a baseline in a run is tested in `src/known_failures/` and by `tests/cli`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod generated;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use generated::{document, tables};
use jagspec::{
    known_failures,
    problem::{self, Problem, SourceText},
    report::BaselineEntry,
    settings::Profile,
    suite::{Suite, load, registry::Registry, validate},
};

const DOCUMENT: &str = "docs/baseline.md";

fn repository(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn source(name: &str) -> Arc<SourceText> {
    SourceText::new(name, fs::read_to_string(repository(name)).unwrap())
}

fn names(suites: &[Suite]) -> Vec<String> {
    suites.iter().flat_map(|suite| &suite.cases).map(jagspec::suite::Case::name).collect()
}

/// The cases of the example suite of the fixtures.
fn example() -> Vec<String> {
    let registry = Registry::parse(
        &source("fixtures/registry/rows.yaml"),
        &source("fixtures/registry/requirements.yaml"),
    );
    names(&validate::suites(&[source("fixtures/suites/example.yaml")], &registry.unwrap()).unwrap())
}

fn read(source: &Arc<SourceText>, names: Option<&[String]>) -> Result<Vec<BaselineEntry>, Vec<Problem>> {
    known_failures::entries(source, names, &known_failures::this_version())
}

/// Each file of `fixtures/broken/baseline` says in its first line where its mistakes are.
#[test]
fn every_mistake_is_shown_at_its_word() {
    let names = example();
    let mut files: Vec<_> = fs::read_dir(repository("fixtures/broken/baseline"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert!(files.len() >= 25);
    let (mut golden, mut astray) = (String::new(), Vec::new());
    for file in files {
        let source = source(&format!("fixtures/broken/baseline/{file}"));
        let expected = source.text.lines().next().and_then(|line| line.strip_prefix("# expect: ")).unwrap();
        let problems = read(&source, Some(&names)).err().unwrap_or_default();
        let found: Vec<_> = problems.iter().map(|p| format!("{}:{}", p.line(), p.column())).collect();
        let shown = problem::render(&problems, false);
        assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{file}");
        if found.join(", ") != expected {
            astray.push(format!("{file}: expected {expected}\n{shown}"));
        }
        golden.push_str(&shown);
        golden.push('\n');
    }
    assert!(astray.is_empty(), "{}", astray.join("\n"));
    insta::assert_snapshot!("broken-baselines", golden);
}

#[test]
fn entries_that_hold_at_different_times_do_not_meet() {
    let names = example();
    for (one, other) in [
        ("profile: draft", "profile: mcp-ema"),
        ("version: '<0.1'", "comment: for all the others"),
        ("version: '>=0.1'", "version: '<0.1'"),
    ] {
        let text = format!(
            "known:\n  - {{ case: 'example::plain', outcome: fail, {one} }}\n  \
             - {{ case: 'example::*', outcome: warn, {other} }}\n"
        );
        if let Err(problems) = read(&SourceText::new("b.yaml", text), Some(&names)) {
            panic!("{}", problem::render(&problems, false));
        }
    }
}

/// Without suites no name is looked for, but what does not depend on them is.
#[test]
fn without_suites_a_case_is_still_not_known_twice() {
    let text = "known:\n  - { case: 'own::a', outcome: fail }\n  - { case: 'own::*', outcome: fail }\n";
    let problems = read(&SourceText::new("b.yaml", text), None).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].message.starts_with("two entries for the case `own::a`"), "{problems:?}");
    let text = "known:\n  - { case: 'own::a', outcome: fail }\n  - { case: 'own::b', outcome: fail }\n";
    assert_eq!(read(&SourceText::new("b.yaml", text), None).unwrap().len(), 2);
}

/// The work is bounded by the cases, not by the length of the file.
#[test]
fn who_makes_many_mistakes_is_told_of_the_first() {
    let names = example();
    let text = format!("known:\n{}", "- { case: '**', outcome: fail }\n".repeat(5_000));
    let problems = read(&SourceText::new("b.yaml", text), Some(&names)).unwrap_err();
    assert_eq!((problems.len(), problems[49].line()), (50, 52));
}

#[test]
fn the_schema_is_that_of_the_types() {
    let path = repository("schemas/baseline.schema.json");
    let fresh = known_failures::file::schema();
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        fs::write(&path, &fresh).unwrap();
    }
    let checked_in = fs::read_to_string(&path).unwrap_or_default();
    assert!(checked_in == fresh, "stale: UPDATE_SCHEMAS=1 cargo test --test baseline writes it anew");
}

/// What the schema accepts is what is read, on the fixtures whose mistakes a schema can know of.
#[test]
fn the_schema_refuses_what_is_refused() {
    let schema: serde_json::Value = serde_json::from_str(&known_failures::file::schema()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let entry = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut file = serde_json::json!({ "known": [{
            "case": "a::b", "outcome": "fail", "comment": "c", "profile": "draft", "version": "<9",
            "expires": "2026-10-31",
        }] });
        change(&mut file);
        validator.is_valid(&file)
    };
    assert!(entry(&|_| ()));
    assert!(entry(&|file| file["known"] = serde_json::json!([{ "case": "a", "outcome": "inconclusive" }])));
    assert!(!entry(&|file| file["knwon"] = serde_json::json!([])));
    assert!(!entry(&|file| file["known"][0]["outcome"] = "pass".into()));
    assert!(!entry(&|file| file["known"][0]["outcom"] = "fail".into()));
    assert!(!entry(&|file| file["known"][0]["expires"] = "31.10.2026".into()));
    assert!(!entry(&|file| file["known"][0]["profile"] = "drat".into()));
    assert!(!entry(&|file| drop(file["known"][0].as_object_mut().unwrap().remove("outcome"))));
}

#[test]
fn the_reference_is_that_of_the_schema() {
    let headings = [
        ("", "A baseline"),
        ("EntryFile", "An entry"),
        ("ExpectedOutcome", "An expected outcome"),
        ("Profile", "A profile"),
    ];
    let reference = tables::reference(&known_failures::file::schema(), &headings);
    generated::assert_current(DOCUMENT, "reference", &reference);
}

#[test]
fn the_examples_are_in_order() {
    let registry = Registry::embedded().unwrap();
    let names = names(&load::shipped_suites(&registry).unwrap());
    let text = document(DOCUMENT);
    let blocks: Vec<&str> =
        text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 2);
    for block in blocks {
        if let Err(problems) = read(&SourceText::new(DOCUMENT, block), Some(&names)) {
            panic!("{}", problem::render(&problems, false));
        }
    }
    for name in Profile::ALL.map(Profile::name) {
        assert!(text.contains(&format!("`{name}`")), "the profile {name}");
    }
}
