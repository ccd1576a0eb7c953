//! The registry: the troubleshooting rows of `suites/rows.yaml`, and the requirements and attacks of
//! `suites/requirements.yaml`, to which cases refer by id. Diagnosing is not done here.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::Deserialize;

use crate::{
    problem::{self, Problem, SourceText},
    report::Blame,
    yaml::{self, Path, Positions},
};

const ROWS: &str = include_str!("../../suites/rows.yaml");
const REQUIREMENTS: &str = include_str!("../../suites/requirements.yaml");

/// The rows, requirements and attacks that cases refer to.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    /// The troubleshooting rows, in the order of the file.
    pub rows: Vec<Row>,
    /// The documents that requirements are taken from.
    pub documents: Vec<Document>,
    /// The requirements.
    pub requirements: Vec<Requirement>,
    /// The attacks.
    pub attacks: Vec<Attack>,
    rows_by_id: BTreeMap<String, usize>,
    entries_by_id: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, Copy)]
enum Entry {
    Requirement(usize),
    Attack(usize),
}

/// A row of the troubleshooting table: what a symptom means and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Its id: stable.
    pub row: String,
    /// The symptom.
    pub title: String,
    /// The place on the XAA playground's Troubleshooting page; none of a row of our own.
    pub page: Option<String>,
    /// Whose concern it is.
    pub concerns: Vec<Party>,
    /// Whose move it usually is.
    pub blame: Blame,
    /// Why a good request fails.
    pub cause: String,
    /// What to look at, in this order.
    pub checklist: Vec<String>,
    /// What to change, so that it succeeds.
    pub fix: String,
    /// The other side: what must be refused is accepted.
    #[serde(default)]
    pub accepted: Option<Accepted>,
    /// How the harness shows it, or why it cannot.
    pub shown_by: String,
    /// Where it is written.
    pub sources: Vec<String>,
}

/// Why what must be refused is accepted, and what to change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// Which check is missing.
    pub cause: String,
    /// What to change in the server's code.
    pub fix: String,
}

/// A document that states requirements.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its id, as in `document:` of a requirement.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Where it is.
    pub url: String,
}

/// A requirement of a document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Its id: stable.
    pub id: String,
    /// The document's id.
    pub document: String,
    /// The section there.
    pub section: String,
    /// How binding it is there.
    pub level: RequirementLevel,
    /// Who is bound by it.
    pub bound: Vec<Party>,
    /// The draft that introduced it, where a newer one than the first did.
    #[serde(default)]
    pub since: Option<Since>,
    /// What it demands.
    pub text: String,
    /// The row that explains its breach.
    pub row: String,
    /// Why no case can see whether it is kept, from outside.
    #[serde(default)]
    pub black_box: Option<String>,
}

/// An attack, with what a safe server does.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attack {
    /// Its id: stable.
    pub id: String,
    /// What is attempted.
    pub text: String,
    /// What a safe server does.
    pub safe: String,
    /// Where it is written.
    pub sources: Vec<String>,
    /// The row that explains a server that is not safe.
    pub row: String,
    /// Why no case can see it, from outside.
    #[serde(default)]
    pub black_box: Option<String>,
}

/// A party to the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// The resource authorization server: the target.
    AuthorizationServer,
    /// The resource server.
    ResourceServer,
    /// The client.
    Client,
    /// The IdP.
    Idp,
    /// An OpenID provider.
    OpenidProvider,
    /// Who runs the server.
    Operator,
    /// Who sits before a browser.
    Person,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AuthorizationServer => "authorization server",
            Self::ResourceServer => "resource server",
            Self::Client => "client",
            Self::Idp => "IdP",
            Self::OpenidProvider => "OpenID provider",
            Self::Operator => "operator",
            Self::Person => "person",
        })
    }
}

/// How binding a requirement is in its document (RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum RequirementLevel {
    /// Absolute.
    #[serde(rename = "MUST")]
    Must,
    /// An absolute prohibition.
    #[serde(rename = "MUST NOT")]
    MustNot,
    /// There may be reasons against it.
    #[serde(rename = "SHOULD")]
    Should,
    /// There may be reasons for it.
    #[serde(rename = "SHOULD NOT")]
    ShouldNot,
    /// Optional.
    #[serde(rename = "MAY")]
    May,
    /// No document decides: measured only.
    #[serde(rename = "INFO")]
    Info,
}

