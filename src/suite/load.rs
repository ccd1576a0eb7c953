//! Where suite files come from: the binary, or `--suite PATH`. The only module of `suite` that reads files; what they
//! mean is `validate`'s business.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Suite, registry::Registry, validate};
use crate::{
    problem::{Place, Problem, SourceText},
    yaml::{self, Positions},
};

/// No suite file is larger: a suite of a thousand cases has a tenth of it.
const BYTES_AT_MOST: u64 = 4 * 1024 * 1024;

/// The files beside the suites in `suites/`, which are none.
const REGISTRY_FILES: [&str; 2] = ["rows.yaml", "requirements.yaml"];

/// Names and texts of `suites/NAME.yaml`.
macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../suites/", $name, ".yaml")))),*]
    };
}

/// The shipped suites, in the order in which they are reported: each a line here and a file in `suites/`. A test
/// keeps the two in step.
pub const SHIPPED: &[(&str, &str)] = shipped![
    "discovery",
    "assertion-type",
    "audience",
    "issuer",
    "client-binding",
    "lifetime",
    "subject",
    "scope",
    "resource",
    "signature",
    "json-web-token-attacks",
    "encoding",
    "encryption",
    "proof-of-possession",
    "client-authentication",
    "private-key-jwt",
    "token-request",
    "size",
    "token-response",
    "replay",
    "error-response",
];

/// The shipped suite files, from the binary.
pub fn shipped() -> Vec<Arc<SourceText>> {
    SHIPPED.iter().map(|(name, text)| SourceText::new(format!("suites/{name}.yaml"), *text)).collect()
}

/// The shipped suites, validated.
///
/// # Errors
/// Every mistake in them; a test keeps the shipped ones without.
pub fn shipped_suites(registry: &Registry) -> Result<Vec<Suite>, Vec<Problem>> {
    validate::suites(&shipped(), registry)
}

/// The suites of `--suite PATH`, validated.
///
/// # Errors
/// Every mistake in them, and every file that cannot be read.
pub fn suites_from_disk(paths: &[PathBuf], registry: &Registry) -> Result<Vec<Suite>, Vec<Problem>> {
    validate::suites(&from_disk(paths)?, registry)
}

