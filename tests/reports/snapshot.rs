//! The snapshot of the samples. That of real runs is in `tests/snapshot.rs`.

use std::fs;

use jagspec::report::{Report, snapshot};
use serde_json::Value;

use crate::{all_known, path, sample};

#[test]
fn snapshots() {
    // A baseline says nothing of the server, not even where it turns the exit status.
    let with = all_known();
    let mut without = with.clone();
    without.baseline = None;
    without.cases.iter_mut().for_each(|case| case.known = None);
    without.exit_status = without.status();
    assert_eq!((with.exit_status, without.exit_status), (0, 1));
    assert_eq!(snapshot::compare(&snapshot::render(&without), &snapshot::render(&with)), None);
    for name in ["mixed", "all-pass", "unreachable"] {
        let report = sample(name);
        insta::assert_snapshot!(format!("snapshot-of-{name}"), snapshot::render(&report));
    }
}

#[test]
fn a_snapshot_does_not_depend_on_address_time_and_order() {
    let report = sample("mixed");
    let expected = snapshot::render(&report);
    let text = fs::read_to_string(path("fixtures/report/mixed.json")).unwrap();
    let text = text
        .replace("https://as.example", "http://localhost:43210/tenant")
        .replace("6f1b0c1e-9a3e-4c58-8f37-0a1b2c3d4e5f", "0b9d1d1e-0000-4c58-8f37-0a1b2c3d4e5f")
        .replace("\"0.1.0\"", "\"9.9.9\"")
        .replace("-1.25", "17");
    let mut moved: Report = serde_json::from_str(&text).unwrap();
    moved.profile.reverse();
    assert_eq!(snapshot::compare(&expected, &snapshot::render(&moved)), None);
}

#[test]
fn a_changed_server_is_a_small_difference() {
    let report = sample("mixed");
    let mut changed = report.clone();
    let case =
        changed.cases.iter_mut().find(|case| case.name == "token-request::unknown-grant-type").unwrap();
    case.observed = "500 with a JSON object without error".to_owned();
    changed.profile[3].value = Value::from(120);
    let old = snapshot::render(&report);
    let new = snapshot::render(&changed);
    insta::assert_snapshot!("snapshot-difference", snapshot::compare(&old, &new).unwrap());
}
