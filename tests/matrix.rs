//! The harness under test: every fault of the playground is found, by cases that should find it, and diagnosed as
//! the row that it is; the correct server gets no complaint. The snapshot lists, per fault, what is not `pass`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod common;

use std::{fmt::Write as _, sync::Arc};

use common::{Setup, run, shipped};
use jagspec::{
    cli::RunOptions,
    playground::Fault,
    report::{Level, Outcome, Report},
    settings::{POLICIES, Profile},
    suite::{Suite, registry::Registry},
};
use tokio::sync::Semaphore;

/// How a fault is brought to light. Ed25519 signs fast; RS256 where the algorithm or the length of the signature is
/// the subject. What the baseline adapts to is fixed, so that it cannot. Replay is judged where the policy says so, the
/// error of a foreign resource where a profile does.
fn options(fault: Fault) -> RunOptions {
    let text = |value: &str| Some(value.to_owned());
    let needs_rsa = ["alg-", "base64-"].iter().any(|start| fault.name().starts_with(start));
    // These show only where the target may be loaded.
    let loads = [Fault::JweBomb500, Fault::LargeBody500];
    RunOptions {
        idp_alg: text(if needs_rsa { "RS256" } else { "EdDSA" }),
        client_auth: (fault == Fault::BasicUnsupported).then(|| "client_secret_basic".to_owned()),
        strict: Some(true),
        intrusive: loads.contains(&fault).then(|| "yes".to_owned()),
        profile: (fault == Fault::ResourceErrorInvalidTarget).then(|| "draft-next".to_owned()),
        policy: (fault.info().row == "own.jwt-bearer.replay").then(|| vec!["replay=single-use".to_owned()]),
        ..RunOptions::default()
    }
}

/// A fault in the way in which metadata is found shows only where the issuer has a path.
fn issuer_path(fault: Fault) -> &'static str {
    if fault.name().starts_with("wellknown-") { "/tenant1" } else { "" }
}

/// The reports of all faults, in their order. Two runs at once keep two cores busy; each has ports of its own.
async fn run_all(registry: Registry, suites: Vec<Suite>) -> Vec<(Fault, Report)> {
    let shared = Arc::new((registry, suites));
    let turns = Arc::new(Semaphore::new(2));
    let tasks: Vec<_> = Fault::ALL
        .iter()
        .copied()
        .map(|fault| {
            let (shared, turns) = (shared.clone(), turns.clone());
            tokio::spawn(async move {
                let _turn = turns.acquire().await.unwrap();
                let setup = Setup {
                    options: options(fault),
                    issuer_path: issuer_path(fault),
                    ..Setup::with_fault(fault)
                };
                (fault, run(setup, &shared.0, &shared.1).await)
            })
        })
        .collect();
    let mut reports = Vec::new();
    for task in tasks {
        reports.push(task.await.unwrap());
    }
    reports
}

/// One way of running the correct server.
async fn expect_no_complaint(setup: Setup, registry: &Registry, suites: &[Suite]) {
    let shown = format!("{:?} {}", setup.options, setup.issuer_path);
    let report = run(setup, registry, suites).await;
    let complaints: Vec<_> =
        report.cases.iter().filter(|case| !matches!(case.outcome, Outcome::Pass | Outcome::Skip)).collect();
    assert!(complaints.is_empty(), "{shown}: {complaints:#?}");
    assert!(report.diagnoses.is_empty(), "{shown}: {:#?}", report.diagnoses);
    assert_eq!(report.exit_status, 0, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_correct_server_gets_no_complaint_whatever_the_algorithm_and_the_issuer() {
    let (registry, suites) = shipped();
    for algorithm in ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"] {
        for issuer_path in ["", "/tenant1", "/tenant1/"] {
            let options = RunOptions { idp_alg: Some(algorithm.to_owned()), ..RunOptions::default() };
            expect_no_complaint(Setup { options, issuer_path, ..Setup::default() }, &registry, &suites).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_correct_server_gets_no_complaint_whatever_the_profile_and_the_policy() {
    let (registry, suites) = shipped();
    for profile in Profile::ALL {
        let options = RunOptions { profile: Some(profile.name().to_owned()), ..RunOptions::default() };
        expect_no_complaint(Setup { options, ..Setup::default() }, &registry, &suites).await;
    }
    for (policy, values) in POLICIES {
        for value in values {
            let options =
                RunOptions { policy: Some(vec![format!("{policy}={value}")]), ..RunOptions::default() };
            expect_no_complaint(Setup { options, ..Setup::default() }, &registry, &suites).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_correct_server_gets_no_complaint_when_it_demands_a_nonce_in_proofs() {
    let (registry, suites) = shipped();
    let filters = vec!["proof-of-possession".to_owned()];
    let setup = Setup { demands_dpop_nonce: true, filters, ..Setup::default() };
    expect_no_complaint(setup.clone(), &registry, &suites).await;
    let report = run(setup, &registry, &suites).await;
    assert_eq!(report.summary.skip, 0, "the nonce was followed in every control");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_found_and_named() {
    let (registry, suites) = shipped();
    let mut matrix = String::new();
    let mut wrong = Vec::new();
    for (fault, report) in run_all(registry, suites).await {
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
        // A reading that the specifications leave open (level MAY) fails no run, strict or not.
        let only_readings = !findings.is_empty() && findings.iter().all(|case| case.level == Level::MAY);
        if !(matches!(report.exit_status, 1 | 3) || (report.exit_status == 0 && only_readings)) {
            wrong.push(format!("{}: exit status {}", info.name, report.exit_status));
        }
        for case in findings.iter().filter(|case| case.outcome != Outcome::Error) {
            let _ = writeln!(matrix, "  {} {}", case.outcome.word(), case.name);
        }
        // Which cases are throttled depends on their order in time.
        if report.summary.error > 0 {
            let _ = writeln!(matrix, "  error: throttled");
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
