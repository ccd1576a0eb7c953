//! The harness under test: every fault of the playground is found, by cases that should find it, and diagnosed as
//! the row that it is; the correct server gets no complaint. The snapshot lists, per fault, what is not `pass`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod common;

use std::{collections::BTreeSet, fmt::Write as _, path::Path, sync::Arc};

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
        client_auth: client_auth(fault).map(str::to_owned),
        strict: Some(true),
        intrusive: loads.contains(&fault).then(|| "yes".to_owned()),
        profile: (fault == Fault::ResourceErrorInvalidTarget).then(|| "draft-next".to_owned()),
        policy: policy(fault).map(|policy| vec![policy.to_owned()]),
        ..RunOptions::default()
    }
}

/// The method by which the client is to authenticate, where the baseline would go around the fault by another.
fn client_auth(fault: Fault) -> Option<&'static str> {
    match fault {
        Fault::BasicUnsupported | Fault::ClientSecretRotated => Some("client_secret_basic"),
        Fault::ClientAssertionAudDoubleSlash
        | Fault::ClientAssertionTypRefused
        | Fault::KeyClientTakenForPublic => Some("private_key_jwt"),
        _ => None,
    }
}

/// The policy under which the fault is judged.
fn policy(fault: Fault) -> Option<&'static str> {
    match fault {
        Fault::PublicClientAllowed => Some("public-clients=refuse"),
        Fault::PublicClientRefused => Some("public-clients=allow"),
        Fault::ClientAuthMethodNotPinned => Some("client-auth-method=registered"),
        _ if fault.info().row == "own.jwt-bearer.replay" => Some("replay=single-use"),
        _ => None,
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
async fn expect_no_complaint(setup: Setup, registry: &Registry, suites: &[Suite]) -> Report {
    let shown = format!("{:?} {}", setup.options, setup.issuer_path);
    let report = run(setup, registry, suites).await;
    let complaints: Vec<_> =
        report.cases.iter().filter(|case| !matches!(case.outcome, Outcome::Pass | Outcome::Skip)).collect();
    assert!(complaints.is_empty(), "{shown}: {complaints:#?}");
    assert!(report.diagnoses.is_empty(), "{shown}: {:#?}", report.diagnoses);
    assert_eq!(report.exit_status, 0, "{shown}");
    report
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
async fn the_correct_server_gets_no_complaint_however_the_client_authenticates() {
    let (registry, suites) = shipped();
    let key = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/keys/{name}.pem"));
    // A key of each type, of a role that signs no client assertion.
    for key in ["untrusted-p256", "untrusted-p384", "untrusted-ed25519", "untrusted-rsa"].map(key) {
        for method in ["client_secret_post", "private_key_jwt"] {
            let options = RunOptions {
                client_auth: Some(method.to_owned()),
                client_key: Some(key.clone()),
                ..RunOptions::default()
            };
            let report = expect_no_complaint(Setup { options, ..Setup::default() }, &registry, &suites).await;
            assert_eq!(measured(&report, "client-authentication"), method);
            assert_eq!(measured(&report, "client-assertion-audience"), "issuer");
        }
    }
    let options = RunOptions {
        client_auth: Some("none".to_owned()),
        policy: Some(vec!["public-clients=allow".to_owned()]),
        ..RunOptions::default()
    };
    let report = expect_no_complaint(Setup { options, ..Setup::default() }, &registry, &suites).await;
    assert_eq!(measured(&report, "client-authentication"), "none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_the_header_counts_as_another_method_where_the_body_is_registered() {
    let (registry, suites) = shipped();
    let options = RunOptions {
        client_auth: Some("client_secret_post".to_owned()),
        policy: Some(vec!["client-auth-method=registered".to_owned()]),
        ..RunOptions::default()
    };
    let name = "client-authentication::client-auth-method";
    for (faults, outcome) in [
        (BTreeSet::new(), Outcome::Pass),
        (BTreeSet::from([Fault::ClientAuthMethodNotPinned]), Outcome::Fail),
    ] {
        let filters = vec![name.to_owned()];
        let setup = Setup { faults, filters, options: options.clone(), ..Setup::default() };
        let report = run(setup, &registry, &suites).await;
        assert_eq!(report.cases.iter().map(|case| case.outcome).collect::<Vec<_>>(), [outcome]);
    }
}

fn measured<'a>(report: &'a Report, name: &str) -> &'a str {
    let entry = report.profile.iter().find(|entry| entry.name == name);
    entry.and_then(|entry| entry.value.as_str()).unwrap_or_default()
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
