//! `jagspec list`: the cases, and which requirement has which, without touching a target.

use std::fmt::Write as _;

use serde_json::json;

use super::{Stop, load_suites, stop};
use crate::{
    cli::{ListArguments, Screen, settings::unknown},
    settings::{Profile, Selection},
    suite::{Case, Suite, registry::Registry},
};

pub(super) fn list(arguments: &ListArguments, screen: &Screen) -> Result<u8, Stop> {
    let profile =
        Profile::ALL.into_iter().find(|profile| profile.name() == arguments.profile).ok_or_else(|| {
            stop(format!(
                "--profile: {}",
                unknown("profile", &arguments.profile, &Profile::ALL.map(Profile::name))
            ))
        })?;
    let (registry, suites) = load_suites(&arguments.suite)?;
    let selection = Selection { filters: arguments.filter.clone(), ..Selection::default() };
    let json = arguments.format == "json";
    let text = match (arguments.coverage, json) {
        (true, true) => coverage_json(&registry, &suites),
        (true, false) => coverage(&registry, &suites),
        (false, true) => cases_json(&suites, &selection, profile),
        (false, false) => cases(&suites, &selection, profile),
    };
    screen.result(&text);
    Ok(0)
}

fn selected<'a>(suite: &'a Suite, selection: &Selection) -> Vec<&'a Case> {
    suite.cases.iter().filter(|case| selection.selects(&case.name())).collect()
}

fn cases(suites: &[Suite], selection: &Selection, profile: Profile) -> String {
    let mut text = String::new();
    let mut count = 0;
    for suite in suites {
        let cases = selected(suite, selection);
        if cases.is_empty() {
            continue;
        }
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}: {}", suite.name, suite.title);
        for case in cases {
            count += 1;
            let _ = writeln!(text, "  {:6} {}", case.level_under(profile).to_string(), case.name());
            let _ = writeln!(text, "         {}", case.title);
            let _ = writeln!(text, "         {} · {}", case.row, case.requirements.join(", "));
        }
    }
    let _ = writeln!(text, "{count} cases");
    text
}

fn cases_json(suites: &[Suite], selection: &Selection, profile: Profile) -> String {
    let cases: Vec<_> = suites
        .iter()
        .flat_map(|suite| selected(suite, selection))
        .map(|case| {
            json!({
                "name": case.name(),
                "suite": case.suite,
                "case": case.case,
                "title": case.title,
                "level": case.level_under(profile),
                "requirements": case.requirements,
                "row": case.row,
                "source": format!("{}:{}", case.source.file, case.source.line),
            })
        })
        .collect();
    format!("{:#}\n", json!({ "cases": cases }))
}

/// The names of the cases that show a requirement or an attack.
fn showing(suites: &[Suite], id: &str) -> Vec<String> {
    suites
        .iter()
        .flat_map(|suite| &suite.cases)
        .filter(|case| case.requirements.iter().any(|requirement| requirement == id))
        .map(Case::name)
        .collect()
}

/// Id, text and, where a black box cannot see it, why.
fn registered(registry: &Registry) -> Vec<(&'static str, &str, Option<&str>)> {
    let requirements = registry
        .requirements
        .iter()
        .map(|requirement| ("requirement", requirement.id.as_str(), requirement.black_box.as_deref()));
    let attacks =
        registry.attacks.iter().map(|attack| ("attack", attack.id.as_str(), attack.black_box.as_deref()));
    requirements.chain(attacks).collect()
}

fn coverage(registry: &Registry, suites: &[Suite]) -> String {
    let mut text = String::new();
    let mut gaps = Vec::new();
    for (kind, id, black_box) in registered(registry) {
        let cases = showing(suites, id);
        let _ = match (cases.is_empty(), black_box) {
            (false, _) => writeln!(text, "{kind} {id}: {}", cases.join(", ")),
            (true, Some(reason)) => writeln!(text, "{kind} {id}: no case, {reason}"),
            (true, None) => {
                gaps.push(id);
                Ok(())
            }
        };
    }
    let _ = writeln!(text, "\nwithout a case: {}", gaps.len());
    for id in &gaps {
        let _ = writeln!(text, "  {id}");
    }
    text
}

fn coverage_json(registry: &Registry, suites: &[Suite]) -> String {
    let entries: Vec<_> = registered(registry)
        .into_iter()
        .map(|(kind, id, black_box)| {
            json!({ "kind": kind, "id": id, "cases": showing(suites, id), "black_box": black_box })
        })
        .collect();
    format!("{:#}\n", json!({ "coverage": entries }))
}