impl fmt::Display for RequirementLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Must => "MUST",
            Self::MustNot => "MUST NOT",
            Self::Should => "SHOULD",
            Self::ShouldNot => "SHOULD NOT",
            Self::May => "MAY",
            Self::Info => "INFO",
        })
    }
}

/// The draft that introduced a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Since {
    /// draft-ietf-oauth-identity-assertion-authz-grant-02.
    #[serde(rename = "draft-02")]
    Draft02,
    /// draft-ietf-oauth-identity-assertion-authz-grant-03.
    #[serde(rename = "draft-03")]
    Draft03,
    /// draft-ietf-oauth-identity-assertion-authz-grant-04.
    #[serde(rename = "draft-04")]
    Draft04,
    /// The editor's copy of August 2026.
    #[serde(rename = "editors-2026-08")]
    Editors202608,
    /// What no draft holds yet.
    #[serde(rename = "proposal")]
    Proposal,
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Draft02 => "draft-02",
            Self::Draft03 => "draft-03",
            Self::Draft04 => "draft-04",
            Self::Editors202608 => "the editor's copy of August 2026",
            Self::Proposal => "proposed, in no draft yet",
        })
    }
}

/// `suites/rows.yaml` as typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowsFile {
    rows: Vec<Row>,
}

/// `suites/requirements.yaml` as typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequirementsFile {
    documents: Vec<Document>,
    requirements: Vec<Requirement>,
    attacks: Vec<Attack>,
}

impl Registry {
    /// The registry in the binary.
    ///
    /// # Errors
    /// The mistakes in its two files; a test keeps the shipped ones without.
    pub fn embedded() -> Result<Self, Vec<Problem>> {
        Self::parse(
            &SourceText::new("suites/rows.yaml", ROWS),
            &SourceText::new("suites/requirements.yaml", REQUIREMENTS),
        )
    }

    /// Reads the two files of a registry.
    ///
    /// # Errors
    /// Every mistake in them: of syntax, of shape, an id given twice, a reference to what is not there.
    pub fn parse(rows: &Arc<SourceText>, requirements: &Arc<SourceText>) -> Result<Self, Vec<Problem>> {
        let rows_file = yaml::parse_items::<RowsFile>(rows, "rows");
        let requirements_file = yaml::parse_items::<RequirementsFile>(requirements, "requirements");
        let mut problems = rows_file.problems;
        problems.extend(requirements_file.problems);
        let (Some(read_rows), Some(read)) = (rows_file.value, requirements_file.value) else {
            return Err(problems);
        };
        let mut registry = Registry {
            rows: read_rows.rows,
            documents: read.documents,
            requirements: read.requirements,
            attacks: read.attacks,
            ..Registry::default()
        };
        problems.extend(registry.index_rows(&rows_file.positions));
        problems.extend(registry.index_entries(&requirements_file.positions));
        if problems.is_empty() {
            return Ok(registry);
        }
        problem::sort(&mut problems);
        Err(problems)
    }

    /// The row of this id.
    pub fn row(&self, id: &str) -> Option<&Row> {
        self.rows_by_id.get(id).and_then(|at| self.rows.get(*at))
    }

    /// The requirement of this id.
    pub fn requirement(&self, id: &str) -> Option<&Requirement> {
        match self.entries_by_id.get(id) {
            Some(Entry::Requirement(at)) => self.requirements.get(*at),
            _ => None,
        }
    }

    /// The attack of this id.
    pub fn attack(&self, id: &str) -> Option<&Attack> {
        match self.entries_by_id.get(id) {
            Some(Entry::Attack(at)) => self.attacks.get(*at),
            _ => None,
        }
    }

    /// The document of this id.
    pub fn document(&self, id: &str) -> Option<&Document> {
        self.documents.iter().find(|document| document.id == id)
    }

    /// Whether this is the id of a requirement or of an attack.
    pub fn knows(&self, id: &str) -> bool {
        self.entries_by_id.contains_key(id)
    }

    /// The row that somebody probably meant.
    pub fn nearest_row(&self, typed: &str) -> Option<&str> {
        problem::nearest(typed, self.rows_by_id.keys().map(String::as_str))
    }

