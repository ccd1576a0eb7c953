//! The file of `--baseline`: read and checked before the run, compared after it, written anew by `--write-baseline`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{RunOptions, Screen, UsageError, files};
use crate::{
    known_failures::{self, Rewritten},
    problem::{self, Problem, SourceText},
    report::{BaselineEntry, Report},
    settings::Profile,
    suite::{Suite, load},
};

/// What `--baseline` and `--write-baseline` ask for.
pub(super) struct Baseline {
    path: PathBuf,
    /// None where the file is still to be written.
    source: Option<Arc<SourceText>>,
    entries: Vec<BaselineEntry>,
    write: bool,
    names: Vec<String>,
}

impl Baseline {
    /// The file of the options; none where they name none.
    ///
    /// # Errors
    /// `--write-baseline` without a file, or with one that cannot be written.
    pub(super) fn path(options: &RunOptions) -> Result<Option<PathBuf>, UsageError> {
        let path = options.baseline.clone().filter(|path| !path.is_empty()).map(PathBuf::from);
        let write = options.write_baseline.unwrap_or(false);
        match &path {
            None if write => Err(UsageError {
                option: "--write-baseline",
                problem: "there is no file to write; add --baseline FILE".to_owned(),
            }),
            Some(file) if write => files::check_writable("--baseline", file).map(|()| path),
            _ => Ok(path),
        }
    }

    /// Reads and checks the file against the cases of these suites.
    ///
    /// # Errors
    /// The mistakes in it, or why it cannot be read.
    pub(super) fn read(path: PathBuf, options: &RunOptions, suites: &[Suite]) -> Result<Self, Vec<Problem>> {
        let write = options.write_baseline.unwrap_or(false);
        let names = names(suites);
        let source = if write && !path.exists() { None } else { Some(read(&path)?) };
        let entries = source.as_ref().map_or(Ok(Vec::new()), |source| entries(source, Some(&names)))?;
        Ok(Self { path, source, entries, write, names })
    }

    /// Compares the report with the file, and writes that anew where it is to be. False when it could not be written.
    ///
    /// `now` is in seconds since the epoch.
    pub(super) fn apply(&self, report: &mut Report, profile: Profile, now: i64, screen: &Screen) -> bool {
        let name = self.path.display().to_string();
        report.baseline = Some(known_failures::applied(&name, self.entries.clone(), profile, now));
        known_failures::compare(report);
        if !self.write {
            return true;
        }
        match self.rewrite(report, profile) {
            Ok((rewritten, entries)) => {
                report.baseline = Some(known_failures::applied(&name, entries, profile, now));
                known_failures::compare(report);
                let Rewritten { entries, added, removed, .. } = rewritten;
                let entries = if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") };
                screen.message(&format!("wrote {name}: {entries}, {added} added, {removed} removed\n"));
                true
            }
            Err(why) => {
                screen.message(&format!("error: {name} was not written: {why}\n"));
                false
            }
        }
    }

    fn rewrite(&self, report: &Report, profile: Profile) -> Result<(Rewritten, Vec<BaselineEntry>), String> {
        let old = self.source.as_ref().map(|source| source.text.as_str());
        let rewritten = known_failures::rewrite(report, profile, &self.names, old)?;
        // What cannot be read again must not take the place of what can.
        let source = SourceText::new(self.path.display().to_string(), rewritten.text.clone());
        let entries =
            entries(&source, Some(&self.names)).map_err(|problems| problem::render(&problems, false))?;
        files::write(&self.path, &rewritten.text)?;
        Ok((rewritten, entries))
    }
}

/// The mistakes of a baseline, for `jagspec check`.
pub(super) fn check(source: &Arc<SourceText>, suites: Option<&[Suite]>) -> Vec<Problem> {
    let names = suites.map(names);
    entries(source, names.as_deref()).err().unwrap_or_default()
}

fn entries(source: &Arc<SourceText>, names: Option<&[String]>) -> Result<Vec<BaselineEntry>, Vec<Problem>> {
    known_failures::entries(source, names, &known_failures::this_version())
}

fn names(suites: &[Suite]) -> Vec<String> {
    suites.iter().flat_map(|suite| &suite.cases).map(crate::suite::Case::name).collect()
}

fn read(path: &Path) -> Result<Arc<SourceText>, Vec<Problem>> {
    load::read(path).map_err(|problem| {
        vec![if path.exists() {
            problem
        } else {
            problem.help("check the path, or let jagspec write the file: add --write-baseline")
        }]
    })
}
