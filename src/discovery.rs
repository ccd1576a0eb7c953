//! Discovery of the authorization server: the addresses in the contract's order, what makes a document valid, and
//! what follows from all tries together. Pure: `run` fetches.

use serde_json::{Map, Value};

use crate::observation::{Observation, Response, clip};

/// A well-known address, by the way in which it is made of the issuer identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WellKnown {
    /// `oauth-authorization-server` between host and path (RFC 8414 section 3.1).
    OauthInserted,
    /// `openid-configuration` between host and path (RFC 8414 section 5).
    OpenidInserted,
    /// `openid-configuration` after the path (OpenID Connect Discovery 1.0 section 4.1).
    OpenidAppended,
    /// `oauth-authorization-server` after the path: in no specification, tried by some clients only.
    OauthAppended,
}

impl WellKnown {
    /// How people call it.
    pub fn name(self) -> &'static str {
        match self {
            WellKnown::OauthInserted => "RFC 8414, inserted",
            WellKnown::OpenidInserted => "OpenID Connect, inserted",
            WellKnown::OpenidAppended => "OpenID Connect, appended",
            WellKnown::OauthAppended => "RFC 8414, appended",
        }
    }
}

/// The addresses to try for an issuer identifier, in order. One final slash is dropped before anything is inserted
/// or appended. For an issuer without a path, inserted and appended are the same address, named once.
pub fn candidates(issuer: &str) -> Vec<(WellKnown, String)> {
    let trimmed = issuer.strip_suffix('/').unwrap_or(issuer);
    let (origin, path) = split_origin(trimmed);
    let oauth = "/.well-known/oauth-authorization-server";
    let openid = "/.well-known/openid-configuration";
    let mut candidates = vec![
        (WellKnown::OauthInserted, format!("{origin}{oauth}{path}")),
        (WellKnown::OpenidInserted, format!("{origin}{openid}{path}")),
    ];
    if !path.is_empty() {
        candidates.push((WellKnown::OpenidAppended, format!("{trimmed}{openid}")));
        candidates.push((WellKnown::OauthAppended, format!("{trimmed}{oauth}")));
    }
    candidates
}

/// The token endpoint where no metadata says one.
pub fn fallback_token_endpoint(issuer: &str) -> String {
    format!("{}/token", issuer.strip_suffix('/').unwrap_or(issuer))
}

/// Scheme and authority of a URL, and the rest, by text alone: nothing is normalised.
pub fn split_origin(url: &str) -> (&str, &str) {
    let authority = url.find("://").map_or(0, |scheme| scheme + 3);
    let path = url[authority..].find(['/', '?', '#']).map_or(url.len(), |path| authority + path);
    url.split_at(path)
}

/// The same text without its final slash, or with one where it has none: the spelling that people mistake it for.
pub fn toggled_slash(url: &str) -> String {
    url.strip_suffix('/').map_or_else(|| format!("{url}/"), str::to_owned)
}

/// A metadata document (RFC 8414 section 2).
#[derive(Debug, Clone, PartialEq)]
pub struct ServerMetadata {
    /// `issuer`.
    pub issuer: String,
    /// `token_endpoint`, where it is a string.
    pub token_endpoint: Option<String>,
    /// The whole document.
    pub document: Map<String, Value>,
}

impl ServerMetadata {
    /// Reads the answer of a well-known address.
    ///
    /// # Errors
    /// Why it is no metadata document, as a clause: "answered 404", "the body is an HTML page" …
    pub fn read(response: &Response) -> Result<Self, String> {
        if (300..400).contains(&response.status) {
            let place = response.header("location").unwrap_or("nowhere");
            return Err(format!(
                "answered {} and redirects to {}, which is not followed (RFC 8414 section 3.2 asks for 200)",
                response.status,
                clip(place, 120)
            ));
        }
        if response.status != 200 {
            return Err(format!("answered {}", response.status));
        }
        let value = response.json().map_err(|why| format!("answered 200, but the body {why}"))?;
        let Value::Object(document) = value else {
            return Err(format!("answered 200, but the body is {}", kind_of(value)));
        };
        let issuer = match document.get("issuer") {
            Some(Value::String(issuer)) if !issuer.is_empty() => bounded("issuer", issuer)?,
            Some(other) => return Err(format!("its `issuer` is {}", kind_of(other))),
            None => return Err("it has no `issuer`".into()),
        };
        let token_endpoint = match document.get("token_endpoint") {
            Some(Value::String(endpoint)) => Some(bounded("token_endpoint", endpoint)?),
            None => None,
            Some(other) => return Err(format!("its `token_endpoint` is {}", kind_of(other))),
        };
        Ok(ServerMetadata { issuer, token_endpoint, document: document.clone() })
    }

    /// The strings of an array member; `None` where it is absent or no array.
    pub fn strings(&self, member: &str) -> Option<Vec<&str>> {
        let array = self.document.get(member)?.as_array()?;
        Some(array.iter().filter_map(Value::as_str).collect())
    }
}

/// Longer addresses are none: no request could be made of them, and they would fill every report.
const LONGEST_ADDRESS: usize = 4096;

fn bounded(member: &str, address: &str) -> Result<String, String> {
    if address.len() > LONGEST_ADDRESS {
        return Err(format!("its `{member}` is longer than {LONGEST_ADDRESS} bytes"));
    }
    Ok(address.to_owned())
}

