//! What is written of a report, and what is shown of it.

use std::{fs, path::Path};

use super::{NOT_WRITTEN, Stop, stop};
use crate::{
    cli::{
        RunOptions, Screen,
        files::{self, Format, ReportFile},
    },
    report::{Report, github, har, html, json, junit, markdown, sarif, snapshot, terminal},
    suite::registry::Registry,
};

/// What is to be written of a report, checked before there is one.
pub(super) struct Outputs {
    reports: Vec<ReportFile>,
    check_snapshot: bool,
    sarif_location: Option<String>,
}

impl Outputs {
    /// What these options ask for. Standard output is left to a report that wants it.
    ///
    /// # Errors
    /// A report that cannot be written, or a snapshot to be checked that is not asked for.
    pub(super) fn of(options: &RunOptions, screen: &mut Screen) -> Result<Self, Stop> {
        let reports = files::report_files(options.report.as_deref().unwrap_or_default())?;
        let check_snapshot = options.check_snapshot.unwrap_or(false);
        if check_snapshot
            && !reports.iter().any(|report| report.format == Format::Snapshot && report.path.is_some())
        {
            return Err(stop("--check-snapshot: there is no snapshot to check; add --report snapshot=FILE"));
        }
        let sarif_location = options.sarif_location.clone().filter(|file| !file.is_empty());
        if sarif_location.is_some() && !reports.iter().any(|report| report.format == Format::Sarif) {
            return Err(stop("--sarif-location: there is no SARIF report; add --report sarif=FILE"));
        }
        for path in reports.iter().filter_map(|report| report.path.as_deref()) {
            if options.baseline.as_ref().is_some_and(|baseline| Path::new(baseline) == path) {
                let path = path.display();
                return Err(stop(format!("--report: {path} is the baseline, which a report would replace")));
            }
            files::check_writable("--report", path)?;
        }
        screen.results_on_stderr = reports.iter().any(|report| report.path.is_none());
        Ok(Self { reports, check_snapshot, sarif_location })
    }

    /// Writes and shows the report, which is redacted already, and returns the exit status.
    pub(super) fn publish(&self, mut report: Report, registry: &Registry, screen: &Screen) -> u8 {
        // The snapshot first: whether it differs is part of the exit status that the other reports tell.
        let snapshot = snapshot::render(&report);
        let difference = if self.check_snapshot { self.difference(&snapshot) } else { None };
        let mut exit_reason = None;
        if difference.is_some() && report.exit_status == 0 {
            report.exit_status = 1;
            exit_reason = Some("the snapshot differs from the file that was there".to_owned());
        }
        let mut trouble = Vec::new();
        for file in &self.reports {
            let text = self.render(file.format, &report, &snapshot, registry);
            let written = text.and_then(|text| match &file.path {
                Some(path) if file.format == Format::Snapshot => {
                    files::write(path, &format!("{}{text}", snapshot::insta_header(&there(path))))
                }
                Some(path) => files::write(path, &text),
                None => screen.report(&text).map_err(|error| format!("standard output: {error}")),
            });
            trouble.extend(written.err());
        }
        if !trouble.is_empty() && report.exit_status == 0 {
            // The reports that were written say 0: of the others' trouble they know nothing.
            report.exit_status = NOT_WRITTEN;
            exit_reason = Some("a report could not be written".to_owned());
        }
        let options =
            terminal::TerminalOptions { width: screen.columns(), colour: screen.colour(), exit_reason };
        screen.result(&terminal::render(&report, &options));
        if let Some(difference) = difference {
            screen.message(&format!("\nthe snapshot differs from the file that was there:\n{difference}"));
        }
        for problem in &trouble {
            screen.message(&format!("error: a report could not be written: {problem}\n"));
        }
        report.exit_status
    }

    /// How the snapshot differs from the file that was there. One that cannot be read as text differs as well; none
    /// there yet differs in nothing.
    fn difference(&self, snapshot: &str) -> Option<String> {
        let snapshots = self.reports.iter().filter(|file| file.format == Format::Snapshot);
        let mut paths = snapshots.filter_map(|file| file.path.as_deref()).filter(|path| path.is_file());
        paths.find_map(|path| snapshot::compare(&there(path), snapshot))
    }

    fn render(
        &self,
        format: Format,
        report: &Report,
        snapshot: &str,
        registry: &Registry,
    ) -> Result<String, String> {
        match format {
            Format::Html => html::render(report, registry).map_err(|error| error.to_string()),
            Format::Json => json::render(report).map_err(|error| error.to_string()),
            Format::Junit => junit::render(report).map_err(|error| error.to_string()),
            Format::Markdown => Ok(markdown::render(report)),
            Format::Sarif => sarif::render(report, registry, self.sarif_location.as_deref())
                .map_err(|error| error.to_string()),
            Format::Snapshot => Ok(snapshot.to_owned()),
            Format::Github => Ok(github::render(report)),
            Format::Har => har::render(report).map_err(|error| error.to_string()),
        }
    }
}

/// The text of a file; empty without one.
fn there(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
