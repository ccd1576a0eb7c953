//! The `${…}` variables of suite files: which there are, whether a text uses them rightly, and what it is with their
//! values put in. Where the values come from, and what is done with the result, is not decided here.
//!
//! A string that is exactly one variable becomes the variable's JSON value: a number of `${now…}`, an object of
//! `${idp.unpublished_jwk}`, text of all others. Within a text, or with a modifier, every variable is text. `$${` is a
//! literal `${`.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::Value;

use crate::{discovery::toggled_slash, problem::nearest};

/// A variable of the suite files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name, as in `${name}`.
    pub name: &'static str,
    /// What it stands for.
    pub meaning: &'static str,
}

/// All variables: what validation knows, and what `explain` and the documentation show.
pub const VARIABLES: [Variable; 30] = [
    variable("target.issuer", "the issuer identifier of the target, as its metadata states it"),
    variable("target.token_endpoint", "the target's token endpoint"),
    variable("target.origin", "scheme, host and port of the target's issuer identifier"),
    variable(
        "target.encryption_jwk",
        "the public JWK, a JSON object, of the target's key for which a JWE is made: one for encryption before others",
    ),
    variable("client.id", "the `client_id` of `--client-id`"),
    variable("client.secret", "the secret of `--client-secret`"),
    variable("other_client.id", "the `client_id` of `--other-client-id`"),
    variable("other_client.secret", "the secret of `--other-client-secret`"),
    variable("unauthorized_client.id", "the `client_id` of `--unauthorized-client-id`"),
    variable("public_client.id", "the `client_id` of `--public-client-id`"),
    variable("idp.issuer", "the issuer identifier of the harness's IdP, which the target trusts"),
    variable("idp.untrusted_issuer", "an issuer identifier of the harness's IdP that no target may trust"),
    variable(
        "idp.other_issuer",
        "the second issuer identifier that the target trusts, with `--other-idp-issuer`",
    ),
    variable("idp.canary", "an address of the harness's IdP that nobody has a reason to fetch"),
    variable(
        "idp.kid",
        "the `kid` of the key that signs the well-formed ID-JAG; in a client assertion that of the client's key",
    ),
    variable("idp.jwks_uri", "where the harness's IdP publishes its keys"),
    variable("idp.unpublished_jwk", "the public JWK, a JSON object, of the key that no JWK Set holds"),
    variable("dpop.jkt", "the thumbprint of the key that signs DPoP proofs: for `cnf`"),
    variable(
        "target.authorization_details_type",
        "the first of `authorization_details_types_supported` in the target's metadata",
    ),
    variable("resource", "the resource of `--resource`"),
    variable("other_resource", "the resource of `--other-resource`"),
    variable("scope", "the scope of `--scope`"),
    variable("subject", "the `sub` of `--subject`"),
    variable("email", "the `email` of `--claim`"),
    variable("expect_subject", "the `sub` of `--expect-subject`, which the access token must carry"),
    variable("jti", "the `jti` of the well-formed ID-JAG of this exchange"),
    variable("case.jti", "a `jti` that is the same in every step of the case, and another one in every run"),
    variable("id_jag", "the assertion of this exchange, as it is sent: for parameters of the token request"),
    variable(
        "client_assertion",
        "the client assertion of this exchange, whether or not it is what the client authenticates with: for \
         parameters of the token request",
    ),
    variable(
        "now",
        "seconds since the epoch, a number: alone, or with an integer as in `${now+300}`, `${now-3600}`",
    ),
];

/// The variable to which an integer can be added.
const NOW: &str = "now";

const fn variable(name: &'static str, meaning: &'static str) -> Variable {
    Variable { name, meaning }
}

/// What can be done to a variable's value, after a `|`: `${target.issuer|without_slash}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Modifier {
    Upper,
    Lower,
    Text,
    WithoutSlash,
    WithSlash,
    ToggledSlash,
    UpperOrigin,
}

/// All modifiers: name and meaning.
pub const MODIFIERS: [(&str, &str); 7] = [
    ("upper", "in capitals"),
    ("lower", "in small letters"),
    ("text", "as text, where it would be a number"),
    ("without_slash", "without a `/` at its end"),
    ("with_slash", "with one `/` at its end"),
    ("upper_origin", "with scheme and host in capitals"),
    ("toggled_slash", "without the `/` at its end, or with one where it has none"),
];

