//! `jagspec merge`: the reports of the shards of a run become the report of the run.

use super::{Stop, load_suites, publish::Outputs, stop};
use crate::{
    cli::{
        MergeArguments, RunOptions, Screen,
        baseline::{Baseline, case_names},
        files,
    },
    clock::Clock,
    merge::{Part, merge as join},
    report::redact::Redactor,
    settings::Profile,
};

pub(super) fn merge(arguments: MergeArguments, screen: &mut Screen) -> Result<u8, Stop> {
    let options = RunOptions {
        report: Some(arguments.report),
        check_snapshot: arguments.check_snapshot,
        sarif_location: arguments.sarif_location,
        baseline: arguments.baseline,
        write_baseline: arguments.write_baseline,
        ..RunOptions::default()
    };
    let baseline = Baseline::path(&options)?;
    let outputs = Outputs::of(&options, screen)?;
    let (registry, suites) = load_suites(&arguments.suite)?;
    let (mut parts, mut unreadable) = (Vec::new(), Vec::new());
    for path in &arguments.reports {
        match files::report(path) {
            Ok(report) => parts.push(Part { file: path.display().to_string(), report }),
            Err(why) => unreadable.push(why),
        }
    }
    let mut report = join(parts, unreadable, &registry).map_err(Stop::Messages)?;
    let mut written = true;
    if let Some(path) = baseline {
        let profile = Profile::ALL.into_iter().find(|profile| profile.name() == report.run.rules);
        let profile = profile.ok_or_else(|| stop("--baseline: this version has no such profile"))?;
        let write = options.write_baseline.unwrap_or(false);
        let baseline = Baseline::read(path, write, case_names(&suites))?;
        written = baseline.apply(&mut report, profile, Clock::System.now(), screen);
    }
    // The shards have taken out their secrets by value. What is secret by its place may have come in since.
    if !report.run.secrets_shown {
        Redactor::new(Vec::new()).redact_report(&mut report);
    }
    match outputs.publish(report, &registry, screen) {
        0 if !written => Ok(1),
        status => Ok(status),
    }
}
