//! A token, taken apart: what its members mean, and what is wrong with them at a given time. Pure: the token, the time
//! and the keys are given. What it says of a hostile token is as hostile as the token; whoever shows it makes it
//! harmless.

mod explain;
mod members;
mod segments;
mod verify;

use serde::Serialize;

pub use members::{Member, Part};
pub use verify::{Key, Signature, keys_of};

/// What kind of token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An ID-JAG (draft-ietf-oauth-identity-assertion-authz-grant section 3.1).
    IdJag,
    /// A JWT access token (RFC 9068).
    AccessToken,
    /// An ID token (OpenID Connect Core section 2).
    IdToken,
    /// Another JWT (RFC 7519).
    Jwt,
    /// An encrypted token (RFC 7516): only its header can be read.
    Jwe,
}

/// A token, taken apart.
#[derive(Debug, Serialize)]
pub struct Decoded {
    /// What it is.
    pub kind: Kind,
    /// What is wrong with the token as a whole.
    pub problems: Vec<String>,
    /// The JOSE header.
    pub header: Part,
    /// The claims; none of an encrypted token.
    pub claims: Option<Part>,
    /// The signature; none where there is no such segment.
    pub signature: Option<Signature>,
}

impl Decoded {
    /// How many things are wrong with it.
    pub fn count_problems(&self) -> usize {
        let parts = std::iter::once(&self.header).chain(&self.claims);
        let in_parts = parts.map(|part| {
            part.problems.len() + part.members.iter().map(|member| member.problems.len()).sum::<usize>()
        });
        let in_signature = self.signature.as_ref().map_or(0, |signature| signature.problems.len());
        self.problems.len() + in_parts.sum::<usize>() + in_signature
    }
}

/// Why a text is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAToken(pub String);

/// Takes a token apart. `now` is in seconds since the epoch; `keys` are tried on its signature.
///
/// # Errors
/// [`NotAToken`] when there is nothing to take apart.
pub fn decode(text: &str, now: i64, keys: &[Key]) -> Result<Decoded, NotAToken> {
    let segments = segments::split(text)?;
    let mut problems = segments.problems;
    let mut header = members::read(&segments.header);
    if segments.is_encrypted {
        explain::encrypted(&mut header);
        return Ok(Decoded { kind: Kind::Jwe, problems, header, claims: None, signature: None });
    }
    let mut claims = members::read(&segments.payload);
    let kind = explain::kind(&header, &claims);
    explain::header(&mut header, kind);
    explain::claims(&mut claims, kind, now);
    if let Some(note) = explain::doubt(&header, kind) {
        problems.push(note);
    }
    let signature =
        segments.signature.map(|signature| verify::signature(&header, &segments.signed, &signature, keys));
    Ok(Decoded { kind, problems, header, claims: Some(claims), signature })
}

#[cfg(test)]
mod tests;
