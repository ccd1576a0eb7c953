//! Suite files: that the shipped ones are embedded and in order, that a good one becomes what it says, that each
//! mistake is shown at its word, and that the JSON Schema is the types'.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use jagspec::{
    problem::{self, Place, Problem, SourceText},
    settings::Profile,
    suite::{self, Answer, Level, Need, Step, Suite, load, registry::Registry, schema, validate},
};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A file of the repository under the name that it has there.
fn source(name: &str) -> Arc<SourceText> {
    SourceText::new(name, fs::read_to_string(folder(name)).unwrap())
}

/// The registry of the fixtures.
fn registry() -> Registry {
    Registry::parse(&source("fixtures/registry/rows.yaml"), &source("fixtures/registry/requirements.yaml"))
        .unwrap()
}

fn yaml_files(name: &str) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".yaml").map(str::to_owned))
        .collect();
    names.sort();
    names
}

fn example() -> Suite {
    validate::suites(&[source("fixtures/suites/example.yaml")], &registry())
        .map_err(|problems| problem::render(&problems, false))
        .unwrap()
        .remove(0)
}

#[test]
fn every_shipped_suite_is_embedded() {
    let mut embedded: Vec<_> = load::SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
    embedded.sort();
    let files: Vec<_> = yaml_files("suites")
        .into_iter()
        .filter(|name| !["rows", "requirements"].contains(&name.as_str()))
        .collect();
    assert_eq!(embedded, files, "each file of suites/ has a line in SHIPPED of src/suite/load.rs");
}

#[test]
fn the_shipped_suites_are_in_order() {
    let registry = Registry::embedded().map_err(|problems| problem::render(&problems, false)).unwrap();
    if let Err(problems) = load::shipped_suites(&registry) {
        panic!("{}", problem::render(&problems, false));
    }
}

/// Each file of `fixtures/broken` says in its first line where its mistakes are.
#[test]
fn every_mistake_is_shown_at_its_word() {
    let registry = registry();
    let names = yaml_files("fixtures/broken");
    assert!(names.len() >= 20);
    let (mut golden, mut astray) = (String::new(), Vec::new());
    for name in names {
        let source = source(&format!("fixtures/broken/{name}.yaml"));
        let expected = source.text.lines().next().and_then(|line| line.strip_prefix("# expect: ")).unwrap();
        let problems = validate::suites(&[Arc::clone(&source)], &registry).err().unwrap_or_default();
        let found: Vec<_> = problems.iter().map(|p| format!("{}:{}", p.line(), p.column())).collect();
        let shown = problem::render(&problems, false);
        if found.join(", ") != expected {
            astray.push(format!("{name}: expected {expected}\n{shown}"));
        }
        golden.push_str(&shown);
        golden.push('\n');
    }
    assert!(astray.is_empty(), "{}", astray.join("\n"));
    insta::assert_snapshot!("broken", golden);
}

#[test]
fn no_control_character_of_a_fixture_is_shown() {
    let problems = validate::suites(&[source("fixtures/broken/syntax-control-character.yaml")], &registry())
        .unwrap_err();
    assert!(!problem::render(&problems, false).chars().any(|c| c.is_control() && c != '\n'));
}

