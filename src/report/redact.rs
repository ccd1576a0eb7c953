//! The redactor: takes what is secret out of a report, last on the way out, so that no renderer has to think of it.
//!
//! What is secret is known in two ways. By value: the client secrets and gateway headers of the run, in every
//! encoding in which a request carries them or a target throws them back (`redact/needle.rs`). By place: values of
//! Authorization header fields, of secret parameters and members, signatures of tokens, private keys
//! (`redact/places.rs`). Redacting twice is the same as redacting once.

mod needle;
mod places;
#[cfg(test)]
mod tests;

use std::ops::Range;

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::Value;

use self::needle::{CUT, Needle, Needles};
use super::{ExchangeReport, Report, text::replace_stretches};
use crate::settings::Secret;

const SECRET: &str = "[secret redacted]";
const TOKEN: &str = "[token redacted]";
const SIGNATURE: &str = "[signature redacted]";
const CREDENTIALS: &str = "[credentials redacted]";
const PRIVATE_KEY: &str = "[private key redacted]";

/// What stands in place of something secret.
const MARKERS: [&str; 5] = [SECRET, TOKEN, SIGNATURE, CREDENTIALS, PRIVATE_KEY];

/// What is said of a command line in which something was redacted.
const CUT_LINE: &str = "Something in it is redacted: as it stands it sends another request than the run did.";

/// A secret shorter than this is looked for in its places only: to replace each `x` would shred every text.
const SHORTEST_SECRET: usize = 4;

/// An opaque access token shorter than this is redacted in its member only, not wherever else it is seen.
const SHORTEST_TOKEN: usize = 8;

/// Members of token responses and parameters whose value is a token. A token that is a JWS keeps header and claims.
const TOKENS: [&str; 4] = ["access_token", "refresh_token", "id_token", "registration_access_token"];

/// Members and parameters whose value authenticates a client. A client assertion is a JWS as a rule, and is then
/// treated as one.
const SECRETS: [&str; 2] = ["client_secret", "client_assertion"];

/// A header field that is secret whoever sends it.
const AUTHORIZATION: [&str; 2] = ["authorization", "proxy-authorization"];

/// Takes what is secret out of texts and reports.
pub struct Redactor {
    needles: Needles,
    headers: Vec<String>,
}

impl Redactor {
    /// A redactor that knows these secrets, and everything that is secret by its place.
    ///
    /// A secret of less than four characters is only redacted in its place and as the end of HTTP Basic credentials.
    /// One made of letters alone and shorter than sixteen (`secret`) is only replaced as a whole word, so that
    /// `client_secret_post` stays readable.
    pub fn new(secrets: Vec<Secret>) -> Self {
        Self::with_headers(secrets, [])
    }

    /// The same with these header fields, whose values are secret: those of `--header`. Of a value with several
    /// parts (`Bearer abc`, `a=b; c=d`) each part that could be a credential is one.
    pub fn with_headers(secrets: Vec<Secret>, fields: impl IntoIterator<Item = (String, Secret)>) -> Self {
        let mut headers = AUTHORIZATION.map(str::to_owned).to_vec();
        let mut values: Vec<String> = secrets.iter().map(|secret| secret.expose().to_owned()).collect();
        for (name, value) in fields {
            headers.push(name.to_ascii_lowercase());
            values.extend(parts(value.expose()).map(str::to_owned));
            values.push(value.expose().to_owned());
        }
        let (known, short): (Vec<_>, Vec<_>) =
            values.iter().map(String::as_str).partition(|text| text.chars().count() >= SHORTEST_SECRET);
        let needles = known.into_iter().map(Needle::secret).collect();
        Self { needles: Needles::new(needles).with_short(short.into_iter()), headers }
    }

    /// The text without what is secret in it.
    pub fn redact_text(&self, text: &str) -> String {
        self.redact_with(text, &Needles::default())
    }

    /// Takes what is secret out of everything in the report that is not one of jagspec's own words. Opaque access
    /// tokens are found in the response bodies and then replaced wherever else they stand.
    pub fn redact_report(&self, report: &mut Report) {
        let tokens = Needles::new(tokens_of(&report.exchanges));
        let redact = |text: &mut String| *text = self.redact_with(text, &tokens);

        redact(&mut report.target.issuer);
        report.target.token_endpoint.iter_mut().for_each(redact);
        report.target.metadata_url.iter_mut().for_each(redact);
        for case in &mut report.cases {
            [&mut case.reason, &mut case.expected, &mut case.observed].into_iter().for_each(redact);
            case.changed.iter_mut().for_each(redact);
            case.known.iter_mut().filter_map(|known| known.comment.as_mut()).for_each(redact);
        }
        for entry in report.baseline.iter_mut().flat_map(|baseline| &mut baseline.entries) {
            entry.comment.iter_mut().for_each(redact);
        }
        let mut diagnoses: Vec<_> = report.diagnoses.iter_mut().collect();
        if let Some(shard) = &mut report.shard {
            diagnoses.extend(&mut shard.target_diagnoses);
            shard.offences.iter_mut().for_each(|offence| redact(&mut offence.what));
            shard.control_lost.iter_mut().for_each(redact);
        }
        for diagnosis in diagnoses {
            [&mut diagnosis.cause, &mut diagnosis.fix].into_iter().for_each(redact);
            diagnosis.evidence.iter_mut().for_each(redact);
        }
        for entry in &mut report.profile {
            entry.evidence.iter_mut().for_each(redact);
            self.redact_value(&mut entry.value, &tokens);
        }
        for exchange in &mut report.exchanges {
            let request = &mut exchange.request;
            [&mut request.url, &mut request.body].into_iter().for_each(redact);
            let whole = exchange.curl.clone();
            redact(&mut exchange.curl);
            exchange.curl_hints.iter_mut().for_each(redact);
            if exchange.curl != whole {
                exchange.curl_hints.push(CUT_LINE.to_owned());
            }
            self.redact_headers(&mut request.headers, &tokens);
            if let Some(response) = &mut exchange.response {
                // What the cut has left of a secret is known by the sign that stands where texts are cut.
                let cut = response.body_truncated;
                response.body.extend(cut.then_some(CUT));
                redact(&mut response.body);
                if cut && response.body.ends_with(CUT) {
                    response.body.pop();
                }
                self.redact_headers(&mut response.headers, &tokens);
            }
            exchange.error.iter_mut().for_each(redact);
        }
    }

