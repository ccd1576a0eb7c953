//! Every text of a case in which `${…}` variables are replaced, with the way to it. Validation checks them, and what
//! a case needs follows from them: one walk for both, so that neither forgets a place.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    idjag::{CompactDefect, Duplicate, IdJagChange},
    suite::Constraint,
    token_request::TokenRequestChange,
    yaml::Path,
};

/// What is done with each text or number.
pub(super) type Visit<'v> = dyn FnMut(&Path<'_>, &Value) + 'v;

pub(super) fn of_id_jag(path: &Path<'_>, change: &IdJagChange, visit: &mut Visit<'_>) {
    let claims = path.key("claims");
    for (name, value) in &change.claims {
        of_value(&claims.key(name), value, visit);
    }
    let header = path.key("header");
    for (name, value) in &change.header {
        of_value(&header.key(name), value, visit);
    }
    of_map(&path.key("raw_claims"), &change.raw_claims, visit);
    if let Some(payload) = &change.payload {
        of_text(&path.key("payload"), payload, visit);
    }
    of_map(&path.key("raw_header"), &change.raw_header, visit);
    of_duplicates(&path.key("duplicate_claims"), &change.duplicate_claims, visit);
    of_duplicates(&path.key("duplicate_header"), &change.duplicate_header, visit);
    let compact = path.key("compact");
    for (at, defect) in change.compact.iter().enumerate() {
        if let CompactDefect::Replaced(text) = defect {
            of_text(&compact.index(at).key("replaced"), text, visit);
        }
    }
}

pub(super) fn of_token_request(path: &Path<'_>, change: &TokenRequestChange, visit: &mut Visit<'_>) {
    of_map(&path.key("parameters"), &change.parameters, visit);
    of_map(&path.key("headers"), &change.headers, visit);
    let added = path.key("add_parameters");
    for (at, parameter) in change.add_parameters.iter().enumerate() {
        of_text(&added.index(at).key("value"), &parameter.value, visit);
    }
    if let Some(dpop) = &change.dpop {
        let path = path.key("dpop");
        for (key, members) in [("claims", &dpop.claims), ("header", &dpop.header)] {
            let path = path.key(key);
            members.iter().for_each(|(name, value)| of_value(&path.key(name), value, visit));
        }
    }
    let Some(authentication) = &change.client_authentication else { return };
    if let Some(text) = &authentication.authorization {
        of_text(&path.key("client_authentication").key("authorization"), text, visit);
    }
    // Those of a client assertion are visited as those of an ID-JAG are.
}

pub(super) fn of_constraints(path: &Path<'_>, all: &BTreeMap<String, Constraint>, visit: &mut Visit<'_>) {
    for (name, constraint) in all {
        let path = path.key(name);
        let values = [
            ("equals", &constraint.equals),
            ("differs_from", &constraint.differs_from),
            ("contains", &constraint.contains),
            ("excludes", &constraint.excludes),
            ("includes", &constraint.includes),
            ("lacks", &constraint.lacks),
            ("lacks_word", &constraint.lacks_word),
        ];
        for (key, value) in values {
            if let Some(value) = value {
                of_value(&path.key(key), value, visit);
            }
        }
        let texts = [
            ("equals_ignoring_case", &constraint.equals_ignoring_case),
            ("starts_with", &constraint.starts_with),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                of_text(&path.key(key), text, visit);
            }
        }
    }
}

fn of_map(path: &Path<'_>, texts: &BTreeMap<String, String>, visit: &mut Visit<'_>) {
    for (name, text) in texts {
        of_text(&path.key(name), text, visit);
    }
}

fn of_duplicates(path: &Path<'_>, duplicates: &[Duplicate], visit: &mut Visit<'_>) {
    for (at, duplicate) in duplicates.iter().enumerate() {
        of_value(&path.index(at).key("value"), &duplicate.value, visit);
    }
}

fn of_text(path: &Path<'_>, text: &str, visit: &mut Visit<'_>) {
    visit(path, &Value::String(text.to_owned()));
}

fn of_value(path: &Path<'_>, value: &Value, visit: &mut Visit<'_>) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| of_value(&path.index(at), item, visit));
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| of_value(&path.key(name), value, visit));
        }
        Value::String(_) | Value::Number(_) => visit(path, value),
        Value::Null | Value::Bool(_) => {}
    }
}
