//! The GitHub Action as far as it can be read: action.yml has every option of a run, docs/github-action.md has its inputs
//! and outputs, and what is built elsewhere has every file that the binary includes. `tests/action/run` executes it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

mod generated;

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use clap::CommandFactory as _;
use generated::{assert_current, document};
use jagspec::cli::Cli;
use serde_json::{Map, Value};

const DOCUMENT: &str = "docs/github-action.md";

/// Options that are no inputs: the action writes the reports itself, and a log of CI is no place for secrets.
const NO_INPUT: [&str; 2] = ["report", "show-secrets"];

/// Files that are secrets. Of a text, jagspec hides it from its own help.
const SECRET_FILES: [&str; 3] = ["idp-key", "idp-tls-key", "client-key"];

fn action() -> Value {
    serde_yaml::from_str(&document("action.yml")).unwrap()
}

fn members<'a>(value: &'a Value, name: &str) -> &'a Map<String, Value> {
    value[name].as_object().unwrap_or_else(|| panic!("{name} is no object"))
}

/// The variables of a step.
fn variables<'a>(action: &'a Value, step: &str) -> &'a Map<String, Value> {
    let steps = action["runs"]["steps"].as_array().unwrap();
    let step = steps.iter().find(|one| one["name"] == step).unwrap_or_else(|| panic!("no step {step}"));
    members(step, "env")
}

#[test]
fn every_option_of_a_run_is_an_input() {
    let action = action();
    let inputs = members(&action, "inputs");
    let run = variables(&action, "Run jagspec");
    let masked = variables(&action, "Mask secrets");
    for option in Cli::command().get_arguments() {
        let (Some(name), Some(variable)) = (option.get_long(), option.get_env()) else { continue };
        if NO_INPUT.contains(&name) {
            assert!(!inputs.contains_key(name), "{name} is an input after all; correct the list");
            continue;
        }
        assert!(inputs.contains_key(name), "action.yml lacks the input {name}, for --{name}");
        let variable = variable.to_str().unwrap().replace("JAGSPEC_", "OPTION_");
        let value = format!("${{{{ inputs.{name} }}}}");
        assert_eq!(run.get(&variable), Some(&Value::from(value.as_str())), "the step that runs jagspec");
        if option.is_hide_env_values_set() || SECRET_FILES.contains(&name) {
            assert_eq!(masked.get(&variable), Some(&Value::from(value)), "the step that masks secrets");
        }
    }
}

#[test]
fn every_input_is_used() {
    let (action, text) = (action(), document("action.yml"));
    for input in members(&action, "inputs").keys() {
        assert!(text.contains(&format!("inputs.{input} ")), "the input {input} is not used");
    }
}

#[test]
fn every_input_and_output_is_in_the_document() {
    let action = action();
    let mut inputs = String::from("| input | default | meaning |\n| --- | --- | --- |\n");
    for (name, input) in members(&action, "inputs") {
        let default = input["default"].as_str().map(|text| format!("`{text}`")).unwrap_or_default();
        let _ = writeln!(inputs, "| `{name}` | {default} | {} |", input["description"].as_str().unwrap());
    }
    assert_current(DOCUMENT, "inputs", &inputs);
    let mut outputs = String::from("| output | meaning |\n| --- | --- |\n");
    for (name, output) in members(&action, "outputs") {
        let _ = writeln!(outputs, "| `{name}` | {} |", output["description"].as_str().unwrap());
    }
    assert_current(DOCUMENT, "outputs", &outputs);
}

/// The folders of files that the sources include.
fn included() -> BTreeSet<String> {
    fn search(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                search(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                // The first folder behind all the `..`.
                let folder = |rest: &'_ str| rest.split('/').find(|part| *part != "..").map(str::to_owned);
                let outside = text.split("\"../../").skip(1).filter_map(folder);
                found.extend(outside);
            }
        }
    }
    let mut found = BTreeSet::new();
    search(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found
}

#[test]
fn what_the_binary_is_made_of_is_copied_and_is_part_of_the_caches_key() {
    let included = included();
    assert!(included.contains("suites") && included.contains("fixtures"), "{included:?}");
    let (dockerfile, ignored) = (document("Dockerfile"), document(".dockerignore"));
    let obtain = document("action/obtain.sh");
    let digested = obtain.split("$(find ").nth(1).and_then(|rest| rest.split(" -type f").next()).unwrap();
    for folder in included.iter().map(String::as_str).chain(["src"]) {
        assert!(
            dockerfile.contains(&format!("COPY {folder} {folder}\n")),
            "Dockerfile does not copy {folder}"
        );
        assert!(ignored.contains(&format!("!{folder}\n")), ".dockerignore leaves {folder} out");
        assert!(digested.split(' ').any(|one| one == folder), "action/obtain.sh does not digest {folder}");
    }
    // Cargo refuses a manifest that names a file which is not there.
    for named in ["tests/conformance.rs", "benches/floor"] {
        assert!(dockerfile.contains(&format!("COPY {named} {named}\n")), "Dockerfile does not copy {named}");
        assert!(ignored.contains(&format!("!{named}\n")), ".dockerignore leaves {named} out");
    }
}
