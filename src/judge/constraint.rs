//! Constraints of the suite files on one value: a header field, a member of an answer, a claim, a member of the
//! metadata.

use serde_json::Value;

use super::answer::Mismatch;
use crate::{
    discovery::{kind_of, split_origin},
    observation::clip,
    suite::{Characters, Constraint, JsonType},
    template::{self, Variables},
};

/// What is wrong with one value.
pub(super) struct Violation {
    demanded: String,
    found: String,
}

impl Violation {
    /// As a mismatch of the thing that `what` names, in an answer of this status.
    pub(super) fn about(self, what: &str, status: u16) -> Mismatch {
        Mismatch { reason: self.reason(what), observed: format!("{status}, {what} is {}", self.found) }
    }

    /// The reason as a sentence.
    pub(super) fn reason(&self, what: &str) -> String {
        format!("{what} {}, but is {}", self.demanded, self.found)
    }

    /// What was found.
    pub(super) fn found(&self) -> &str {
        &self.found
    }
}

/// The first demand that `value` does not meet. A value that is absent meets everything but `present: true`.
pub(super) fn violated(
    constraint: &Constraint,
    value: Option<&Value>,
    variables: &Variables,
) -> Option<Violation> {
    let Some(value) = value else {
        return (constraint.present == Some(true))
            .then(|| Violation { demanded: "must be there".into(), found: "absent".into() });
    };
    let violation = |demanded: String| Some(Violation { demanded, found: show(value) });
    if constraint.present == Some(false) {
        return violation("must not be there".into());
    }
    if let Some(json_type) = constraint.json_type
        && !has_type(value, json_type)
    {
        return violation(format!("must be {}", type_name(json_type)));
    }
    // A variable that this run lacks makes the demand void: the case's needs have kept it from running.
    let resolved =
        |value: &Option<Value>| value.as_ref().and_then(|value| template::substitute(value, variables).ok());
    if let Some(equal) = resolved(&constraint.equals)
        && *value != equal
    {
        return violation(format!("must be {}", show(&equal)));
    }
    if let Some(equal) = &constraint.equals_ignoring_case
        && !value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(equal))
    {
        return violation(format!("must be `{equal}` (letter case aside)"));
    }
    if let Some(different) = resolved(&constraint.differs_from)
        && *value == different
    {
        return violation(format!("must not be {}", show(&different)));
    }
    if let Some(part) = resolved(&constraint.contains)
        && !contains(value, &part)
    {
        return violation(format!("must contain {}", show(&part)));
    }
    if let Some(part) = resolved(&constraint.excludes)
        && contains(value, &part)
    {
        return violation(format!("must not contain {}", show(&part)));
    }
    if let Some(whole) = resolved(&constraint.includes)
        && !includes(value, &whole)
    {
        return violation(format!("must be or include {}", show(&whole)));
    }
    if let Some(whole) = resolved(&constraint.lacks)
        && includes(value, &whole)
    {
        return violation(format!("must neither be nor include {}", show(&whole)));
    }
    if let Some(word) = resolved(&constraint.lacks_word)
        && has_word(value, &word)
    {
        return violation(format!("must not have {} among its words", show(&word)));
    }
    if let Some(start) = &constraint.starts_with
        && !value.as_str().is_some_and(|text| text.starts_with(start.as_str()))
    {
        return violation(format!("must begin with `{start}`"));
    }
    if let Some(least) = constraint.at_least
        && value.as_f64().is_some_and(|number| number < least)
    {
        return violation(format!("must be at least {least}"));
    }
    if let Some(most) = constraint.at_most
        && value.as_f64().is_some_and(|number| number > most)
    {
        return violation(format!("must be at most {most}"));
    }
    if let Some(Characters::OauthError) = constraint.characters
        && value.as_str().is_some_and(|text| !oauth_error_characters(text))
    {
        return violation("must hold the characters of RFC 6749 section 5.2 only".into());
    }
    if constraint.not_empty && is_empty(value) {
        return violation("must not be empty".into());
    }
    None
}

