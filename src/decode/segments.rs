//! The segments of a token, and where one of them is malformed: counted from 1, bytes too.

use base64::{
    DecodeError, Engine as _,
    alphabet::URL_SAFE,
    engine::{
        DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE_NO_PAD as STRICT,
    },
};
use serde_json::{Map, Value};

use super::NotAToken;

/// Reads what is left of a segment with a defect.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A token in its segments.
#[derive(Debug, Default)]
pub(super) struct Segments {
    pub(super) problems: Vec<String>,
    pub(super) header: Segment,
    pub(super) payload: Segment,
    pub(super) signature: Option<Segment>,
    /// What the signature is of (RFC 7515 section 5.1).
    pub(super) signed: String,
    pub(super) is_encrypted: bool,
}

/// A segment, decoded.
#[derive(Debug, Default)]
pub(super) struct Segment {
    pub(super) bytes: Vec<u8>,
    /// What is wrong with its base64url.
    pub(super) problem: Option<String>,
}

/// Splits a token.
pub(super) fn split(text: &str) -> Result<Segments, NotAToken> {
    if text.trim().is_empty() {
        return Err(NotAToken("there is no token: it is empty".into()));
    }
    if text.trim_start().starts_with('{') {
        return json(text);
    }
    let parts: Vec<&str> = text.split('.').collect();
    if parts.len() == 1 {
        return Err(NotAToken(
            "it is no JWT: there is no dot in it. An opaque token says nothing of itself".into(),
        ));
    }
    let mut problems = Vec::new();
    if let Some(at) = text.find(char::is_whitespace) {
        problems.push(format!("white space at byte {}: a token has none", at + 1));
    }
    let is_encrypted = parts.len() == 5;
    match parts.len() {
        3 | 5 => {}
        2 => problems.push("two segments: that of the signature is missing, with the dot before it".into()),
        many => problems.push(format!("{many} segments: a JWS has three (RFC 7515 section 7.1)")),
    }
    let mut before = 0;
    let mut places = Vec::new();
    for part in &parts {
        places.push(before);
        before += part.len() + 1;
    }
    let segment = |at: usize, name: &str| {
        let part = parts.get(at).copied().unwrap_or_default();
        decoded(
            part,
            |byte| format!("{name} (segment {}): ", at + 1) + &byte,
            places.get(at).copied().unwrap_or(0),
        )
    };
    Ok(Segments {
        problems,
        header: segment(0, "the header"),
        payload: if is_encrypted { Segment::default() } else { segment(1, "the payload") },
        signature: (parts.len() > 2 && !is_encrypted).then(|| segment(2, "the signature")),
        signed: format!("{}.{}", parts[0], parts[1]),
        is_encrypted,
    })
}

/// The JSON serialisations (RFC 7515 section 7.2), which are no JWT: of several signatures the first.
fn json(text: &str) -> Result<Segments, NotAToken> {
    let refused = || {
        NotAToken(
            "it is JSON, but no JWS in JSON serialisation: `protected`, `payload` or `signature` is missing"
                .into(),
        )
    };
    let members: Map<String, Value> = serde_json::from_str(text)
        .map_err(|error| NotAToken(format!("it begins like JSON and is none: {error}")))?;
    let (outer, name) = match members.get("signatures").and_then(|all| all.get(0)).and_then(Value::as_object)
    {
        Some(first) => (first, "general"),
        None => (&members, "flattened"),
    };
    let text = |members: &Map<String, Value>, name: &str| {
        members.get(name).and_then(Value::as_str).map(str::to_owned)
    };
    let header = text(outer, "protected").ok_or_else(refused)?;
    let payload = text(&members, "payload").ok_or_else(refused)?;
    let signature = text(outer, "signature").ok_or_else(refused)?;
    let member = |name: &'static str| move |what: String| format!("`{name}`: {what}");
    Ok(Segments {
        problems: vec![format!(
            "the {name} JSON serialisation: a JWT is written in the compact one (RFC 7519 section 3)"
        )],
        header: decoded(&header, member("protected"), 0),
        payload: decoded(&payload, member("payload"), 0),
        signature: Some(decoded(&signature, member("signature"), 0)),
        signed: format!("{header}.{payload}"),
        is_encrypted: false,
    })
}

/// Decodes a segment that begins `before` bytes into the token. `named` puts its name before what is wrong.
fn decoded(text: &str, named: impl Fn(String) -> String, before: usize) -> Segment {
    let error = match STRICT.decode(text) {
        Ok(bytes) => return Segment { bytes, problem: None },
        Err(error) => error,
    };
    let at = |offset: usize| before + offset + 1;
    let what = match error {
        DecodeError::InvalidByte(offset, b'=') => {
            format!("padding at byte {}: base64url has none here", at(offset))
        }
        DecodeError::InvalidByte(offset, _) => {
            let shown = text.get(offset..).and_then(|rest| rest.chars().next()).unwrap_or('?');
            format!("{shown:?} at byte {} is no base64url", at(offset))
        }
        DecodeError::InvalidLastSymbol(offset, ..) => {
            format!("the unused bits of its last character, byte {}, are set", at(offset))
        }
        DecodeError::InvalidLength(length) => {
            format!(
                "{length} characters up to byte {} are no whole base64url",
                at(text.len().saturating_sub(1))
            )
        }
        DecodeError::InvalidPadding => {
            let offset = text.find('=').unwrap_or(text.len());
            format!("padding at byte {}: base64url has none here", at(offset))
        }
    };
    let in_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let mut rest: Vec<u8> = text.bytes().filter(in_alphabet).collect();
    if rest.len() % 4 == 1 {
        rest.pop();
    }
    Segment { bytes: LENIENT.decode(rest).unwrap_or_default(), problem: Some(named(what)) }
}