/// A JSON value's type with its article, for sentences.
pub fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty string",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// One address that was tried.
#[derive(Debug)]
pub struct Try {
    /// How the address was made.
    pub well_known: WellKnown,
    /// The address.
    pub url: String,
    /// What happened.
    pub observation: Observation,
    /// The document, or why there is none.
    pub document: Result<ServerMetadata, String>,
}

impl Try {
    /// Reads what came back from a well-known address.
    pub fn new(well_known: WellKnown, url: String, observation: Observation) -> Self {
        let document = match &observation.result {
            Ok(response) => ServerMetadata::read(response),
            Err(error) => Err(error.message.clone()),
        };
        Try { well_known, url, observation, document }
    }
}

/// A host that no target is.
pub const FORGED_HOST: &str = "jagspec-forged-host.invalid";

/// All that is known after discovery.
#[derive(Debug, Default)]
pub struct Discovery {
    /// The issuer identifier that was asked for.
    pub asked: String,
    /// The tries from the issuer identifier that was asked for.
    pub tries: Vec<Try>,
    /// The tries from the document's own issuer identifier, where it differs.
    pub own_tries: Vec<Try>,
    /// The POST without parameters to the token endpoint, or to the fallback.
    pub token_endpoint_answer: Option<Observation>,
    /// The GET of `jwks_uri`, where there is one.
    pub jwks: Option<Observation>,
    /// The document that is used, asked for once more under the Host [`FORGED_HOST`].
    pub forged_host: Option<Observation>,
}

/// What follows from the documents' `issuer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssuerVerdict {
    /// It is the target, byte for byte.
    Identical,
    /// It differs, and discovery from it finds a document that says the same: the user's `--target` is to be changed.
    SelfConsistent(String),
    /// It differs, and nothing confirms it.
    Contradicted(String),
    /// There is no document.
    NoDocument,
}

impl Discovery {
    /// The first valid document from the issuer identifier that was asked for.
    pub fn first(&self) -> Option<&Try> {
        self.tries.iter().find(|attempt| attempt.document.is_ok())
    }

    /// What follows from its `issuer` (RFC 8414 section 3.3).
    pub fn issuer_verdict(&self) -> IssuerVerdict {
        let Some(Ok(metadata)) = self.first().map(|attempt| attempt.document.as_ref()) else {
            return IssuerVerdict::NoDocument;
        };
        if metadata.issuer == self.asked {
            return IssuerVerdict::Identical;
        }
        let confirmed = self.own_tries.iter().find_map(|attempt| attempt.document.as_ref().ok());
        match confirmed {
            Some(own) if own.issuer == metadata.issuer => IssuerVerdict::SelfConsistent(own.issuer.clone()),
            _ => IssuerVerdict::Contradicted(metadata.issuer.clone()),
        }
    }

    /// The try whose document the run goes by: of the document's own issuer where that one confirms it.
    pub fn used(&self) -> Option<&Try> {
        match self.issuer_verdict() {
            IssuerVerdict::SelfConsistent(_) => {
                self.own_tries.iter().find(|attempt| attempt.document.is_ok())
            }
            _ => self.first(),
        }
    }

    /// The document that the run goes by.
    pub fn metadata(&self) -> Option<&ServerMetadata> {
        self.used().and_then(|attempt| attempt.document.as_ref().ok())
    }

    /// The issuer identifier that goes into `aud`: the document's, byte for byte, else the one asked for.
    pub fn issuer(&self) -> &str {
        self.metadata().map_or(&self.asked, |metadata| &metadata.issuer)
    }

    /// The token endpoint: the document's; without any document, the fallback. A document that names none leaves
    /// none, and one whose issuer nothing confirms may only name one at the target's own host: the client's
    /// credentials must not be sent where an unconfirmed document points (RFC 8414 section 3.3).
    pub fn token_endpoint(&self) -> Option<String> {
        let Some(metadata) = self.metadata() else { return Some(fallback_token_endpoint(&self.asked)) };
        let endpoint = metadata.token_endpoint.clone()?;
        let foreign = split_origin(&endpoint).0 != split_origin(&self.asked).0;
        let contradicted = matches!(self.issuer_verdict(), IssuerVerdict::Contradicted(_));
        (!(contradicted && foreign)).then_some(endpoint)
    }

    /// Whether an address has the origin of the target as typed, or of its confirmed issuer: metadata can name any
    /// other, and secrets for the target's gateway are not for it.
    pub fn is_of_the_target(&self, address: &str) -> bool {
        let origin = split_origin(address).0;
        let confirmed = !matches!(self.issuer_verdict(), IssuerVerdict::Contradicted(_));
        origin == split_origin(&self.asked).0 || (confirmed && origin == split_origin(self.issuer()).0)
    }

    /// Whether nothing at all answered: no HTTP response to any request.
    pub fn unreachable(&self) -> bool {
        !self.tries.is_empty()
            && self.tries.iter().all(|attempt| attempt.observation.result.is_err())
            && self.token_endpoint_answer.as_ref().is_none_or(|answer| answer.result.is_err())
    }
}

/// The first place at which two texts differ, for a sentence: its index in characters, and what stands there.
pub fn first_difference(ours: &str, theirs: &str) -> String {
    let index = ours.chars().zip(theirs.chars()).take_while(|(a, b)| a == b).count();
    let at = |text: &str| match text.chars().nth(index) {
        Some(letter) => format!("`{letter}`"),
        None => "the end".to_owned(),
    };
    format!("the first difference is at character {}: {} and {}", index + 1, at(ours), at(theirs))
}

#[cfg(test)]
mod tests;
