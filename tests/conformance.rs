//! Every shipped case against the correct playground, one trial each: `cargo test --test conformance audience` runs
//! the cases whose name contains `audience`, as `jagspec audience` does. The suites run once; the trials tell what
//! came of each case.

mod common;

use std::process::ExitCode;

use common::{Setup, run, shipped};
use jagspec::{
    cli::RunOptions,
    report::{CaseReport, Outcome},
};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let (registry, suites) = shipped();
    let names: Vec<String> = suites.iter().flat_map(|suite| &suite.cases).map(|case| case.name()).collect();
    let report = match tokio::runtime::Runtime::new() {
        // Listing touches no server.
        Ok(_) if arguments.list => None,
        Ok(runtime) => {
            // With a path in the issuer identifier, so that the cases which need one run too.
            // With a path in the issuer identifier and leave to load the target, so that the cases which need that run
            // too.
            let options = RunOptions { intrusive: Some("yes".to_owned()), ..RunOptions::default() };
            let setup = Setup { issuer_path: "/tenant1", options, ..Setup::default() };
            Some(runtime.block_on(run(setup, &registry, &suites)))
        }
        Err(_) => return ExitCode::FAILURE,
    };
    let trials = names
        .into_iter()
        .map(|name| {
            let case = report
                .as_ref()
                .and_then(|report| report.cases.iter().find(|case| case.name == name))
                .cloned();
            Trial::test(name, move || verdict(case))
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A case that is skipped proves nothing, so that it fails here: the playground offers everything.
fn verdict(case: Option<CaseReport>) -> Result<(), Failed> {
    match case {
        None => Err("the run has not reported this case".into()),
        Some(case) if case.outcome == Outcome::Pass => Ok(()),
        Some(case) => Err(format!(
            "{}: {}\nexpected: {}\nobserved: {}",
            case.outcome.word(),
            case.reason,
            case.expected,
            case.observed
        )
        .into()),
    }
}
