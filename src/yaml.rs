//! Reading YAML that a person typed: strict options, and every error turned into a [`Problem`] at its line and
//! column; and writing some that a person will read. The only module (with its children) that names the YAML crate; what a file means is its readers' business.
//!
//! What is stricter than YAML: a key given twice, a merge key (`<<`), a tag of one's own and a second document are
//! mistakes; `yes` and `on` are text; a number is what JSON writes as a number, so that `012` and `1_000` are text.

mod errors;
mod positions;

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

pub use positions::{Path, Positions};

use crate::problem::{Problem, SourceText};

/// How many mistakes of shape are looked for in one file.
const MISTAKES_AT_MOST: usize = 50;

/// Reads a file. One that is empty, or holds comments only, is a mapping without keys.
///
/// # Errors
/// The first mistake in it, of syntax or of shape.
pub fn parse<T: DeserializeOwned>(source: &Arc<SourceText>) -> Result<T, Problem> {
    serde_yaml::from_str_with_options(&source.text, options())
        .map_err(|error| errors::problem(source, &error))
}

/// What was read of a file, and every mistake of shape in it.
#[derive(Debug)]
pub struct Parsed<T> {
    /// What was read, without the items that have a mistake.
    pub value: Option<T>,
    /// Where everything stands.
    pub positions: Positions,
    /// The mistakes; none when the file is in order.
    pub problems: Vec<Problem>,
}

/// Reads a file that is mostly a list under the key `list`, past the items of it that have a mistake: a person who
/// made three mistakes sees three, not one after each repair.
pub fn parse_items<T: DeserializeOwned>(source: &Arc<SourceText>, list: &str) -> Parsed<T> {
    let mut text = source.text.clone();
    let mut problems: Vec<Problem> = Vec::new();
    loop {
        let positions = Positions::of(source, &text);
        let error = match serde_yaml::from_str_with_options(&text, options()) {
            Ok(value) => return Parsed { value: Some(value), positions, problems },
            Err(error) => error,
        };
        // Only the first mistake may be one of syntax: a later one can come of what was blanked out.
        let first = problems.is_empty();
        if first || errors::is_of_shape(&error) {
            problems.push(errors::problem(source, &error));
        }
        let item = errors::offset(source, &error)
            .filter(|_| errors::is_of_shape(&error) && problems.len() < MISTAKES_AT_MOST)
            .and_then(|offset| positions.item_at(list, offset));
        // Blanked with spaces, so that everything after it stays where it is. The list's last item must stay: with
        // none the list would be null, another mistake.
        match item {
            Some(item) if positions.items(list) > 1 => blank(&mut text, item),
            _ => return Parsed { value: None, positions, problems },
        }
    }
}

/// Overwrites an item of a block sequence, from its dash on, with spaces.
fn blank(text: &mut String, item: std::ops::Range<usize>) {
    let before = text[..item.start].trim_end();
    let start = before.strip_suffix('-').map_or(item.start, str::len);
    let spaces: String = text[start..item.end]
        .chars()
        .flat_map(|c| [if c == '\n' { '\n' } else { ' ' }].repeat(c.len_utf8()))
        .collect();
    text.replace_range(start..item.end, &spaces);
}

/// A value as YAML in block style, with a line break at the end. Texts stay on one line each, in quotes where they need
/// some, so that a change of one is a change of one line.
///
/// # Errors
/// What the crate says of a value that YAML cannot hold.
pub fn to_text(value: &impl Serialize) -> Result<String, String> {
    let options = serde_yaml::ser_options! { prefer_block_scalars: false, compact_list_indent: false };
    serde_yaml::to_string_with_options(value, options).map_err(|error| error.to_string())
}

fn options() -> serde_yaml::Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            // Enough for a file of 4 MiB that is a suite, and too little for an alias bomb.
            max_events: 2_000_000,
            max_nodes: 1_000_000,
            max_depth: 64,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_documents: 1,
        },
        alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: 10_000 },
        duplicate_keys: serde_yaml::DuplicateKeyPolicy::Error,
        merge_keys: serde_yaml::MergeKeyPolicy::Error,
        non_finite_float_policy: serde_yaml::NonFiniteFloatPolicy::Reject,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    }
}

#[cfg(test)]
mod tests;
