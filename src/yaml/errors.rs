//! The YAML crate's errors in the words of the person who typed the file: what is wrong, at which word, what to do.

use std::{ops::Range, sync::Arc};

use serde_yaml::{Error, MessageFormatter, UserMessageFormatter, budget::BudgetBreach};

use super::positions::{Positions, Shape};
use crate::problem::{Place, Problem, SourceText, nearest};

/// The mistake that an error of the crate stands for.
pub(super) fn problem(source: &Arc<SourceText>, error: &Error) -> Problem {
    let error = original(error);
    let offset = offset(source, error).unwrap_or(0);
    let context = Context { source, positions: Positions::of(source, &source.text), offset };
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            let problem = context.here(field.len(), format!("unknown key `{field}`"));
            context.choose(problem, field, expected, "the keys here are")
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            let problem = context.at_word(format!("unknown word `{variant}`"));
            context.choose(problem, variant, expected, "the words here are")
        }
        Error::SerdeMissingField { field, .. } => {
            let place = context.positions.first_key_beside(offset);
            context
                .at(place.unwrap_or(offset..offset + 1), format!("the key `{field}` is missing"))
                .label(format!("`{field}` belongs beside this"))
        }
        Error::DuplicateMappingKey { key, .. } => {
            let name = key.as_deref().unwrap_or("a key");
            let problem =
                context.at_word(format!("the key `{name}` is given twice")).label("a second time here");
            match context.positions.first_of(offset) {
                Some(first) => problem.also(Place::new(source, first), "first here"),
                None => problem,
            }
        }
        Error::Unexpected { expected, .. } => context.wrong_type(in_words(expected)),
        Error::SerdeInvalidType { expected, .. } | Error::SerdeInvalidValue { expected, .. } => {
            context.wrong_type(expected)
        }
        Error::InvalidScalar { ty, .. } => context.wrong_type(in_words(ty)),
        Error::InvalidBooleanStrict { .. } => context.wrong_type("`true` or `false`"),
        Error::NullIntoString { .. } => context.wrong_type("text"),
        Error::ExternallyTaggedEnumExpectedScalarOrMapping { .. }
        | Error::ExpectedStringKeyForExternallyTaggedEnum { .. } => {
            context.wrong_type("a word, or a mapping with one key")
        }
        Error::UnexpectedValueForUnitEnumVariant { .. } => context.wrong_type("a word without a value"),
        Error::ExpectedMappingEndAfterEnumVariantValue { .. } => context.wrong_type("a mapping with one key"),
        Error::NonFiniteFloat { value, .. } => {
            context.here(value.len(), format!("JSON has no number `{value}`")).help(
                "for a value that JSON in YAML cannot say, use `raw_claims` or `raw_header`, which take text",
            )
        }
        Error::MergeKeyNotAllowed { .. } => {
            context.at_word("merge keys (`<<`) are not read").help("write the keys out")
        }
        Error::UnsupportedTag { tag, .. } => {
            // The crate names the place of the tagged value.
            let start = source.text.get(..offset).and_then(|before| before.rfind(tag.as_str()));
            let span = start.map_or(offset..offset + 1, |start| start..start + tag.len());
            context
                .at(span, format!("the tag `{tag}` means nothing here"))
                .help("text that begins with `!` needs quotes")
        }
        Error::MultipleDocuments { .. } | Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => {
            context
                .at_word("a second document begins here")
                .help("one file holds one document: remove the `---`")
        }
        Error::Eof { .. } => context.at(0..0, "the file is empty"),
        Error::UnknownAnchor { .. } => {
            context.at_word("this alias has no anchor").help("text that begins with `*` needs quotes")
        }
        Error::Budget { .. } => context.at_word("the file is too large, or nested too deeply, to be read"),
        Error::ExternalMessage { msg, .. } => context.syntax(msg),
        other => context.at_word(UserMessageFormatter.format_message(other).into_owned()),
    }
}

/// Whether the error is one of shape in a file that is YAML, so that what stands beside it can still be read.
pub(super) fn is_of_shape(error: &Error) -> bool {
    !matches!(
        original(error),
        Error::ExternalMessage { .. }
            | Error::Eof { .. }
            | Error::MultipleDocuments { .. }
            | Error::UnknownAnchor { .. }
            | Error::Budget { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasExpansionLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. }
    )
}

/// The byte at which the error is.
pub(super) fn offset(source: &SourceText, error: &Error) -> Option<usize> {
    let location = original(error).location()?;
    if let Some(offset) = location.span().byte_offset() {
        return usize::try_from(offset).ok();
    }
    // Errors of the scanner have a line and a column only.
    let line = usize::try_from(location.line()).ok()?.checked_sub(1)?;
    let column = usize::try_from(location.column()).ok()?.saturating_sub(1);
    let start: usize = source.text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = &source.text[start..];
    Some(start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at))
}

/// The error inside the wrappers that the crate puts around it.
fn original(error: &Error) -> &Error {
    match error.without_snippet() {
        Error::AliasError { error, .. } => original(error),
        error => error,
    }
}

