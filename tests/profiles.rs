//! docs/profiles.md: its tables are made from the shipped cases; and what holds of the levels under every profile.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod generated;

use std::fmt::Write as _;

use generated::assert_current;
use jagspec::{
    report::Level,
    settings::{POLICIES, Profile},
    suite::{
        Case, load,
        registry::{Registry, Requirement, RequirementLevel, Since},
    },
};

const DOCUMENT: &str = "docs/profiles.md";

fn registry() -> Registry {
    Registry::embedded().map_err(|problems| format!("{problems:?}")).unwrap()
}

fn cases(registry: &Registry) -> Vec<Case> {
    let suites = load::shipped_suites(registry).map_err(|problems| format!("{problems:?}")).unwrap();
    suites.into_iter().flat_map(|suite| suite.cases).collect()
}

fn levels(case: &Case) -> [Level; 4] {
    Profile::ALL.map(|profile| case.level_under(profile))
}

/// The name without the value of a table.
fn stem(case: &Case) -> String {
    let name = case.name();
    name.split_once('/').map_or(name.clone(), |(stem, _)| stem.to_owned())
}

#[test]
fn the_table_of_levels_is_current() {
    let cases = cases(&registry());
    let mut table =
        String::from("| case | draft | draft-next | mcp-ema | xaa |\n| --- | --- | --- | --- | --- |\n");
    let mut last = None;
    for case in &cases {
        let levels = levels(case);
        let differs = levels[..3].iter().any(|level| *level != levels[0]) || levels[3] != Level::INFO;
        // The values of one table stand in one line, where their levels are the same.
        let alike = cases.iter().filter(|other| stem(other) == stem(case));
        let name =
            if alike.clone().all(|other| self::levels(other) == levels) { stem(case) } else { case.name() };
        if !differs || last.as_ref() == Some(&name) {
            continue;
        }
        let [draft, next, ema, xaa] = levels;
        writeln!(table, "| `{name}` | {draft} | {next} | {ema} | {xaa} |").unwrap();
        last = Some(name);
    }
    assert_current(DOCUMENT, "levels", &table);
}

#[test]
fn the_table_of_policies_is_current() {
    let cases = cases(&registry());
    let mut table = String::from("| policy | judged by |\n| --- | --- |\n");
    for (name, values) in POLICIES {
        for value in values {
            let of_policy = |case: &&Case| case.policy == Some((name.to_owned(), value.to_owned()));
            let mut names: Vec<_> = cases.iter().filter(of_policy).map(stem).collect();
            names.dedup();
            let names = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
            let names = if names.is_empty() { "none yet".to_owned() } else { names.join(", ") };
            writeln!(table, "| `{name}={value}` | {names} |").unwrap();
        }
    }
    assert_current(DOCUMENT, "policies", &table);
}

/// CONTRACT, `--profile`: what texts after draft-04 add is a warning under `draft`, and counts under `draft-next`.
#[test]
fn newer_rules_warn_under_draft() {
    let registry = registry();
    for case in &cases(&registry) {
        let rules: Vec<&Requirement> =
            case.requirements.iter().filter_map(|id| registry.requirement(id)).collect();
        let newer = |rule: &&Requirement| matches!(rule.since, Some(Since::Editors202608 | Since::Proposal));
        if case.policy.is_some() || rules.is_empty() || !rules.iter().all(newer) {
            continue;
        }
        let name = case.name();
        assert!(case.level_under(Profile::Draft) > Level::MUST, "{name} fails a run under draft");
        let binding = rules.iter().any(|rule| {
            rule.since == Some(Since::Editors202608)
                && matches!(rule.level, RequirementLevel::Must | RequirementLevel::MustNot)
        });
        if binding {
            assert!(
                case.level_under(Profile::DraftNext) <= Level::SHOULD,
                "{name} is no finding under draft-next, whose rule it is"
            );
        }
    }
}