impl Modifier {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "upper" => Self::Upper,
            "lower" => Self::Lower,
            "text" => Self::Text,
            "without_slash" => Self::WithoutSlash,
            "with_slash" => Self::WithSlash,
            "toggled_slash" => Self::ToggledSlash,
            "upper_origin" => Self::UpperOrigin,
            _ => return None,
        })
    }

    fn apply(self, text: String) -> String {
        match self {
            Self::Upper => text.to_uppercase(),
            Self::Lower => text.to_lowercase(),
            Self::Text => text,
            Self::WithoutSlash => text.strip_suffix('/').map(str::to_owned).unwrap_or(text),
            Self::WithSlash if text.ends_with('/') => text,
            Self::WithSlash => text + "/",
            Self::ToggledSlash => toggled_slash(&text),
            Self::UpperOrigin => {
                let origin = origin(&text);
                origin.to_uppercase() + &text[origin.len()..]
            }
        }
    }
}

/// A mistake in a text with variables.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// The byte at which the mistake begins.
    pub offset: usize,
    /// How many bytes it has.
    pub len: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// A variable is used of which this run has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this run has no value of `${{{variable}}}`")]
pub struct Missing {
    /// The variable's name, or what stands for one in a text that was never checked.
    pub variable: String,
}

/// The values of a run's variables.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Variables {
    now: i64,
    values: BTreeMap<&'static str, Value>,
}

impl Variables {
    /// No value but the time, in seconds since the epoch.
    pub fn new(now: i64) -> Self {
        Self { now, values: BTreeMap::new() }
    }

    /// Gives a variable of [`VARIABLES`] its value.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.values.insert(name, value.into());
    }

    /// The same with a variable's value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    /// The same at another time.
    #[must_use]
    pub fn at(mut self, now: i64) -> Self {
        self.now = now;
        self
    }

    /// Whether the variable has a value.
    pub fn has(&self, name: &str) -> bool {
        name == NOW || self.values.contains_key(name)
    }
}

/// The variables that a text uses, in their order.
///
/// # Errors
/// The first `${` that is no variable.
pub fn check(text: &str) -> Result<Vec<&'static Variable>, TemplateError> {
    let mut used = Vec::new();
    for piece in pieces(text) {
        if let Piece::Variable(expression) = piece? {
            used.push(expression.variable);
        }
    }
    Ok(used)
}

/// A JSON value with the variables in its strings replaced, in lists and in members too; names of members stay.
///
/// # Errors
/// [`Missing`] when a variable has no value in this run.
pub fn substitute(value: &Value, variables: &Variables) -> Result<Value, Missing> {
    Ok(match value {
        Value::String(text) => match alone(text) {
            Some(expression) => expression.value(variables)?,
            None => Value::String(substitute_text(text, variables)?),
        },
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| substitute(item, variables)).collect::<Result<_, _>>()?)
        }
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| Ok((name.clone(), substitute(value, variables)?)))
                .collect::<Result<_, Missing>>()?,
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}

/// A text with its variables replaced.
///
/// # Errors
/// [`Missing`] when a variable has no value in this run.
pub fn substitute_text(text: &str, variables: &Variables) -> Result<String, Missing> {
    let mut result = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Ok(Piece::Literal(literal)) => result.push_str(&literal),
            Ok(Piece::Variable(expression)) => result.push_str(&expression.text(variables)?),
            // Suite files are checked; a text of elsewhere gets the same error as a variable without a value.
            Err(error) => {
                let end = (error.offset + error.len).min(text.len());
                let name = text.get(error.offset..end).unwrap_or(text);
                return Err(Missing { variable: name.trim_matches(['$', '{', '}']).to_owned() });
            }
        }
    }
    Ok(result)
}

/// `scheme://host:port` of an issuer identifier: the value of `${target.origin}`.
pub fn origin(issuer: &str) -> &str {
    let host = issuer.find("://").map_or(0, |at| at + 3);
    let end = issuer[host..].find(['/', '?', '#']).map_or(issuer.len(), |at| host + at);
    &issuer[..end]
}

/// The variable of a text that consists of one, without a modifier.
fn alone(text: &str) -> Option<Expression> {
    let mut pieces = pieces(text);
    match (pieces.next()?, pieces.next()) {
        (Ok(Piece::Variable(expression)), None) if expression.modifiers.is_empty() => Some(expression),
        _ => None,
    }
}

#[derive(Debug)]
enum Piece<'a> {
    Literal(Cow<'a, str>),
    Variable(Expression),
}

#[derive(Debug)]
struct Expression {
    variable: &'static Variable,
    added: i64,
    modifiers: Vec<Modifier>,
}

impl Expression {
    fn value(&self, variables: &Variables) -> Result<Value, Missing> {
        if self.variable.name == NOW {
            return Ok(variables.now.saturating_add(self.added).into());
        }
        let value = variables.values.get(self.variable.name);
        value.cloned().ok_or_else(|| Missing { variable: self.variable.name.to_owned() })
    }

