//! Whether reports are the shards of one run, all of them and each once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Part, shown};
use crate::{discovery::split_origin, report::ShardFacts, settings::Shard};

/// How many of a kind a message names.
const NAMED: usize = 5;

/// A report that says which shard it is.
struct Numbered<'a> {
    part: &'a Part,
    shard: Shard,
    facts: &'a ShardFacts,
}

/// Everything that keeps the reports from being joined, beside what could not be read.
pub(super) fn troubles(parts: &[Part], unreadable: Vec<String>) -> Vec<String> {
    let all_read = unreadable.is_empty();
    let mut troubles = unreadable;
    let mut numbered: Vec<Numbered<'_>> = Vec::new();
    for part in parts {
        match number(part) {
            Ok(one) => numbered.push(one),
            Err(trouble) => troubles.push(trouble),
        }
    }
    if let Some((first, others)) = parts.split_first() {
        troubles.extend(others.iter().flat_map(|part| differences(first, part)));
    }
    troubles.extend(numbers(&numbered, all_read));
    troubles.extend(parts.first().and_then(version));
    if troubles.is_empty() {
        troubles.extend(selections(&numbered));
    }
    if troubles.is_empty() {
        troubles.extend(cases(&numbered));
    }
    troubles
}

fn number(part: &Part) -> Result<Numbered<'_>, String> {
    let file = shown(&part.file);
    let Some(text) = &part.report.run.shard else {
        return Err(format!("{file}: the report of a whole run, not of a shard; give such a one alone"));
    };
    let shard = text.parse().map_err(|problem: String| format!("{file}: run.shard: {}", shown(&problem)))?;
    let facts = part.report.shard.as_ref().ok_or_else(|| {
        format!("{file}: the key `shard` is missing, which holds what merging needs of the report of a shard")
    })?;
    Ok(Numbered { part, shard, facts })
}

fn differences(first: &Part, part: &Part) -> Vec<String> {
    let own_machine = |issuer: &str| split_origin(issuer).0.starts_with("http://127.0.0.1:");
    let mut troubles = Vec::new();
    for (one, other) in first.report.made().into_iter().zip(part.report.made()) {
        if one == other {
            continue;
        }
        let mut trouble = format!(
            "{}: another {} than in {}: {} is `{}`, not `{}`",
            shown(&part.file),
            other.what,
            shown(&first.file),
            other.key,
            shown(&other.value),
            shown(&one.value)
        );
        let is_address = ["target.issuer", "run.idp_issuer"].contains(&one.key);
        if is_address && own_machine(&one.value) && own_machine(&other.value) {
            trouble.push_str(
                "; each run against the embedded playground has its own addresses: start `jagspec playground`, and \
                 name it with --target",
            );
        }
        troubles.push(trouble);
    }
    // A shard that found none has its own reasons.
    for (key, one, other) in [
        ("target.token_endpoint", &first.report.target.token_endpoint, &part.report.target.token_endpoint),
        ("target.metadata_url", &first.report.target.metadata_url, &part.report.target.metadata_url),
    ] {
        if let (Some(one), Some(other)) = (one, other)
            && one != other
        {
            troubles.push(format!(
                "{}: {key} is `{}`, in {} it is `{}`",
                shown(&part.file),
                shown(other),
                shown(&first.file),
                shown(one)
            ));
        }
    }
    troubles
}