#[test]
fn two_suites_of_one_name_are_shown_at_both_places() {
    let one = SourceText::new("one.yaml", source("fixtures/suites/example.yaml").text.clone());
    let two = SourceText::new("two.yaml", one.text.clone());
    let problems = validate::suites(&[one, two], &registry()).unwrap_err();
    insta::assert_snapshot!(problem::render(&problems, false), @r"
    error: two suites have the name `example`
     --> two.yaml:3:8
      |
    3 | suite: example
      |        ^^^^^^^ again here
      |
     ::: one.yaml:3:8
      |
    3 | suite: example
      |        ------- first here
    ");
}

#[test]
fn a_table_becomes_a_case_of_each_value() {
    let suite = example();
    let names: Vec<_> = suite.cases.iter().map(|case| case.case.as_str()).collect();
    assert_eq!(
        names,
        ["plain", "table/number", "table/array", "discovery", "measured", "policy", "rotation", "implied"]
    );
    let [number, array] = &suite.cases[1..3] else { unreachable!() };
    assert_eq!(number.name(), "example::table/number");
    assert_eq!(number.title, "An audience of the wrong type is refused (number)");
    assert_eq!(
        (number.level_under(Profile::Draft), number.level_under(Profile::Xaa)),
        (Level::MUST, Level::INFO)
    );
    assert_eq!(array.title, "An audience of the wrong type is refused (of a number)");
    assert_eq!(
        (array.level_under(Profile::Draft), array.level_under(Profile::McpEma)),
        (Level::SHOULD, Level::SHOULD)
    );
    assert_eq!(array.requirements, ["IDJAG-4.4.1-aud", "ATT-aud"]);
    assert_eq!((number.row.as_str(), array.row.as_str()), ("jwt-bearer.invalid-grant.aud", "own.metadata"));
    assert_eq!((number.source.line, number.source.column), (22, 9));
    let answers = [number, array].map(|case| match case.steps.as_slice() {
        [Step::Send(send)] => send.expect.answer.clone(),
        _ => unreachable!(),
    });
    let refused = Answer::Refused { errors: vec!["invalid_grant".to_owned()], error_level: Level::MUST };
    assert_eq!(answers, [refused, Answer::Accepted]);
}

#[test]
fn what_a_case_uses_it_needs() {
    let suite = example();
    let needs = |name: &str| suite.cases.iter().find(|case| case.case == name).unwrap().needs.clone();
    assert_eq!(needs("plain"), [Need::Client]);
    assert_eq!(needs("table/array"), [Need::Client, Need::OtherClient, Need::Scope, Need::Resource]);
    assert_eq!(needs("discovery"), [Need::Client, Need::Metadata], "the suite's own need too");
    assert_eq!(
        needs("implied"),
        [
            Need::Client,
            Need::ClientSecret,
            Need::OtherClient,
            Need::OtherIdpIssuer,
            Need::Scope,
            Need::OtherResource
        ]
    );
}

#[test]
fn steps_and_policies_become_what_they_say() {
    let suite = example();
    let case = |name: &str| suite.cases.iter().find(|case| case.case == name).unwrap();
    let policy = case("policy");
    assert_eq!(policy.policy, Some(("replay".to_owned(), "single-use".to_owned())));
    let [Step::Send(first), Step::Send(second)] = policy.steps.as_slice() else { unreachable!() };
    assert!(!first.same_assertion && second.same_assertion);
    assert!(case("rotation").is_exclusive() && !policy.is_exclusive());
    assert!(!case("discovery").sends());
    let [Step::Send(measured)] = case("measured").steps.as_slice() else { unreachable!() };
    assert_eq!(measured.expect.headers.keys().collect::<Vec<_>>(), ["cache-control"]);
}

#[test]
fn what_cannot_be_read_is_named_with_its_mend() {
    let folder = std::env::temp_dir().join(format!("jagspec-suite-files-{}", std::process::id()));
    let empty = folder.join("empty");
    fs::create_dir_all(&empty).unwrap();
    fs::write(empty.join("rows.yaml"), "rows: []\n").unwrap();
    fs::write(folder.join("latin1.yaml"), b"suite: a\ntitle: caf\xe9\n").unwrap();
    fs::write(folder.join("large.yaml"), vec![b'#'; 4 * 1024 * 1024 + 1]).unwrap();
    let paths: Vec<_> =
        ["absent.yaml", "empty", "latin1.yaml", "large.yaml"].map(|name| folder.join(name)).into();
    let problems = load::from_disk(&paths).unwrap_err();
    let shown: Vec<_> = problems
        .iter()
        .map(|problem| problem.message.replace(&format!("{}/", folder.display()), ""))
        .collect();
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(
        shown,
        [
            "cannot read `absent.yaml`: No such file or directory (os error 2)",
            "no suite file in the folder `empty`",
            "`latin1.yaml` is not UTF-8: the byte 0xe9 in line 2",
            "`large.yaml` is larger than 4 MiB",
        ]
    );
    assert!(problems.iter().all(|problem| problem.help.is_some()));
}

#[test]
fn a_folder_is_read_in_the_order_of_its_names() {
    let sources = load::from_disk(&[folder("fixtures/broken")]).unwrap();
    let names: Vec<_> = sources.iter().map(|source| source.name.clone()).collect();
    assert!(names.is_sorted() && names.len() == yaml_files("fixtures/broken").len());
    // The registry's own files are no suites.
    assert!(load::from_disk(&[folder("fixtures/registry")]).is_err());
}

#[test]
fn check_knows_a_file_by_what_it_holds() {
    let registry = registry();
    let config =
        |source: &Arc<SourceText>| vec![Problem::new(Place::new(source, 0..1), "a mistake of the config")];
    let baseline = |source: &Arc<SourceText>, suites: Option<&[Suite]>| {
        let suites = suites.map_or(0, |suites| suites.len());
        vec![Problem::new(Place::new(source, 0..1), format!("a baseline, beside {suites} suites"))]
    };
    let check = |name: &str| suite::check_files(&[folder(name)], &registry, &config, &baseline);
    assert!(check("fixtures/suites/example.yaml").is_empty());
    assert_eq!(check("fixtures/broken/duplicate-key.yaml").len(), 1);
    let empty = check("fixtures/broken/syntax-empty.yaml");
    assert_eq!(empty[0].message, "a mistake of the config", "what is of no other kind");
    // The shipped suites name requirements that the registry of the fixtures does not have.
    let known = check("fixtures/broken/baseline/duplicate.yaml");
    assert_eq!(known[0].message, "a baseline, beside 0 suites");
    let embedded = Registry::embedded().unwrap();
    let files = [folder("fixtures/broken/baseline/duplicate.yaml")];
    let found = suite::check_files(&files, &embedded, &config, &baseline);
    assert_eq!(found[0].message, format!("a baseline, beside {} suites", load::SHIPPED.len()));
    let other = check("fixtures/registry/rows.yaml");
    assert_eq!(other[0].message, "rows, requirements and attacks are not read from a file");
}

#[test]
fn the_schema_is_that_of_the_types() {
    let path = folder("schemas/suite.schema.json");
    let fresh = schema::suite_schema();
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        fs::write(&path, &fresh).unwrap();
    }
    let checked_in = fs::read_to_string(&path).unwrap_or_default();
    assert!(checked_in == fresh, "stale: UPDATE_SCHEMAS=1 cargo test --test suite_files writes it anew");
}

#[test]
fn the_schema_names_the_keys_of_a_case() {
    let schema: serde_json::Value = serde_json::from_str(&schema::suite_schema()).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let keys: BTreeSet<_> =
        schema["$defs"]["CaseFile"]["properties"].as_object().unwrap().keys().cloned().collect();
    for key in
        ["case", "title", "level", "levels", "requirements", "row", "setup", "id_jag", "expect", "table"]
    {
        assert!(keys.contains(key), "{key}");
    }
}
