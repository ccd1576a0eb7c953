//! The ID-JAG of a request, decoded, with what the case changes marked.

use minijinja::Value;
use serde::Serialize;

use super::{
    json_text::{self, Marked},
    markup::Code,
};
use crate::report::{ChangedMember, ChangedPart, RequestReport, redact};

/// A part of an ID-JAG as it is shown.
#[derive(Debug, Serialize)]
pub(super) struct TokenPart {
    label: &'static str,
    /// Whether the part as such is changed, and not only members of it.
    changed: bool,
    code: Value,
}

/// The `assertion` of a token request, wherever it stands: in the form, in the query, in a JSON body.
pub(super) fn assertion(request: &RequestReport) -> Option<String> {
    let in_form = |text: &str| {
        let mut parameters = url::form_urlencoded::parse(text.as_bytes());
        parameters.find(|(name, _)| name == "assertion").map(|(_, value)| value.into_owned())
    };
    let in_json = || {
        let body: serde_json::Value = serde_json::from_str(&request.body).ok()?;
        body.get("assertion")?.as_str().map(str::to_owned)
    };
    in_form(&request.body).or_else(in_json).or_else(|| in_form(request.url.split_once('?')?.1))
}

/// The parts of an ID-JAG. What is no JWS in compact form is one part, as it is.
pub(super) fn parts(assertion: &str, changed: &[ChangedMember]) -> Vec<TokenPart> {
    let is_changed =
        |name: &str| changed.iter().any(|member| member.part == ChangedPart::Token && member.name == name);
    let segments: Vec<&str> = assertion.split('.').collect();
    let decoded = match segments.as_slice() {
        [header, claims, ..] => decoded(header).zip(decoded(claims)),
        _ => None,
    };
    let Some((header, claims)) = decoded else {
        let code = json(assertion, &[]);
        return vec![TokenPart { label: "Not a JWS in compact form", changed: true, code }];
    };
    let mut parts = vec![
        TokenPart {
            label: "Header",
            changed: false,
            code: json(&header, &marked(changed, ChangedPart::Header)),
        },
        TokenPart {
            label: "Claims",
            changed: is_changed("payload"),
            code: json(&claims, &marked(changed, ChangedPart::Claim)),
        },
    ];
    let is_defect = is_changed("signature") || is_changed("serialisation");
    let mut code = Code::default();
    match segments.get(2..).unwrap_or_default() {
        [] => code.note("no third part"),
        [""] => code.note("empty"),
        rest => code.text(&rest.join(".")),
    };
    parts.push(TokenPart { label: "Signature", changed: is_defect, code: code.finish() });
    parts
}

/// The text of a segment; none when it is no base64url, as of one that holds something redacted.
fn decoded(segment: &str) -> Option<String> {
    let bytes = redact::decode(segment.trim().as_bytes())?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn marked(changed: &[ChangedMember], part: ChangedPart) -> Vec<Marked<'_>> {
    let members = changed.iter().filter(|member| member.part == part);
    members.map(|member| (member.name.as_str(), member.removed)).collect()
}

fn json(text: &str, marked: &[Marked<'_>]) -> Value {
    let mut code = Code::default();
    match json_text::lines(text) {
        Some(lines) => json_text::write(&mut code, &lines, marked),
        None => {
            code.text(text);
        }
    }
    code.finish()
}