/// The files of `--suite PATH`: a file as it is, of a folder its `*.yaml` in the order of their names, without
/// `rows.yaml` and `requirements.yaml`.
///
/// # Errors
/// A [`Problem`] for each path that cannot be read, and for each folder without suite files.
pub fn from_disk(paths: &[PathBuf]) -> Result<Vec<Arc<SourceText>>, Vec<Problem>> {
    let mut sources = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        match files_of(path) {
            Ok(files) => {
                for file in files {
                    match read(&file) {
                        Ok(source) => sources.push(source),
                        Err(problem) => problems.push(problem),
                    }
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(sources) } else { Err(problems) }
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>, Problem> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = path.read_dir().map_err(|error| unreadable(path, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        let file = entry.map_err(|error| unreadable(path, &error))?.path();
        let is_suite = file.extension().is_some_and(|extension| extension == "yaml")
            && !REGISTRY_FILES.iter().any(|name| file.ends_with(name))
            && file.is_file();
        if is_suite {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(Problem::new(
            file_only(path),
            format!("no suite file in the folder `{}`", path.display()),
        )
        .help("suite files end in `.yaml`; folders within are not searched"));
    }
    files.sort();
    Ok(files)
}

/// Reads a file that a person typed.
///
/// # Errors
/// A [`Problem`] when it cannot be read, is larger than 4 MiB, or is not UTF-8.
pub fn read(path: &Path) -> Result<Arc<SourceText>, Problem> {
    let mut bytes = Vec::new();
    // Bounded while reading, since what is no regular file tells no length.
    File::open(path)
        .and_then(|file| file.take(BYTES_AT_MOST + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > BYTES_AT_MOST {
        return Err(Problem::new(file_only(path), format!("`{}` is larger than 4 MiB", path.display()))
            .help("name another file, or split this one"));
    }
    let name = path.display().to_string();
    String::from_utf8(bytes).map(|text| SourceText::new(name.clone(), text)).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        let byte = bytes.get(at).copied().unwrap_or_default();
        Problem::new(file_only(path), format!("`{name}` is not UTF-8: the byte 0x{byte:02x} in line {line}"))
            .help("save it as UTF-8")
    })
}

/// Finds the mistakes in a baseline, which is about the cases of these suites; without them no case is looked for.
pub type BaselineChecker<'a> = dyn Fn(&Arc<SourceText>, Option<&[Suite]>) -> Vec<Problem> + 'a;

/// Validates the files of `jagspec check`. What a file is, is told by what it holds; what is no suite file is given to
/// `config`, which knows the config file, or to `baseline`, which knows that. A baseline is about the shipped suites and
/// those of the files; about none where these have mistakes.
///
/// Empty when all are in order.
pub fn check_files(
    paths: &[PathBuf],
    registry: &Registry,
    config: &dyn Fn(&Arc<SourceText>) -> Vec<Problem>,
    baseline: &BaselineChecker<'_>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let (mut suite_files, mut baselines) = (Vec::new(), Vec::new());
    for path in paths {
        match from_disk(std::slice::from_ref(path)) {
            Ok(sources) => {
                for source in sources {
                    match FileKind::of(&source) {
                        FileKind::Suite => suite_files.push(source),
                        FileKind::Registry => problems.push(registry_file(&source)),
                        FileKind::Baseline => baselines.push(source),
                        FileKind::Config => problems.extend(config(&source)),
                    }
                }
            }
            Err(unreadable) => problems.extend(unreadable),
        }
    }
    // Together, so that two suites of one name are found.
    let suites = validate::suites(&suite_files, registry);
    if !baselines.is_empty() {
        let shipped = shipped_suites(registry).unwrap_or_default();
        let all = suites.as_ref().ok().map(|suites| [&shipped[..], suites].concat());
        problems.extend(baselines.iter().flat_map(|source| baseline(source, all.as_deref())));
    }
    problems.extend(suites.err().unwrap_or_default());
    problems
}

/// What a file that a person typed is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Suite,
    Registry,
    Baseline,
    Config,
}

impl FileKind {
    /// One key is enough, so that a file without the others is told what it lacks.
    fn of(source: &Arc<SourceText>) -> Self {
        let positions = Positions::of_source(source);
        let has = |names: &[&str]| positions.keys().any(|key| names.contains(&key));
        // A config file has the key `suite` too, with a list of paths.
        let paths = positions.has(&yaml::Path::ROOT.key("suite").index(0));
        if has(&["title", "cases"]) || (has(&["suite"]) && !paths) {
            Self::Suite
        } else if has(&["rows", "requirements", "attacks"]) {
            Self::Registry
        } else if has(&["known"]) {
            Self::Baseline
        } else {
            Self::Config
        }
    }
}

/// The registry is in the binary: a file of it is read by nobody.
fn registry_file(source: &Arc<SourceText>) -> Problem {
    let place = Positions::of_source(source).value(&yaml::Path::ROOT);
    Problem::new(place, "rows, requirements and attacks are not read from a file").help(
        "`jagspec check` reads suite files, with the keys `suite`, `title` and `cases`, config files and baselines",
    )
}

fn file_only(path: &Path) -> Place {
    Place::file_only(path.display().to_string())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    let problem = Problem::new(file_only(path), format!("cannot read `{}`: {error}", path.display()));
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            problem.help("check the path; it is taken from the working directory")
        }
        std::io::ErrorKind::PermissionDenied => {
            problem.help("check the permissions of the file and its folder")
        }
        _ => problem.help("name a file or a folder"),
    }
}
