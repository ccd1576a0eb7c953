//! SARIF against the official schema, and where its results point.

use std::fs;

use jagspec::report::sarif;
use serde_json::Value;

use crate::{SAMPLES, formats::registry, path, sample};

fn log(name: &str, location: Option<&str>) -> Value {
    serde_json::from_str(&sarif::render(&sample(name), &registry(), location).unwrap()).unwrap()
}

#[test]
fn the_logs_fit_the_official_schema() {
    let schema = fs::read_to_string(path("fixtures/sarif/sarif-2.1.0-rtm.5.json")).unwrap();
    // One pattern has a bracket without its partner (`[a-zA-Z]{2}]?`), which only some regex engines take as itself.
    let schema: Value = serde_json::from_str(&schema.replace("{2}]?$", r"{2}\\]?$")).unwrap();
    let validator = jsonschema::draft4::new(&schema).unwrap();
    for name in SAMPLES {
        let log = log(name, None);
        let problems: Vec<_> =
            validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(problems.is_empty(), "{name}: {problems:#?}");
    }
    // And the schema has teeth.
    let mut broken = log("mixed", None);
    broken["runs"][0]["results"][0]["level"] = Value::from("fatal");
    assert!(!validator.is_valid(&broken));
}

#[test]
fn each_result_points_at_its_rule_and_at_a_line() {
    let log = log("mixed", None);
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 5);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(rules[index]["help"]["text"].as_str().unwrap().contains("Fix: "));
    }
    // The other two are requirements that the registry does not know.
    let addresses: Vec<_> = rules.iter().filter_map(|rule| rule.get("helpUri")?.as_str()).collect();
    assert_eq!(addresses.len(), 3);
    assert!(addresses.iter().all(|uri| uri.starts_with("https://")), "{addresses:?}");
    let place = &results[1]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "suites/audience.yaml");
    assert_eq!(place["region"]["startLine"], 22);
    assert_eq!(results[1]["partialFingerprints"]["jagspecCase/v1"], "audience::second-audience");
    let levels: Vec<_> = results.iter().map(|result| result["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["warning", "error", "error", "note", "error"]);
}

/// What GitHub's code scanning asks for beyond the schema: descriptions of each rule, at most ten tags, a severity of
/// holes alone, places relative to the repository, and a fingerprint of its own for each case.
#[test]
fn code_scanning_finds_what_it_needs() {
    for location in [None, Some("src/token.rs")] {
        let log = log("mixed", location);
        let run = &log["runs"][0];
        for rule in run["tool"]["driver"]["rules"].as_array().unwrap() {
            for text in ["shortDescription", "fullDescription", "help"] {
                let text = rule[text]["text"].as_str().unwrap();
                assert!(!text.is_empty() && !text.contains('\n'), "{rule}");
            }
            assert!(rule["shortDescription"]["text"].as_str().unwrap().chars().count() <= 1024);
            let tags = rule["properties"]["tags"].as_array().unwrap();
            assert!(tags.len() <= 10);
            let is_hole = rule["properties"].get("security-severity") == Some(&Value::from("9.0"));
            assert_eq!(tags.contains(&Value::from("security")), is_hole, "{rule}");
        }
        let results = run["results"].as_array().unwrap();
        let mut prints: Vec<_> = results
            .iter()
            .map(|it| it["partialFingerprints"]["primaryLocationLineHash"].to_string())
            .collect();
        for result in results {
            let rule = &run["tool"]["driver"]["rules"]
                [usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
            let is_critical = result["properties"]["severity"] == "critical";
            assert!(!is_critical || rule["properties"]["security-severity"] == "9.0", "{result}");
            let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
            assert!(!uri.starts_with(['/', '.']) && !uri.contains(':'), "{uri}");
            let message = result["message"]["text"].as_str().unwrap();
            assert!(message.starts_with(result["properties"]["case"].as_str().unwrap()), "{message}");
        }
        assert!(prints.iter().all(|print| print.len() == 20 && print.ends_with(":1\"")), "{prints:?}");
        prints.sort();
        prints.dedup();
        assert_eq!(prints.len(), results.len(), "one for each case, also at one place");
    }
}

#[test]
fn a_location_of_ones_own_takes_the_place_of_the_suite_file() {
    for (typed, uri) in [
        ("src/token endpoint.rs", "src/token%20endpoint.rs"),
        ("deploy\\as.yaml", "deploy/as.yaml"),
        ("/etc/as.yaml", "file:///etc/as.yaml"),
    ] {
        let log = log("mixed", Some(typed));
        for result in log["runs"][0]["results"].as_array().unwrap() {
            let place = &result["locations"][0]["physicalLocation"];
            assert_eq!(place["artifactLocation"]["uri"], uri);
            assert_eq!(place["region"]["startLine"], 1);
        }
    }
}

#[test]
fn a_rule_of_practice_has_no_address() {
    let mut report = sample("mixed");
    let registry = registry();
    let practice = registry.requirements.iter().find(|it| it.document == "PRACTICE").unwrap();
    for case in &mut report.cases {
        case.requirements = vec![practice.id.clone()];
    }
    let log: Value = serde_json::from_str(&sarif::render(&report, &registry, None).unwrap()).unwrap();
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.len() == 1 && rules[0].get("helpUri").is_none(), "{rules:?}");
}

#[test]
fn what_a_baseline_knows_is_suppressed() {
    let log = log("baseline", Some("as.yaml"));
    let results = log["runs"][0]["results"].as_array().unwrap();
    let seen: Vec<_> = results
        .iter()
        .map(|result| {
            let suppressed = result["suppressions"].as_array().unwrap().first();
            let why =
                suppressed.map(|it| (it["kind"].as_str().unwrap(), it["justification"].as_str().unwrap()));
            (result["properties"]["case"].as_str().unwrap(), result["baselineState"].as_str().unwrap(), why)
        })
        .collect();
    let ticket = "Ticket 7: arrays are mended in October (until 2026-10-31)";
    assert_eq!(
        seen,
        [
            ("discovery::grant-profile", "new", None),
            ("audience::second-audience", "unchanged", Some(("external", ticket))),
            ("audience::values/token-endpoint", "unchanged", Some(("external", "Ticket 7"))),
            ("audience::values/trailing-slash", "new", None),
            ("token-request::unknown-grant-type", "new", None),
        ]
    );
    // Stale and expired entries, at their lines of the baseline.
    let told = log["runs"][0]["invocations"][0]["toolConfigurationNotifications"].as_array().unwrap();
    let places: Vec<_> = told
        .iter()
        .map(|it| {
            let place = &it["locations"][0]["physicalLocation"];
            assert_eq!(place["artifactLocation"]["uri"], "ci/baseline.yaml");
            (it["level"].as_str().unwrap(), place["region"]["startLine"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(places, [("error", 4), ("error", 16), ("error", 23), ("warning", 19)]);
    // Without a baseline nothing is said of one.
    let log = self::log("mixed", None);
    assert!(log["runs"][0]["results"].as_array().unwrap().iter().all(|it| it.get("baselineState").is_none()));
}