    fn text(&self, variables: &Variables) -> Result<String, Missing> {
        let text = match self.value(variables)? {
            Value::String(text) => text,
            other => other.to_string(),
        };
        Ok(self.modifiers.iter().fold(text, |text, modifier| modifier.apply(text)))
    }
}

/// Literal text and variables in turn; ends after a mistake.
fn pieces(text: &str) -> impl Iterator<Item = Result<Piece<'_>, TemplateError>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        if rest.starts_with("$${") {
            at += 3;
            return Some(Ok(Piece::Literal("${".into())));
        }
        if let Some(inside) = rest.strip_prefix("${") {
            let offset = at;
            let Some(end) = inside.find('}') else {
                at = text.len();
                return Some(Err(TemplateError {
                    offset,
                    len: rest.len(),
                    message: "`${` without its `}`".to_owned(),
                    help: Some("write `$${` for a literal `${`".to_owned()),
                }));
            };
            let parsed = expression(&inside[..end], offset + 2);
            at = if parsed.is_ok() { offset + 2 + end + 1 } else { text.len() };
            return Some(parsed.map(Piece::Variable));
        }
        // Up to the next `${`, or the `$${` that ends in it.
        let end =
            rest.find("${").map_or(rest.len(), |end| if rest[..end].ends_with('$') { end - 1 } else { end });
        at += end;
        Some(Ok(Piece::Literal(rest[..end].into())))
    })
}

