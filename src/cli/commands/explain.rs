//! `jagspec explain ID`: a row, a case, a requirement or an attack, in full.

use super::{Stop, load_suites, stop};
use crate::{
    cli::Screen,
    judge::expected_sentence,
    problem::nearest,
    report::page::{self, Span},
    suite::{
        Case, Step, Suite,
        registry::{Attack, Registry, Requirement, Row},
    },
};

pub(super) fn explain(id: &str, screen: &Screen) -> Result<u8, Stop> {
    let (registry, suites) = load_suites(&[])?;
    let cases: Vec<&Case> = suites.iter().flat_map(|suite| &suite.cases).collect();
    let page = if let Some(row) = registry.row(id) {
        explain_row(row, &cases)
    } else if let Some(case) = cases.iter().find(|case| case.name() == id) {
        explain_case(case, &registry)
    } else if let Some(case) = cases.iter().find(|case| of_table(&case.name()) == id) {
        // As it stands in the suite file: the first value of its table, and what the others are called.
        let names = cases.iter().map(|case| case.name()).filter(|name| of_table(name) == id);
        explain_case(case, &registry).part("All values", names)
    } else if let Some(requirement) = registry.requirement(id) {
        explain_requirement(requirement, &registry, &cases)
    } else if let Some(attack) = registry.attack(id) {
        explain_attack(attack, &cases)
    } else if let Some(suite) = suites.iter().find(|suite| suite.name == id) {
        explain_suite(suite)
    } else {
        return Err(unknown(id, &registry, &cases, &suites));
    };
    screen.result(&page.render(screen.columns(), screen.colour()));
    Ok(0)
}

