//! The harness under test: every fault of the playground is found, by cases that should find it, and diagnosed as
//! the row that it is; the correct server gets no complaint. The snapshot lists, per fault, what is not `pass`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod common;

use std::{collections::BTreeSet, fmt::Write as _};

use common::{Setup, run, shipped};
use jagspec::{
    cli::RunOptions,
    playground::Fault,
    report::{Outcome, Report},
};

/// Ed25519 signs fast, except where the algorithm is the subject.
fn options(fault: Option<Fault>) -> RunOptions {
    let by_algorithm = fault.is_some_and(|fault| fault.name().starts_with("alg-"));
    RunOptions { idp_alg: (!by_algorithm).then(|| "EdDSA".to_owned()), ..RunOptions::default() }
}

/// A fault in the way in which metadata is found shows only where the issuer has a path.
fn issuer_path(fault: Fault) -> &'static str {
    if fault.name().starts_with("wellknown-") { "/tenant1" } else { "" }
}

async fn run_with(
    fault: Fault,
    registry: &jagspec::suite::registry::Registry,
    suites: &[jagspec::suite::Suite],
) -> Report {
    let setup =
        Setup { options: options(Some(fault)), issuer_path: issuer_path(fault), ..Setup::with_fault(fault) };
    run(setup, registry, suites).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_correct_server_gets_no_complaint() {
    let (registry, suites) = shipped();
    for algorithm in [None, Some("PS256"), Some("ES256"), Some("EdDSA"), Some("Ed25519")] {
        for issuer_path in ["", "/tenant1", "/tenant1/"] {
            let options = RunOptions { idp_alg: algorithm.map(str::to_owned), ..RunOptions::default() };
            let report = run(Setup { options, issuer_path, ..Setup::default() }, &registry, &suites).await;
            let complaints: Vec<_> = report
                .cases
                .iter()
                .filter(|case| !matches!(case.outcome, Outcome::Pass | Outcome::Skip))
                .collect();
            assert!(complaints.is_empty(), "{algorithm:?} {issuer_path}: {complaints:#?}");
            assert!(report.diagnoses.is_empty(), "{:#?}", report.diagnoses);
            assert_eq!(report.exit_status, 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_found_and_named() {
    let (registry, suites) = shipped();
    let mut matrix = String::new();
    let mut wrong = Vec::new();
    let mut found_by: BTreeSet<String> = BTreeSet::new();
    for fault in Fault::ALL.iter().copied() {
        let report = run_with(fault, &registry, &suites).await;
        let info = fault.info();
        let first = report.diagnoses.first();
        let _ = writeln!(
            matrix,
            "{}: exit {}, {}",
            info.name,
            report.exit_status,
            first.map_or("no diagnosis".to_owned(), |first| format!(
                "{} ({})",
                first.row,
                first.confidence.word()
            ))
        );
        let findings: Vec<_> = report
            .cases
            .iter()
            .filter(|case| matches!(case.outcome, Outcome::Fail | Outcome::Warn | Outcome::Error))
            .collect();
        let unsent = report.summary.inconclusive;
        for case in &findings {
            found_by.insert(case.name.clone());
            let _ = writeln!(matrix, "  {} {}", case.outcome.word(), case.name);
        }
        if unsent > 0 {
            let _ = writeln!(matrix, "  inconclusive {unsent}");
        }
        if first.map(|first| first.row.as_str()) != Some(info.row) {
            wrong.push(format!(
                "{}: {} in place of {}",
                info.name,
                first.map_or("nothing", |first| &first.row),
                info.row
            ));
        }
    }
    insta::assert_snapshot!("matrix", matrix);
    assert!(wrong.is_empty(), "diagnosed as another row:\n{}", wrong.join("\n"));
}