/// What stands between `${` and `}`, at byte `offset` of the text.
fn expression(inside: &str, offset: usize) -> Result<Expression, TemplateError> {
    let error = |at: usize, word: &str, message: String, help: Option<String>| TemplateError {
        offset: offset + at,
        len: word.len(),
        message,
        help,
    };
    let mut words = inside.split('|');
    let first = words.next().unwrap_or_default();
    // No variable's name has a sign in it.
    let name = &first[..first.find(['+', '-']).unwrap_or(first.len())];
    let Some(variable) = VARIABLES.iter().find(|variable| variable.name == name) else {
        let help = match nearest(name.trim(), VARIABLES.iter().map(|variable| variable.name)) {
            Some(near) => format!("did you mean `${{{near}}}`?"),
            None => {
                let names: Vec<_> = VARIABLES.iter().map(|variable| variable.name).collect();
                format!("the variables are {}; write `$${{` for a literal `${{`", names.join(", "))
            }
        };
        let (offset, len) = if inside.is_empty() { (offset - 2, 3) } else { (offset, name.len().max(1)) };
        return Err(TemplateError {
            offset,
            len,
            message: format!("unknown variable `${{{inside}}}`"),
            help: Some(help),
        });
    };
    let sum = &first[name.len()..];
    let mut added = 0;
    if !sum.is_empty() {
        if variable.name != NOW {
            let message = format!("nothing can be added to `${{{name}}}`");
            return Err(error(name.len(), sum, message, Some("only `${now}` is a number".to_owned())));
        }
        added = sum.parse().map_err(|_| {
            error(
                name.len(),
                sum,
                format!("`{sum}` is not an integer with its sign"),
                Some("write seconds, as in `${now+300}` or `${now-3600}`".to_owned()),
            )
        })?;
    }
    let mut at = first.len() + 1;
    let mut modifiers = Vec::new();
    for word in words {
        modifiers.push(Modifier::named(word).ok_or_else(|| {
            let names = MODIFIERS.map(|(name, _)| name);
            let help = match nearest(word, names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the modifiers are {}", names.join(", ")),
            };
            error(at, word, format!("unknown modifier `{word}`"), Some(help))
        })?);
        at += word.len() + 1;
    }
    Ok(Expression { variable, added, modifiers })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variables() -> Variables {
        VARIABLES
            .iter()
            .fold(Variables::new(1_000), |all, variable| {
                all.with(variable.name, format!("<{}>", variable.name))
            })
            .with("target.issuer", "https://as.example/Tenant/")
            .with("resource", "https://api.example")
    }

    fn text(text: &str) -> String {
        substitute_text(text, &variables()).unwrap()
    }

    #[test]
    fn every_variable_is_replaced_by_its_value() {
        for variable in VARIABLES.iter().filter(|v| !["now", "target.issuer", "resource"].contains(&v.name)) {
            assert_eq!(text(&format!("a ${{{}}} b", variable.name)), format!("a <{}> b", variable.name));
            assert_eq!(check(&format!("${{{}}}", variable.name)).unwrap(), [variable]);
        }
    }

    #[test]
    fn the_time_alone_is_a_number_and_within_a_text_is_text() {
        let value = json!({ "exp": "${now+300}", "iat": ["${now}", "${now-3600}"], "x": "t${now}", "y": "${now|text}",
            "n": null, "b": true, "f": 1.5, "${now}": "names stay" });
        let expected = json!({ "exp": 1300, "iat": [1000, -2600], "x": "t1000", "y": "1000",
            "n": null, "b": true, "f": 1.5, "${now}": "names stay" });
        assert_eq!(substitute(&value, &variables()).unwrap(), expected);
        assert_eq!(text("${now+300}"), "1300");
        let late = substitute(&json!("${now+9223372036854775807}"), &variables()).unwrap();
        assert_eq!(late, json!(i64::MAX), "no overflow");
    }

    #[test]
    fn an_object_alone_is_an_object_and_within_a_text_is_text() {
        let variables = Variables::new(0).with("idp.unpublished_jwk", json!({ "kty": "RSA" }));
        let value =
            json!(["${idp.unpublished_jwk}", "${idp.unpublished_jwk|text}", "a ${idp.unpublished_jwk}"]);
        let expected = json!([{ "kty": "RSA" }, r#"{"kty":"RSA"}"#, r#"a {"kty":"RSA"}"#]);
        assert_eq!(substitute(&value, &variables).unwrap(), expected);
    }

    #[test]
    fn modifiers_are_applied_in_their_order() {
        assert_eq!(text("${target.issuer|upper}"), "HTTPS://AS.EXAMPLE/TENANT/");
        assert_eq!(text("${target.issuer|lower}"), "https://as.example/tenant/");
        assert_eq!(text("${target.issuer|without_slash}"), "https://as.example/Tenant");
        assert_eq!(text("${target.issuer|with_slash}"), "https://as.example/Tenant/");
        assert_eq!(text("${resource|with_slash}"), "https://api.example/");
        assert_eq!(text("${target.issuer|upper_origin}"), "HTTPS://AS.EXAMPLE/Tenant/");
        assert_eq!(text("${resource|without_slash}"), "https://api.example");
        assert_eq!(text("${target.issuer|without_slash|upper}x"), "HTTPS://AS.EXAMPLE/TENANTx");
        assert_eq!(MODIFIERS.map(|(name, _)| Modifier::named(name).is_some()), [true; 7]);
    }

    #[test]
    fn a_doubled_dollar_is_a_literal_one() {
        assert_eq!(text("$${now} costs $5, ${now}$"), "${now} costs $5, 1000$");
        assert_eq!(text("$$${now}"), "$${now}");
        assert!(check("$${nothing}").unwrap().is_empty());
    }

    #[test]
    fn a_mistake_is_shown_at_its_word() {
        let cases = [
            ("a ${target.isuer} b", "target.isuer", "did you mean `${target.issuer}`?"),
            ("${now+}", "+", "write seconds, as in `${now+300}` or `${now-3600}`"),
            ("${now+1h}", "+1h", "write seconds, as in `${now+300}` or `${now-3600}`"),
            ("${jti+1}", "+1", "only `${now}` is a number"),
            ("${jti|uper}", "uper", "did you mean `upper`?"),
            (
                "${jti|upper|}",
                "",
                "the modifiers are upper, lower, text, without_slash, with_slash, upper_origin, toggled_slash",
            ),
            ("${ now }", " now ", "did you mean `${now}`?"),
            ("x${client.id", "${client.id", "write `$${` for a literal `${`"),
        ];
        for (text, word, help) in cases {
            let error = check(text).unwrap_err();
            assert_eq!(&text[error.offset..error.offset + error.len], word, "{text}");
            assert_eq!(error.help.as_deref(), Some(help), "{text}");
        }
        assert_eq!(check("${}").unwrap_err().len, 3);
        assert!(
            check("${wholly.unknown}")
                .unwrap_err()
                .help
                .unwrap()
                .starts_with("the variables are target.issuer")
        );
    }

    #[test]
    fn a_variable_without_a_value_is_named() {
        let none = Variables::new(0);
        let missing = |name: &str| Missing { variable: name.to_owned() };
        assert_eq!(substitute(&json!(["${scope}"]), &none), Err(missing("scope")));
        assert_eq!(substitute_text("${nothing}", &none), Err(missing("nothing")));
        assert_eq!(missing("scope").to_string(), "this run has no value of `${scope}`");
        assert!(!none.has("scope") && none.has("now") && variables().has("scope"));
        assert_eq!(substitute_text("${now}", &none.at(7)).unwrap(), "7");
    }

    #[test]
    fn the_origin_ends_where_the_path_begins() {
        assert_eq!(origin("https://as.example:8443/tenant/"), "https://as.example:8443");
        assert_eq!(origin("http://localhost"), "http://localhost");
        assert_eq!(origin("nonsense"), "nonsense");
    }
}
