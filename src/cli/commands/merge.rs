//! `jagspec merge`: the reports of the shards of a run become the report of the run.

use super::{Stop, publish::Outputs};
use crate::{
    cli::{MergeArguments, RunOptions, Screen, files},
    merge::{Part, merge as join},
    report::redact::Redactor,
    suite::registry::Registry,
};

pub(super) fn merge(arguments: MergeArguments, screen: &mut Screen) -> Result<u8, Stop> {
    let options = RunOptions {
        report: Some(arguments.report),
        check_snapshot: arguments.check_snapshot,
        sarif_location: arguments.sarif_location,
        ..RunOptions::default()
    };
    let outputs = Outputs::of(&options, screen)?;
    let registry = Registry::embedded()?;
    let (mut parts, mut unreadable) = (Vec::new(), Vec::new());
    for path in &arguments.reports {
        match files::report(path) {
            Ok(report) => parts.push(Part { file: path.display().to_string(), report }),
            Err(why) => unreadable.push(why),
        }
    }
    let mut report = join(parts, unreadable, &registry).map_err(Stop::Messages)?;
    // The shards have taken out their secrets by value. What is secret by its place may have come in since.
    if !report.run.secrets_shown {
        Redactor::new(Vec::new()).redact_report(&mut report);
    }
    Ok(outputs.publish(report, &registry, screen))
}