/// A constraint in words, to follow the name of what it is about.
pub(super) fn describe(constraint: &Constraint) -> String {
    let mut words = Vec::new();
    match constraint.present {
        Some(true) => words.push("present".to_owned()),
        Some(false) => words.push("absent".to_owned()),
        None => {}
    }
    if let Some(json_type) = constraint.json_type {
        words.push(type_name(json_type).to_owned());
    }
    let mut value = |label: &str, value: &Option<Value>| {
        if let Some(value) = value {
            words.push(format!("{label} {}", show(value)));
        }
    };
    value("equal to", &constraint.equals);
    value("other than", &constraint.differs_from);
    value("containing", &constraint.contains);
    value("without", &constraint.excludes);
    value("being or including", &constraint.includes);
    value("neither being nor including", &constraint.lacks);
    value("without the word", &constraint.lacks_word);
    if let Some(equal) = &constraint.equals_ignoring_case {
        words.push(format!("`{equal}` (letter case aside)"));
    }
    if let Some(start) = &constraint.starts_with {
        words.push(format!("beginning with `{start}`"));
    }
    if let Some(least) = constraint.at_least {
        words.push(format!("at least {least}"));
    }
    if let Some(most) = constraint.at_most {
        words.push(format!("at most {most}"));
    }
    if constraint.characters.is_some() {
        words.push("of the characters of RFC 6749 section 5.2".to_owned());
    }
    if constraint.not_empty {
        words.push("not empty".to_owned());
    }
    words.join(", ")
}

/// RFC 6749 section 5.2: `%x20-21 / %x23-5B / %x5D-7E`.
pub(super) fn oauth_error_characters(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

/// A value for a sentence.
pub(super) fn show(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "an empty string".into(),
        Value::String(text) => format!("`{}`", clip(text, 120)),
        Value::Array(_) | Value::Object(_) => format!("`{}`", clip(&value.to_string(), 120)),
        other => other.to_string(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// One value where several may stand, as `aud` and `resource` are: the value itself, or an array with it.
fn includes(value: &Value, whole: &Value) -> bool {
    value == whole || value.as_array().is_some_and(|items| items.contains(whole))
}

/// One word among those of a text, as `scope` is (RFC 6749 section 3.3), or of an array.
fn has_word(value: &Value, word: &Value) -> bool {
    let Some(word) = word.as_str() else { return false };
    value.as_str().is_some_and(|text| text.split(' ').any(|part| part == word))
        || value.as_array().is_some_and(|items| items.iter().any(|item| item.as_str() == Some(word)))
}

/// In a text: case-insensitively, since header fields are the common use (`no-store`, `application/json`). In an
/// array: an equal element.
fn contains(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (Value::String(text), Value::String(part)) => {
            text.to_ascii_lowercase().contains(&part.to_ascii_lowercase())
        }
        (Value::Array(items), part) => items.contains(part),
        _ => false,
    }
}

fn has_type(value: &Value, json_type: JsonType) -> bool {
    match json_type {
        JsonType::String => value.is_string(),
        JsonType::Number => value.is_number(),
        JsonType::Integer => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        JsonType::Boolean => value.is_boolean(),
        JsonType::Object => value.is_object(),
        JsonType::Array => value.is_array(),
        JsonType::ArrayOfStrings => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
        JsonType::SecureUrl => value.as_str().is_some_and(is_secure_url),
    }
}

/// `https`, or `http` on a loopback address: what never leaves the machine needs no TLS.
pub(super) fn is_secure_url(text: &str) -> bool {
    let Ok(url) = url::Url::parse(text) else { return false };
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => !split_origin(text).0.is_empty(),
        ("http", Some(url::Host::Domain(name))) => name == "localhost" || name.ends_with(".localhost"),
        ("http", Some(url::Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(url::Host::Ipv6(address))) => address.is_loopback(),
        _ => false,
    }
}

fn type_name(json_type: JsonType) -> &'static str {
    match json_type {
        JsonType::String => "a string",
        JsonType::Number => "a number",
        JsonType::Integer => "a whole number",
        JsonType::Boolean => "a boolean",
        JsonType::Object => "an object",
        JsonType::Array => "an array",
        JsonType::ArrayOfStrings => "an array of strings",
        JsonType::SecureUrl => "an https URL (http on a loopback address)",
    }
}

/// A value's type and text, for what was found of the metadata.
pub(super) fn typed(value: &Value) -> String {
    format!("{} ({})", show(value), kind_of(value))
}