    /// The requirement or attack that somebody probably meant.
    pub fn nearest_requirement(&self, typed: &str) -> Option<&str> {
        problem::nearest(typed, self.entries_by_id.keys().map(String::as_str))
    }

    fn index_rows(&mut self, positions: &Positions) -> Vec<Problem> {
        let mut problems = Vec::new();
        let list = Path::ROOT.key("rows");
        for (at, row) in self.rows.iter().enumerate() {
            if let Some(first) = self.rows_by_id.insert(row.row.clone(), at) {
                let place = positions.value(&list.index(at).key("row"));
                let problem = Problem::new(place, format!("the row `{}` is given twice", row.row));
                problems.push(problem.also(positions.value(&list.index(first).key("row")), "first here"));
            }
        }
        problems
    }

    fn index_entries(&mut self, positions: &Positions) -> Vec<Problem> {
        let mut problems = Vec::new();
        let requirements = self.requirements.iter().enumerate();
        let attacks = self.attacks.iter().enumerate();
        let all = requirements
            .map(|(at, it)| ("requirements", at, Entry::Requirement(at), &it.id, &it.row, Some(&it.document)))
            .chain(attacks.map(|(at, it)| ("attacks", at, Entry::Attack(at), &it.id, &it.row, None)));
        let mut entries = BTreeMap::new();
        for (list, at, entry, id, row, document) in all {
            let list = Path::ROOT.key(list);
            let item = list.index(at);
            if let Some((_, first)) = entries.insert(id.clone(), (entry, positions.value(&item.key("id")))) {
                let place = positions.value(&item.key("id"));
                problems.push(
                    Problem::new(place, format!("the id `{id}` is given twice")).also(first, "first here"),
                );
            }
            if self.row(row).is_none() {
                let problem = Problem::new(positions.value(&item.key("row")), format!("unknown row `{row}`"));
                problems.push(problem.suggest(row, self.nearest_row(row)));
            }
            if let Some(document) = document.filter(|id| self.document(id).is_none()) {
                let place = positions.value(&item.key("document"));
                let problem = Problem::new(place, format!("unknown document `{document}`"));
                problems.push(problem.suggest(document, self.documents.iter().map(|it| it.id.as_str())));
            }
        }
        self.entries_by_id = entries.into_iter().map(|(id, (entry, _))| (id, entry)).collect();
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_registry_is_in_order() {
        let registry = Registry::embedded().map_err(|problems| problem::render(&problems, false)).unwrap();
        assert!(registry.row("own.target-unreachable").is_some());
        let requirement = registry.requirements.first().unwrap();
        assert_eq!(registry.requirement(&requirement.id), Some(requirement));
        let attack = registry.attacks.first().unwrap();
        assert_eq!(registry.attack(&attack.id), Some(attack));
        assert!(registry.requirement(&attack.id).is_none() && registry.knows(&attack.id));
        assert_eq!(
            registry.nearest_row("jwt-bearer.invalid-grant.oud"),
            Some("jwt-bearer.invalid-grant.aud")
        );
        assert_eq!(registry.nearest_row("nothing like it"), None);
    }

    const ROW: &str = "title: t, page: null, concerns: [person], blame: harness, cause: c, checklist: [], fix: f, \
                       shown_by: s, sources: []";

    #[test]
    fn every_mistake_in_the_registry_is_shown() {
        let rows = format!("rows:\n  - {{ row: a.b, {ROW} }}\n  - {{ row: a.b, {ROW} }}\n");
        let requirements = "documents: [{ id: D, title: t, url: u }]\nrequirements:\n  \
            - { id: D-1, document: E, section: s, level: MUST NOT, bound: [idp], text: t, row: a.c }\nattacks:\n  \
            - { id: D-1, text: t, safe: s, sources: [], row: a.b, black_box: b }\n";
        let problems =
            Registry::parse(&SourceText::new("rows", rows), &SourceText::new("requirements", requirements))
                .unwrap_err();
        let shown: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "rows:3:12: the row `a.b` is given twice",
                "requirements:3:26: unknown document `E`",
                "requirements:3:86: unknown row `a.c`",
                "requirements:5:11: the id `D-1` is given twice",
            ]
        );
    }
}
