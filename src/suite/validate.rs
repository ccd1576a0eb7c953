//! From the typed suite files to [`Suite`]s: every name resolved, tables expanded, and every mistake reported at its
//! word. Reading files is `load`'s business, their syntax and shape `yaml`'s; nothing is sent or planned here.

mod case;
mod change;
mod expect;
mod needs;
mod texts;

use std::{collections::BTreeMap, sync::Arc};

use super::{Suite, file::SuiteFile, load, registry::Registry};
use crate::{
    idjag::IdJagChange,
    problem::{self, Place, Problem, SourceText},
    yaml::{self, Path, Positions},
};

/// Validates suite files.
///
/// # Errors
/// Every mistake in them, file by file and in the order in which they stand there.
pub fn suites(sources: &[Arc<SourceText>], registry: &Registry) -> Result<Vec<Suite>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut suites = Vec::new();
    let mut names: BTreeMap<String, Place> = BTreeMap::new();
    for source in sources {
        let parsed = yaml::parse_items::<SuiteFile>(source, "cases");
        let whole = parsed.problems.is_empty();
        problems.extend(parsed.problems);
        let Some(file) = parsed.value else { continue };
        let mut checker = Checker { positions: &parsed.positions, registry, problems: Vec::new() };
        suites.push(suite(&mut checker, &file, whole));
        problems.append(&mut checker.problems);
        let place = parsed.positions.value(&Path::ROOT.key("suite"));
        if let Some(first) = names.get(&file.suite) {
            problems.push(
                Problem::new(place, format!("two suites have the name `{}`", file.suite))
                    .label("again here")
                    .also(first.clone(), "first here"),
            );
        } else {
            names.insert(file.suite, place);
        }
    }
    if problems.is_empty() {
        return Ok(suites);
    }
    problem::sort(&mut problems);
    Err(problems)
}

/// Reads and validates a change of the ID-JAG, as under `id_jag` of a case, that stands by itself.
///
/// # Errors
/// Every mistake in it.
pub fn id_jag_change(source: &Arc<SourceText>, registry: &Registry) -> Result<IdJagChange, Vec<Problem>> {
    let change = yaml::parse(source).map_err(|problem| vec![problem])?;
    let positions = Positions::of_source(source);
    let mut checker = Checker { positions: &positions, registry, problems: Vec::new() };
    checker.id_jag(&Path::ROOT, &change);
    if checker.problems.is_empty() { Ok(change) } else { Err(checker.problems) }
}

fn suite(checker: &mut Checker<'_>, file: &SuiteFile, whole: bool) -> Suite {
    let root = Path::ROOT;
    checker.kebab(&root.key("suite"), "suite", &file.suite);
    checker.title(&root.key("title"), &file.title);
    let name = checker.positions.source().name.clone();
    if let Some(stem) = name.strip_prefix("suites/").and_then(|name| name.strip_suffix(".yaml"))
        && load::SHIPPED.iter().any(|(shipped, _)| *shipped == stem)
        && stem != file.suite
    {
        let message = format!("the suite `{}` is in a file named `{stem}.yaml`", file.suite);
        checker.problem(checker.value(&root.key("suite"), message).help("name the suite as its file"));
    }
    if file.cases.is_empty() && whole {
        checker.problem(checker.key(&root.key("cases"), "a suite without cases"));
    }
    let list = root.key("cases");
    let mut names = BTreeMap::new();
    let mut cases = Vec::new();
    for (at, case_file) in file.cases.iter().enumerate() {
        let item = list.index(at);
        if let Some(first) = names.insert(case_file.case.as_str(), at) {
            let message = format!("two cases have the name `{}`", case_file.case);
            let first = checker.positions.value(&list.index(first).key("case"));
            checker.problem(
                checker.value(&item.key("case"), message).label("again here").also(first, "first here"),
            );
        }
        cases.extend(case::cases(checker, &item, file, case_file));
    }
    Suite { name: file.suite.clone(), title: file.title.clone(), cases }
}

/// The mistakes found so far in one file, and what is needed to find and show more.
struct Checker<'a> {
    positions: &'a Positions,
    registry: &'a Registry,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// A mistake at the value of a path; not yet reported.
    fn value(&self, path: &Path<'_>, message: impl Into<String>) -> Problem {
        Problem::new(self.positions.value(path), message)
    }

    /// A mistake at the key of a path; not yet reported.
    fn key(&self, path: &Path<'_>, message: impl Into<String>) -> Problem {
        Problem::new(self.positions.key(path), message)
    }

    /// Names are typed on command lines and stand in reports: small letters, digits and hyphens.
    fn kebab(&mut self, path: &Path<'_>, what: &str, name: &str) {
        if is_kebab(name) {
            return;
        }
        let problem = self.value(path, format!("the name of a {what} is in kebab case, not `{name}`"));
        let mended = to_kebab(name);
        self.problem(if mended.is_empty() {
            problem.help("small letters, digits, and hyphens between them")
        } else {
            problem.help(format!("write `{mended}`"))
        });
    }

    fn title(&mut self, path: &Path<'_>, title: &str) {
        if title.trim().is_empty() {
            self.problem(
                self.value(path, "an empty title").help("say in one sentence what a conforming server does"),
            );
        }
    }

    fn row(&mut self, path: &Path<'_>, row: &str) {
        if self.registry.row(row).is_none() {
            let problem = self.value(path, format!("unknown row `{row}`"));
            self.problem(match self.registry.nearest_row(row) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("the rows are in `suites/rows.yaml`"),
            });
        }
    }

    fn requirements(&mut self, path: &Path<'_>, ids: &[String]) {
        for (at, id) in ids.iter().enumerate().filter(|(_, id)| !self.registry.knows(id)).collect::<Vec<_>>()
        {
            let problem = self.value(&path.index(at), format!("unknown requirement `{id}`"));
            self.problem(match self.registry.nearest_requirement(id) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("requirements and attacks are in `suites/requirements.yaml`"),
            });
        }
    }
}

fn is_kebab(name: &str) -> bool {
    let word =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.split('-').all(word)
}

fn to_kebab(name: &str) -> String {
    let mut mended = String::new();
    for character in name.chars() {
        if character.is_ascii_alphanumeric() {
            mended.push(character.to_ascii_lowercase());
        } else if !mended.is_empty() && !mended.ends_with('-') {
            mended.push('-');
        }
    }
    mended.trim_end_matches('-').to_owned()
}
