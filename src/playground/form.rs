//! The parameters of a token request (RFC 6749 section 3.2, appendix B). Pure.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    faults::{Fault, Faults},
    refusal::Refusal,
};

/// The parameters that this server knows; only `resource` may be repeated (RFC 8707 section 2).
const KNOWN: [&str; 8] = [
    "grant_type",
    "assertion",
    "scope",
    "resource",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

/// The parameters, in the order of the request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`, strictly: every `%` begins an encoded byte, and the whole is
    /// UTF-8.
    pub(super) fn read(encoded: &[u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(encoded).map_err(|_| Refusal::request("the form is not UTF-8"))?;
        let malformed = || Refusal::request("the form is not URL-encoded");
        let mut parameters = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.push((decoded(name).ok_or_else(malformed)?, decoded(value).ok_or_else(malformed)?));
        }
        Ok(Self(parameters))
    }

    /// The members of a JSON object that are strings, for the server that takes them.
    pub(super) fn of_json(body: &[u8]) -> Result<Self, Refusal> {
        let Ok(Value::Object(members)) = serde_json::from_slice(body) else {
            return Err(Refusal::request("the body is no JSON object"));
        };
        Ok(Self(
            members
                .into_iter()
                .filter_map(|(name, value)| value.as_str().map(|value| (name, value.to_owned())))
                .collect(),
        ))
    }

    /// Adds those parameters of another form whose names this one lacks.
    pub(super) fn fill_from(&mut self, other: Form) {
        let names: HashSet<String> = self.0.iter().map(|(name, _)| name.clone()).collect();
        self.0.extend(other.0.into_iter().filter(|(name, _)| !names.contains(name)));
    }

    /// Section 3.2: parameters must not be repeated, and those without a value count as left out.
    pub(super) fn checked(mut self, faults: &Faults) -> Result<Self, Refusal> {
        let mut seen = HashSet::new();
        let repeated = self.0.iter().find(|(name, _)| name != "resource" && !seen.insert(name.as_str()));
        if let Some((name, _)) = repeated
            && !faults.has(Fault::DuplicateParameterAccepted)
        {
            return Err(Refusal::request(format!("the parameter {name} is repeated")));
        }
        if let Some((name, _)) = self.0.iter().find(|(name, _)| !KNOWN.contains(&name.as_str()))
            && faults.has(Fault::UnknownParameterRefused)
        {
            return Err(Refusal::request(format!("the parameter {name} is not known")));
        }
        if !faults.has(Fault::EmptyParameterNotOmitted) {
            self.0.retain(|(_, value)| !value.is_empty());
        }
        Ok(self)
    }

    /// The value of a parameter that is not repeated.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The values of a parameter.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Undoes the encoding of RFC 6749 appendix B; none when the text is not so encoded.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_strict() {
        assert_eq!(decoded("a+b%20%C3%A4%3A").as_deref(), Some("a b ä:"));
        for text in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }

    #[test]
    fn repeated_parameters_are_refused_and_empty_ones_left_out() {
        let none = Faults::default();
        let form = |text: &str| Form::read(text.as_bytes()).and_then(|form| form.checked(&none));
        assert!(form("a=1&a=1").is_err());
        assert!(form("a=&a=1").is_err());
        let form = form("a=&b&resource=x&resource=y&c=1").unwrap();
        assert_eq!((form.one("a"), form.one("b"), form.one("c")), (None, None, Some("1")));
        assert_eq!(form.all("resource").collect::<Vec<_>>(), ["x", "y"]);
    }
}