/// A title, then paragraphs under headings.
struct Page(Vec<(Option<&'static str>, Vec<String>)>);

impl Page {
    fn titled(title: String) -> Self {
        Page(vec![(None, vec![title])])
    }

    /// A part without lines is left out.
    fn part(mut self, heading: &'static str, lines: impl IntoIterator<Item = String>) -> Self {
        let lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        if !lines.is_empty() {
            self.0.push((Some(heading), lines));
        }
        self
    }

    fn render(&self, columns: usize, colour: bool) -> String {
        let bold = anstyle::Style::new().bold();
        let mut page = page::Page::new(columns.clamp(40, 100), colour);
        for (heading, lines) in &self.0 {
            if let Some(heading) = heading {
                page.blank();
                page.paragraph(&[], 0, &[Span::new(bold, heading)]);
            }
            for line in lines {
                let (lead, hang, style) = match (heading, line.starts_with("- ")) {
                    (None, _) => ("", 0, bold),
                    (Some(_), false) => ("  ", 2, anstyle::Style::new()),
                    (Some(_), true) => ("  ", 4, anstyle::Style::new()),
                };
                page.paragraph(&[Span::plain(lead)], hang, &[Span::new(style, line)]);
            }
        }
        page.finish()
    }
}

fn explain_row(row: &Row, cases: &[&Case]) -> Page {
    Page::titled(format!("{}: {}", row.row, row.title))
        .part("On the Troubleshooting page", row.page.clone())
        .part("Cause", [row.cause.clone()])
        .part("Check", row.checklist.iter().map(|line| format!("- {line}")))
        .part("Fix", [row.fix.clone()])
        .part("Where what must be refused is accepted", row.accepted.iter().map(|row| row.cause.clone()))
        .part("Fix then", row.accepted.iter().map(|row| row.fix.clone()))
        .part("How jagspec shows it", [row.shown_by.clone()])
        .part("Cases", cases.iter().filter(|case| case.row == row.row).map(|case| case.name()))
        .part("Sources", row.sources.iter().cloned())
}

fn explain_case(case: &Case, registry: &Registry) -> Page {
    let mut changed = case.setup.id_jag.describe();
    changed.extend(case.setup.token_request.describe());
    let control = if changed.is_empty() {
        "the well-formed exchange".to_owned()
    } else {
        format!("the well-formed exchange with: {}", changed.join("; "))
    };
    let steps = case.steps.iter().map(|step| match step {
        Step::Idp(action) => format!("- {}", action.sentence()),
        Step::Wait(seconds) => format!("- {seconds} seconds pass"),
        Step::Discovery(_) => "- the discovery is looked at; nothing is sent".to_owned(),
        Step::Run(_) => "- every answer of the run is looked at; nothing is sent".to_owned(),
        Step::Send(send) => {
            let mut changed = send.exchange.id_jag.describe();
            changed.extend(send.exchange.token_request.describe());
            if send.same_assertion {
                changed.push("the assertion of the step before, byte for byte".into());
            }
            if send.same_client_assertion {
                changed.push("the client assertion of the step before, byte for byte".into());
            }
            let changed = if changed.is_empty() { "nothing".to_owned() } else { changed.join("; ") };
            format!("- changed: {changed}. Expected: {}.", expected_sentence(&send.expect))
        }
    });
    let levels = std::iter::once(format!("{}", case.level)).chain(
        case.levels.iter().map(|(profile, level)| format!("{level} under profile {}", profile.name())),
    );
    let policy = case
        .policy
        .iter()
        .map(|(name, value)| format!("judged with --policy {name}={value}, otherwise only measured"));
    let requirements = case.requirements.iter().map(|id| match registry.requirement(id) {
        Some(requirement) => format!("{id}: {}", requirement.text),
        None => match registry.attack(id) {
            Some(attack) => format!("{id}: {}", attack.text),
            None => id.clone(),
        },
    });
    Page::titled(format!("{}: {}", case.name(), case.title))
        .part("Level", levels.chain(policy))
        .part("Control", case.sends().then_some(control))
        .part("Steps", steps)
        .part("Requirements", requirements)
        .part("Row of a failure", [format!("{} (jagspec explain {})", case.row, case.row)])
        .part("Where it stands", [format!("{}:{}", case.source.file, case.source.line)])
}

fn explain_requirement(requirement: &Requirement, registry: &Registry, cases: &[&Case]) -> Page {
    let source = match registry.document(&requirement.document) {
        Some(document) => format!("{}, section {} ({})", document.title, requirement.section, document.url),
        None => format!("{}, section {}", requirement.document, requirement.section),
    };
    let bound: Vec<String> = requirement.bound.iter().map(ToString::to_string).collect();
    Page::titled(format!("{}: {}", requirement.id, requirement.text))
        .part("Level", [format!("{}, binds: {}", requirement.level, bound.join(", "))])
        .part("Source", [source])
        .part("Since", requirement.since.map(|since| since.to_string()))
        .part("Row", [requirement.row.clone()])
        .part("Cases", showing(cases, &requirement.id))
        .part("No case, because", requirement.black_box.clone())
}

fn explain_attack(attack: &Attack, cases: &[&Case]) -> Page {
    Page::titled(format!("{}: {}", attack.id, attack.text))
        .part("A conforming server", [attack.safe.clone()])
        .part("Sources", attack.sources.iter().cloned())
        .part("Row", [attack.row.clone()])
        .part("Cases", showing(cases, &attack.id))
        .part("No case, because", attack.black_box.clone())
}

fn explain_suite(suite: &Suite) -> Page {
    Page::titled(format!("{}: {}", suite.name, suite.title))
        .part("Cases", suite.cases.iter().map(|case| format!("{}: {}", case.name(), case.title)))
}

/// The name of a case without the value of its table.
fn of_table(name: &str) -> &str {
    name.split_once('/').map_or(name, |(case, _)| case)
}

fn showing(cases: &[&Case], id: &str) -> Vec<String> {
    cases
        .iter()
        .filter(|case| case.requirements.iter().any(|requirement| requirement == id))
        .map(|case| case.name())
        .collect()
}

fn unknown(id: &str, registry: &Registry, cases: &[&Case], suites: &[Suite]) -> Stop {
    let names: Vec<String> = cases.iter().map(|case| case.name()).collect();
    let known = names
        .iter()
        .flat_map(|name| [name.as_str(), of_table(name)])
        .chain(registry.rows.iter().map(|row| row.row.as_str()))
        .chain(registry.requirements.iter().map(|requirement| requirement.id.as_str()))
        .chain(registry.attacks.iter().map(|attack| attack.id.as_str()))
        .chain(suites.iter().map(|suite| suite.name.as_str()));
    let hint = nearest(id, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    stop(format!("`{id}` is no row, case, suite, requirement or attack{hint} (jagspec list shows the cases)"))
}