/// Whether each of the N shards is there, once. Which one is missing is not known where a file could not be read.
fn numbers(parts: &[Numbered<'_>], all_read: bool) -> Vec<String> {
    let mut troubles = Vec::new();
    let Some(first) = parts.first() else { return troubles };
    let of = first.shard.of;
    let mut files: BTreeMap<usize, &Part> = BTreeMap::new();
    for Numbered { part, shard, .. } in parts {
        if shard.of != of {
            troubles.push(format!(
                "{}: shard {shard}, where {} is shard {}: of another number of shards",
                shown(&part.file),
                shown(&first.part.file),
                first.shard
            ));
        } else if let Some(other) = files.get(&shard.number) {
            troubles.push(format!(
                "{}: shard {shard}, which {} is already",
                shown(&part.file),
                shown(&other.file)
            ));
        } else {
            files.insert(shard.number, part);
        }
    }
    let missing: Vec<String> = (1..=of)
        .filter(|number| !files.contains_key(number))
        .map(|number| Shard { number, of }.to_string())
        .collect();
    if all_read && !missing.is_empty() {
        let one = missing.len() == 1;
        let (noun, verb) = if one { ("shard", "is") } else { ("shards", "are") };
        troubles.push(format!("{noun} {} {verb} missing: name the report of every shard", some(&missing)));
    }
    troubles
}

/// What is said of all answers together is said anew, in this version's words.
fn version(first: &Part) -> Option<String> {
    let (theirs, ours) = (&first.report.run.version, env!("CARGO_PKG_VERSION"));
    (theirs != ours).then(|| {
        format!(
            "{}: written by jagspec {}, and this is jagspec {ours}: merge with the version that ran",
            shown(&first.file),
            shown(theirs)
        )
    })
}

/// Whether all shards were cut from the same cases: `--skip`, `--exact` and the suite files show in these.
fn selections(parts: &[Numbered<'_>]) -> Vec<String> {
    let Some((first, others)) = parts.split_first() else { return Vec::new() };
    let names = |one: &Numbered<'_>| one.facts.selected.iter().cloned().collect::<BTreeSet<_>>();
    let expected = names(first);
    let mut troubles = Vec::new();
    if expected.len() != first.facts.selected.len() {
        troubles.push(format!("{}: shard.selected names a case twice", shown(&first.part.file)));
    }
    for other in others.iter().filter(|other| other.facts.selected != first.facts.selected) {
        let (one, two) = (shown(&other.part.file), shown(&first.part.file));
        let names = names(other);
        let more: Vec<String> = names.difference(&expected).map(|name| shown(name)).collect();
        let less: Vec<String> = expected.difference(&names).map(|name| shown(name)).collect();
        troubles.push(match (more.is_empty(), less.is_empty()) {
            (true, true) => format!("{one}: cut from the same cases as {two} in another order"),
            (false, _) => format!("{one}: cut from other cases than {two}, with {}", some(&more)),
            (true, false) => format!("{one}: cut from other cases than {two}, without {}", some(&less)),
        });
    }
    troubles
}

/// Whether every selected case is in exactly one report, and one of the whole run in each.
fn cases(parts: &[Numbered<'_>]) -> Vec<String> {
    let Some(first) = parts.first() else { return Vec::new() };
    let whole_run: BTreeSet<&str> = first.facts.whole_run.iter().map(|case| case.name.as_str()).collect();
    let mut counts: BTreeMap<&str, usize> =
        first.facts.selected.iter().map(|name| (name.as_str(), 0)).collect();
    let mut troubles = Vec::new();
    for Numbered { part, .. } in parts {
        let mut strangers = Vec::new();
        for case in &part.report.cases {
            match counts.get_mut(case.name.as_str()) {
                Some(count) => *count += 1,
                None => strangers.push(shown(&case.name)),
            }
        }
        if !strangers.is_empty() {
            troubles.push(format!("{}: not selected: {}", shown(&part.file), some(&strangers)));
        }
    }
    // How often, how often it should be, and which.
    let mut wrong: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    for (name, count) in counts {
        let expected = if whole_run.contains(name) { parts.len() } else { 1 };
        if count != expected {
            wrong.entry((count, expected)).or_default().push(shown(name));
        }
    }
    for ((count, expected), names) in wrong {
        troubles.push(format!("in {count} of the reports, and not in {expected}: {}", some(&names)));
    }
    troubles
}

/// `a, b and 3 more`.
fn some(names: &[String]) -> String {
    let named = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
