//! Joins the reports of the shards of a run into the one that the whole run would have given. What a case says of
//! its own answers is taken over; what is said of all answers together is said anew, by the same `judge` and
//! `diagnose`. Reading and writing files is left to others.

mod check;
mod join;

use crate::{
    report::{Report, sanitise},
    suite::registry::Registry,
};

/// A report, and the file that it was read from.
#[derive(Debug, Clone)]
pub struct Part {
    /// The file, as it was named.
    pub file: String,
    /// What it holds.
    pub report: Report,
}

/// The report of the run whose shards these are. One report that is of no shard is the whole already. `unreadable`:
/// why files that were named beside these are no reports.
///
/// # Errors
/// Everything that keeps them from being parts of one run, one sentence each, which names the file.
pub fn merge(
    mut parts: Vec<Part>,
    unreadable: Vec<String>,
    registry: &Registry,
) -> Result<Report, Vec<String>> {
    if let ([part], true) = (parts.as_slice(), unreadable.is_empty())
        && part.report.run.shard.is_none()
    {
        return Ok(parts.remove(0).report);
    }
    let troubles = check::troubles(&parts, unreadable);
    if !troubles.is_empty() {
        return Err(troubles);
    }
    join::join(parts.into_iter().map(|part| part.report).collect(), registry)
        .ok_or_else(|| vec!["there is no report to merge".to_owned()])
}

/// A text of a report as it may stand in a message: harmless, and not too long.
fn shown(text: &str) -> String {
    sanitise(&crate::observation::clip(text, 200)).into_owned()
}

#[cfg(test)]
mod tests;