    fn redact_headers(&self, headers: &mut [(String, String)], tokens: &Needles) {
        for (name, value) in headers {
            *name = self.redact_with(name, tokens);
            *value = if self.headers.iter().any(|secret| name.eq_ignore_ascii_case(secret)) {
                places::header_value(name, value)
            } else {
                self.redact_with(value, tokens)
            };
        }
    }

    fn redact_value(&self, value: &mut Value, tokens: &Needles) {
        match value {
            Value::String(text) => *text = self.redact_with(text, tokens),
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact_value(item, tokens)),
            Value::Object(members) => {
                let is_jwk = members.contains_key("kty");
                let redacted = std::mem::take(members).into_iter().map(|(name, mut member)| {
                    if let Value::String(text) = &mut member {
                        *text = places::member_value(&name, text, is_jwk);
                    }
                    self.redact_value(&mut member, tokens);
                    (self.redact_with(&name, tokens), member)
                });
                *members = redacted.collect();
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn redact_with(&self, text: &str, tokens: &Needles) -> String {
        // In this order: a token's signature goes before anything in its claims is replaced, because afterwards it
        // is no token any more; places go before values, because they take the whole value.
        let text =
            replace_stretches(text, |text, at| kept(text, at).or_else(|| places::private_key(text, at)));
        let text =
            replace_stretches(&text, |text, at| kept(text, at).or_else(|| places::signature(text, at)));
        let text = replace_stretches(&text, |text, at| {
            kept(text, at)
                .or_else(|| places::header(text, at, &self.headers))
                .or_else(|| places::basic(text, at))
                .or_else(|| places::member(text, at))
                .or_else(|| places::parameter(text, at))
        });
        if self.needles.is_empty() && tokens.is_empty() {
            return text;
        }
        let text = replace_stretches(&text, |text, at| {
            kept(text, at).or_else(|| needle::in_base64(text, at, &self.needles))
        });
        replace_stretches(&text, |text, at| {
            kept(text, at).or_else(|| self.needles.find(text, at)).or_else(|| tokens.find(text, at))
        })
    }
}

/// The parts of a header field's value that could be credentials by themselves: long enough, and no plain word.
fn parts(value: &str) -> impl Iterator<Item = &str> {
    const SHORTEST_PART: usize = 8;
    let pieces = value.split([' ', ';', ',']);
    let with_values = pieces.flat_map(|piece| [Some(piece), piece.split_once('=').map(|(_, value)| value)]);
    let values = with_values.flatten().map(|part| part.trim_matches('"'));
    values.filter(|part| part.len() >= SHORTEST_PART && part.bytes().any(|byte| !byte.is_ascii_alphabetic()))
}

/// A stretch and what is put in its place.
type Cut = Option<(Range<usize>, &'static str)>;

/// Decodes what a sender who knows little of base64 may have written, or a defect has left of it: either alphabet,
/// any padding, any last bits.
pub(super) fn decode(run: &[u8]) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let standard = |byte: &u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    };
    let mut run: Vec<u8> = run.iter().filter(|byte| **byte != b'=').map(standard).collect();
    // One character over a multiple of four holds no byte.
    if run.len() % 4 == 1 {
        run.pop();
    }
    LENIENT.decode(run).ok()
}

/// A marker stays as it is, also where one of its words is itself a secret.
fn kept(text: &str, at: usize) -> Cut {
    let marker = marker_at(text, at)?;
    Some((at..at + marker.len(), marker))
}

fn marker_at(text: &str, at: usize) -> Option<&'static str> {
    // Asked for at every character: almost all end here.
    if text.as_bytes().get(at) != Some(&b'[') {
        return None;
    }
    MARKERS.into_iter().find(|marker| text.as_bytes()[at..].starts_with(marker.as_bytes()))
}

/// The opaque tokens in the response bodies.
fn tokens_of(exchanges: &[ExchangeReport]) -> Vec<Needle> {
    let mut found = Vec::new();
    for response in exchanges.iter().filter_map(|exchange| exchange.response.as_ref()) {
        let Ok(Value::Object(members)) = serde_json::from_str(&response.body) else { continue };
        for token in TOKENS.iter().filter_map(|name| members.get(*name)?.as_str()) {
            let opaque = token.chars().count() >= SHORTEST_TOKEN && !places::is_jws(token);
            if opaque && marker_at(token, 0).is_none() {
                found.push(Needle::token(token));
            }
        }
    }
    found
}