/// What the crate calls a type, in words.
fn in_words(expected: &str) -> &str {
    match expected {
        "mapping start" => "a mapping (`key: value`)",
        "sequence start" => "a list (`[item]`, or `- item` below)",
        "string scalar" | "string" => "text",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative and not too large",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" | "floating point" => "a number",
        "bool" => "`true` or `false`",
        other => other,
    }
}

struct Context<'a> {
    source: &'a Arc<SourceText>,
    positions: Positions,
    offset: usize,
}

impl Context<'_> {
    fn at(&self, span: Range<usize>, message: impl Into<String>) -> Problem {
        Problem::new(Place::new(self.source, span), message)
    }

    fn here(&self, length: usize, message: impl Into<String>) -> Problem {
        self.at(self.offset..self.offset + length, message)
    }

    /// At the word or bracket at the error's offset.
    fn at_word(&self, message: impl Into<String>) -> Problem {
        let rest = self.source.text.get(self.offset..).unwrap_or_default();
        let end = rest.find([' ', '\n', '\r', ',', ':', ']', '}']).filter(|end| *end > 0);
        let length = end.unwrap_or_else(|| rest.chars().next().map_or(0, char::len_utf8));
        self.here(length, message)
    }

    fn choose(&self, problem: Problem, typed: &str, expected: &[&str], introduction: &str) -> Problem {
        match nearest(typed, expected.iter().copied()) {
            Some(word) => problem.help(format!("did you mean `{word}`?")),
            None if expected.is_empty() => problem,
            None => {
                let words: Vec<_> = expected.iter().map(|word| format!("`{word}`")).collect();
                problem.help(format!("{introduction} {}", words.join(", ")))
            }
        }
    }

    fn wrong_type(&self, expected: &str) -> Problem {
        let message = format!("expected {expected}");
        let place = |span: Range<usize>, shape: Shape| {
            let found = match shape {
                Shape::Nothing => "nothing".to_owned(),
                Shape::List => "a list".to_owned(),
                Shape::Mapping => "a mapping".to_owned(),
                Shape::Word => {
                    let written = self.source.text.get(span.clone()).unwrap_or_default();
                    format!("`{}`", written.lines().next().unwrap_or_default())
                }
            };
            self.at(span, format!("{message}, found {found}"))
        };
        match (self.positions.entry_at(self.offset), self.positions.shape_at(self.offset)) {
            // A value that is not there is shown by its key.
            (Some((key, _, Shape::Nothing)), _) => self.at(key, format!("{message}, found nothing")),
            // For some errors the crate names the key's place: the value is meant.
            (Some((_, value, shape)), _) => place(value, shape),
            (None, Some(shape)) => {
                let length = self
                    .source
                    .text
                    .get(self.offset..)
                    .and_then(|rest| rest.find([',', '\n', ']', '}', ' ']));
                place(self.offset..self.offset + length.unwrap_or(1).max(1), shape)
            }
            (None, None) => self.at_word(message),
        }
    }

    /// A mistake of syntax: the parser's words, and a help for what people get wrong.
    fn syntax(&self, message: &str) -> Problem {
        let text = self.source.text.as_str();
        let before = text.get(..self.offset).unwrap_or_default();
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        // The parser notices a tab of the indentation behind it, or at the end of the line before.
        if message.contains("tab") {
            let behind = before[line..].find('\t').map(|tab| line + tab);
            let ahead = || text[self.offset..].find('\t').map(|tab| self.offset + tab);
            if let Some(at) = behind.or_else(ahead) {
                return self.at(at..at + 1, "a tab in the indentation").help("indent with spaces");
            }
        }
        // The parser names the beginning of the text in which one stands.
        let control = |c: char| c.is_control() && !['\n', '\r', '\t'].contains(&c);
        if let Some(at) = text.get(self.offset..).and_then(|rest| rest.lines().next()?.find(control))
            && message.contains("unexpected character")
        {
            let code = text[self.offset + at..].chars().next().map_or(0, u32::from);
            return self
                .at(self.offset + at..self.offset + at + 1, format!("the control character U+{code:04X}"))
                .help(format!("write it as an escape in double quotes: \"\\x{code:02X}\""));
        }
        let next = text.get(self.offset..).and_then(|rest| rest.chars().next());
        if before.ends_with('$') && next == Some('{') {
            let rest = text.get(self.offset..).unwrap_or_default();
            let variable = rest.find('}').map_or(rest, |end| &rest[..=end]);
            return self
                .at(self.offset - 1..self.offset + variable.len(), "a variable without quotes")
                .help(format!("inside `{{ }}` and `[ ]` it needs quotes: \"${variable}\""));
        }
        if message.contains("mapping values are not allowed") {
            return self
                .at_word("no `key: value` can stand here")
                .help("text with `: ` in it needs quotes; keys of one mapping stand in one column");
        }
        let problem = self.at_word(message);
        if message.contains("indicator")
            || message.contains("block collection")
            || message.contains("block mapping")
        {
            return problem.help(
                "keys of one mapping, and the dashes of one list, stand in one column: check the indentation",
            );
        }
        if message.contains("quote") {
            return problem.help("a quote that opens here is never closed");
        }
        problem
    }
}
