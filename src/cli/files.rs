//! The files that a run reads before it starts and writes at its end: the config file, the reports. The baseline has
//! a file of its own.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{RunOptions, UsageError};
use crate::{
    problem::{Place, Problem, SourceText},
    suite::load,
    yaml,
};

/// The config file that is read where `--config` names none.
const CONFIG: &str = "jagspec.yaml";

/// The options of the config file; none given where there is no file.
///
/// # Errors
/// The mistakes in it, or why it cannot be read.
pub(super) fn config(path: Option<&Path>) -> Result<RunOptions, Problem> {
    let path = match path {
        Some(path) => path,
        None if Path::new(CONFIG).is_file() => Path::new(CONFIG),
        None => return Ok(RunOptions::default()),
    };
    parse_config(&load::read(path)?)
}

/// Reads a config file.
///
/// # Errors
/// The mistake in it.
pub(super) fn parse_config(source: &Arc<SourceText>) -> Result<RunOptions, Problem> {
    yaml::parse(source).map_err(|problem| without_secrets(problem, source))
}

/// Options whose values are secrets.
const SECRETS: [&str; 3] = ["client-secret", "other-client-secret", "header"];

/// The mistake without what stands in its line, where that is a secret: messages end up in logs.
fn without_secrets(problem: Problem, source: &SourceText) -> Problem {
    let mut hidden = String::with_capacity(source.text.len());
    let mut secret = false;
    let mut in_secret_line = false;
    for (number, line) in source.text.split_inclusive('\n').enumerate() {
        // What is indented, and the items of a list, belong to the key above.
        let goes_on = line.starts_with([' ', '\t', '-', '#', '\n', '\r', ']', '}']);
        if !goes_on {
            let key = line.split(':').next().unwrap_or_default();
            secret = SECRETS.contains(&key.trim().trim_matches(['"', '\'']));
        }
        in_secret_line |= secret && number + 1 == problem.line();
        let visible = match (secret, goes_on, line.find(':')) {
            (false, ..) => line,
            (true, false, Some(colon)) => &line[..=colon],
            _ => "",
        };
        hidden.push_str(visible);
        // As long as it was, so that places stay right.
        hidden.extend(line[visible.len()..].bytes().map(|byte| match byte {
            b'\n' | b'\r' | b' ' => char::from(byte),
            _ => '*',
        }));
    }
    if !in_secret_line {
        return problem;
    }
    let (message, _) = problem.message.split_once(", found").unwrap_or((&problem.message, ""));
    let hidden = SourceText::new(source.name.clone(), hidden);
    let place = Place::new(&hidden, problem.place.span());
    Problem { place, message: message.to_owned(), also: Vec::new(), ..problem }
}

/// The formats of `--report`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Html,
    Json,
    Junit,
    Markdown,
    Sarif,
    Snapshot,
    Github,
    Har,
}

/// Their names.
const FORMATS: [(&str, Format); 8] = [
    ("html", Format::Html),
    ("json", Format::Json),
    ("junit", Format::Junit),
    ("markdown", Format::Markdown),
    ("sarif", Format::Sarif),
    ("snapshot", Format::Snapshot),
    ("github", Format::Github),
    ("har", Format::Har),
];

/// A report to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReportFile {
    pub(super) format: Format,
    /// None is standard output.
    pub(super) path: Option<PathBuf>,
}

/// Reads `FORMAT=PATH`.
///
/// # Errors
/// An unknown format, a missing path, standard output named twice.
pub(super) fn report_files(typed: &[String]) -> Result<Vec<ReportFile>, UsageError> {
    let wrong = |problem: String| UsageError { option: "--report", problem };
    let mut files = Vec::new();
    for text in typed.iter().filter(|text| !text.is_empty()) {
        let (name, path) = text.split_once('=').filter(|(_, path)| !path.is_empty()).ok_or_else(|| {
            wrong(format!("`{text}` names no file; write FORMAT=PATH, such as json=report.json"))
        })?;
        let format =
            FORMATS.into_iter().find(|(known, _)| *known == name).map(|(_, format)| format).ok_or_else(
                || wrong(super::settings::unknown("format", name, &FORMATS.map(|(known, _)| known))),
            )?;
        let path = (path != "-").then(|| PathBuf::from(path));
        if path.is_none() && files.iter().any(|file: &ReportFile| file.path.is_none()) {
            return Err(wrong("two reports cannot both go to standard output".into()));
        }
        if files.iter().any(|file: &ReportFile| file.path.is_some() && file.path == path) {
            return Err(wrong(format!("`{text}` would replace the other report of that path")));
        }
        files.push(ReportFile { format, path });
    }
    Ok(files)
}

/// Finds out before the run whether the file of an option can be written, without touching what is there.
///
/// # Errors
/// Names the path and the mend.
pub(super) fn check_writable(option: &'static str, path: &Path) -> Result<(), UsageError> {
    let problem = |error: std::io::Error| UsageError {
        option,
        problem: format!(
            "{} cannot be written ({error}); name a file in a folder that exists",
            path.display()
        ),
    };
    let existed = path.exists();
    fs::OpenOptions::new().append(true).create(true).open(path).map_err(problem)?;
    if !existed {
        fs::remove_file(path).map_err(problem)?;
    }
    Ok(())
}

/// Writes a file beside its place and moves it there, so that a full disk leaves no half of one.
///
/// # Errors
/// Names the path and what the system says.
pub(super) fn write(path: &Path, text: &str) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    // What is no plain file (`/dev/stderr`, a pipe) cannot be replaced: it is written to.
    if path.exists() && !path.is_file() {
        return fs::write(path, text).map_err(failed);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    // In a folder that takes no new files, the one that is there may still be writable.
    let Ok(mut file) = fs::File::create(&beside) else { return fs::write(path, text).map_err(failed) };
    let written = (|| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}
