//! The reports as files: what `--report` names, and reports that are read again.

use std::{
    fs,
    io::{self, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

use super::UsageError;
use crate::{
    observation::clip,
    report::{Report, json, sanitise},
};

/// No report is larger that anybody has a use for; a run with all its exchanges has a tenth of it.
const REPORT_AT_MOST: u64 = 256 * 1024 * 1024;

/// So much is told of what is wrong with a report: its words may come from the file.
const LONGEST_TROUBLE: usize = 300;

/// Reads a JSON report.
///
/// # Errors
/// Why it cannot be read, or is none; the file is named.
pub(super) fn report(path: &Path) -> Result<Report, String> {
    let name = path.display().to_string();
    let trouble = |what: String| sanitise(&clip(&format!("{name}:{what}"), LONGEST_TROUBLE)).into_owned();
    let mut text = String::new();
    // Bounded while reading, since what is no regular file tells no length.
    let read = fs::File::open(path).and_then(|file| file.take(REPORT_AT_MOST + 1).read_to_string(&mut text));
    match read {
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            Err(trouble(" no report of jagspec: it is not UTF-8".to_owned()))
        }
        Err(error) => Err(trouble(format!(" cannot be read: {error}"))),
        Ok(length) if length as u64 > REPORT_AT_MOST => {
            Err(trouble(format!(" larger than {} MiB", REPORT_AT_MOST >> 20)))
        }
        // Of a mistake in the JSON the place follows.
        Ok(_) => json::parse(&text).map_err(|what| {
            let has_place = what.starts_with(|c: char| c.is_ascii_digit());
            trouble(if has_place { what } else { format!(" {what}") })
        }),
    }
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
        let is_same =
            |other: &PathBuf| path.as_ref().is_some_and(|path| destination(path) == destination(other));
        if files.iter().any(|file: &ReportFile| file.path.as_ref().is_some_and(is_same)) {
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
    let wrong = |why: String, mend: &str| UsageError {
        option,
        problem: format!("{} cannot be written ({why}); {mend}", path.display()),
    };
    let problem = |error: io::Error| wrong(error.to_string(), "name a file in a folder that exists");
    if path.is_dir() {
        return Err(wrong("it is a folder".into(), "name a file in it"));
    }
    // To open and close a pipe would tell its reader that nothing more comes.
    if path.exists() && !path.is_file() {
        return Ok(());
    }
    let path = destination(path);
    let existed = path.exists();
    fs::OpenOptions::new().append(true).create(true).open(&path).map_err(problem)?;
    if !existed {
        fs::remove_file(&path).map_err(problem)?;
    }
    Ok(())
}

/// Where a file is in truth, whether it is there yet or not: a link stays a link to what is written.
fn destination(path: &Path) -> PathBuf {
    let folder = |path: &Path| match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let path = path.read_link().map_or_else(|_| path.to_owned(), |target| folder(path).join(target));
    match (path.canonicalize(), folder(&path).canonicalize(), path.file_name()) {
        (Ok(real), ..) => real,
        (Err(_), Ok(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

/// Writes a file beside its place and moves it there, so that a full disk leaves no half of one.
///
/// # Errors
/// Names the path and what the system says.
pub(super) fn write(path: &Path, text: &str) -> Result<(), String> {
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    // What is no plain file (`/dev/stderr`, a pipe) cannot be replaced: it is written to.
    if path.exists() && !path.is_file() {
        return fs::write(path, text).map_err(failed);
    }
    let path = destination(path);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    // In a folder that takes no new files, the one that is there may still be writable.
    let Ok(mut file) = fs::File::create(&beside) else { return fs::write(&path, text).map_err(failed) };
    let written = (|| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    })();
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}
