//! What each member means, by which section, and what is wrong with its value: by the kind of token and the time.

use serde_json::Value;

use super::{
    Kind,
    members::{Member, Part},
};
use crate::{
    idjag::TYP,
    report::time::{span, utc},
};

/// Name, meaning, source.
type Explanation = (&'static str, &'static str, &'static str);

const HEADER: [Explanation; 14] = [
    ("typ", "what kind of token it is", "RFC 7515 section 4.1.9"),
    ("alg", "how it is signed", "RFC 7515 section 4.1.1"),
    ("kid", "which of the issuer's keys has signed it", "RFC 7515 section 4.1.4"),
    ("jku", "an address of keys", "RFC 7515 section 4.1.2"),
    ("jwk", "a key", "RFC 7515 section 4.1.3"),
    ("x5u", "an address of certificates", "RFC 7515 section 4.1.5"),
    ("x5c", "certificates", "RFC 7515 section 4.1.6"),
    ("x5t", "the SHA-1 thumbprint of a certificate", "RFC 7515 section 4.1.7"),
    ("x5t#S256", "the SHA-256 thumbprint of a certificate", "RFC 7515 section 4.1.8"),
    ("cty", "what kind of content it has", "RFC 7515 section 4.1.10"),
    ("crit", "the members that a recipient must understand", "RFC 7515 section 4.1.11"),
    ("b64", "whether the payload is base64url", "RFC 7797 section 3"),
    ("enc", "how the content is encrypted", "RFC 7516 section 4.1.2"),
    ("zip", "how the content is compressed", "RFC 7516 section 4.1.3"),
];

/// Members that hand the recipient a key, or the way to one.
const KEYS_OF_THE_TOKEN: [&str; 4] = ["jku", "jwk", "x5u", "x5c"];

/// Of every JWT.
const CLAIMS: [Explanation; 25] = [
    ("iss", "who has issued it", "RFC 7519 section 4.1.1"),
    ("sub", "whom it is about", "RFC 7519 section 4.1.2"),
    ("aud", "whom it is for", "RFC 7519 section 4.1.3"),
    ("exp", "until when it is good", "RFC 7519 section 4.1.4"),
    ("nbf", "from when it is good", "RFC 7519 section 4.1.5"),
    ("iat", "when it was issued", "RFC 7519 section 4.1.6"),
    ("jti", "its identifier", "RFC 7519 section 4.1.7"),
    ("client_id", "the client that it was issued to", "RFC 8693 section 4.3"),
    ("scope", "what the client may do", "RFC 8693 section 4.2"),
    ("act", "who acts for the user", "RFC 8693 section 4.1"),
    ("cnf", "the key that a presenter must prove to have", "RFC 7800 section 3.1"),
    ("authorization_details", "what the client may do, in detail", "RFC 9396 section 2"),
    ("sub_id", "whom it is about, in another form", "RFC 9493 section 4.1"),
    ("nonce", "ties it to the login that it answers", "OpenID Connect Core section 2"),
    ("auth_time", "when the user has logged in", "OpenID Connect Core section 2"),
    ("acr", "how strong the login was", "OpenID Connect Core section 2"),
    ("amr", "by which means the user has logged in", "OpenID Connect Core section 2"),
    ("azp", "the party that it was issued to", "OpenID Connect Core section 2"),
    ("at_hash", "the hash of the access token beside it", "OpenID Connect Core section 3.1.3.6"),
    ("email", "the user's address", "OpenID Connect Core section 5.1"),
    ("email_verified", "whether the issuer has checked that address", "OpenID Connect Core section 5.1"),
    ("name", "the user's name", "OpenID Connect Core section 5.1"),
    ("groups", "the user's groups", "RFC 9068 section 2.2.3.1"),
    ("roles", "the user's roles", "RFC 9068 section 2.2.3.1"),
    ("entitlements", "the user's entitlements", "RFC 9068 section 2.2.3.1"),
];

/// What these claims are of an ID-JAG.
const OF_ID_JAG: [Explanation; 13] = [
    ("iss", "the IdP that has issued it", ID_JAG_3_1),
    ("sub", "the user, as the IdP names it", ID_JAG_3_1),
    (
        "aud",
        "the issuer identifier of the authorization server that it is for",
        "ID-JAG sections 3.1 and 4.4.1",
    ),
    (
        "client_id",
        "the client at that authorization server which may redeem it",
        "ID-JAG sections 3.1 and 4.4.1",
    ),
    ("jti", "its identifier, by which a second use is known", ID_JAG_3_1),
    ("exp", "until when it can be redeemed", ID_JAG_3_1),
    ("iat", "when it was issued", ID_JAG_3_1),
    ("scope", "the scope that may be granted at most", ID_JAG_3_1),
    ("resource", "the resource that the access token is for", ID_JAG_3_1),
    ("authorization_details", "what may be granted, in detail", ID_JAG_3_1),
    ("aud_sub", "the user, as the authorization server names it", ID_JAG_3_1),
    ("aud_tenant", "the tenant at the authorization server", ID_JAG_3_1),
    ("tenant", "the tenant at the IdP, without which `sub` is not unique there", "ID-JAG section 6"),
];

const ID_JAG_3_1: &str = "ID-JAG section 3.1";

impl Kind {
    /// The claims without which it is none, and by which section.
    fn required(self) -> (&'static [&'static str], &'static str) {
        match self {
            Kind::IdJag => (&["iss", "sub", "aud", "client_id", "jti", "exp", "iat"], ID_JAG_3_1),
            Kind::AccessToken => {
                (&["iss", "exp", "aud", "sub", "client_id", "iat", "jti"], "RFC 9068 section 2.2")
            }
            Kind::IdToken => (&["iss", "sub", "aud", "exp", "iat"], "OpenID Connect Core section 2"),
            Kind::Jwt | Kind::Jwe => (&[], ""),
        }
    }
}

/// What the token is: by its `typ`, and where that says nothing by its claims.
pub(super) fn kind(header: &Part, claims: &Part) -> Kind {
    let typ = header.text("typ").map(|typ| short(&typ));
    let has = |names: &[&str]| claims.members.iter().any(|member| names.contains(&member.name.as_str()));
    match typ.as_deref() {
        Some(TYP) => Kind::IdJag,
        Some("at+jwt") => Kind::AccessToken,
        Some("jwt") | None if has(&["nonce", "at_hash", "azp", "auth_time"]) && !has(&["client_id"]) => {
            Kind::IdToken
        }
        Some("jwt") | None if has(&["client_id"]) => Kind::IdJag,
        Some("jwt") | None if has(&["sub"]) => Kind::IdToken,
        _ => Kind::Jwt,
    }
}

/// What is only assumed of the kind.
pub(super) fn doubt(header: &Part, kind: Kind) -> Option<String> {
    let says = match header.get("typ") {
        Some(Value::String(typ)) if short(&typ) == TYP || short(&typ) == "at+jwt" => return None,
        Some(typ) => format!("its `typ` is {typ}"),
        None => "it has no `typ`".to_owned(),
    };
    match kind {
        Kind::IdJag => {
            Some(format!("{says}: taken for an ID-JAG since it has a `client_id`, but no server may do so"))
        }
        _ => None,
    }
}

/// A media type without its `application/`, in small letters (RFC 7515 section 4.1.9).
fn short(typ: &str) -> String {
    let typ = typ.to_ascii_lowercase();
    typ.strip_prefix("application/").unwrap_or(&typ).to_owned()
}

/// Explains the header.
pub(super) fn header(part: &mut Part, kind: Kind) {
    for member in &mut part.members {
        explained(member, &[&HEADER]);
        let value = member.parsed();
        match (member.name.as_str(), value.as_str()) {
            ("typ", Some(typ)) if kind == Kind::IdJag && typ != TYP => {
                member.problems.push(format!("of an ID-JAG it is `{TYP}` (ID-JAG section 3.1)"));
            }
            ("alg", Some(alg)) if alg.eq_ignore_ascii_case("none") => {
                member
                    .problems
                    .push("nothing is signed: anybody can have made it (RFC 8725 section 3.2)".into());
            }
            ("alg", Some(alg)) if alg.starts_with("HS") => {
                member
                    .problems
                    .push("a MAC: whoever can check it can make it, and an IdP shares no such secret".into());
            }
            ("typ" | "alg" | "kid", None) => member.problems.push("it is no string".into()),
            _ => {}
        }
        if KEYS_OF_THE_TOKEN.contains(&member.name.as_str()) {
            member.problems.push(
                "a key that the token itself brings proves nothing: no server believes it, or fetches it (RFC 8725 section 3.10)".into(),
            );
        }
        if member.name == "crit" {
            member.notes.push("a recipient that does not know one of them refuses the token".into());
        }
    }
    for (name, source) in [("typ", "ID-JAG section 3.1"), ("alg", "RFC 7515 section 4.1.1")] {
        let is_due = name == "alg" || kind == Kind::IdJag;
        if is_due && part.text.is_none() && part.get(name).is_none() {
            part.problems.push(format!("`{name}` is missing ({source})"));
        }
    }
}

/// Explains the header of an encrypted token.
pub(super) fn encrypted(part: &mut Part) {
    for member in &mut part.members {
        explained(member, &[&HEADER]);
        match member.name.as_str() {
            "alg" => {
                (member.meaning, member.source) =
                    ("how the key is encrypted".into(), "RFC 7516 section 4.1.1".into())
            }
            "kid" => {
                (member.meaning, member.source) =
                    ("the recipient's key".into(), "RFC 7516 section 4.1.6".into())
            }
            _ => {}
        }
    }
}

/// Explains the claims.
pub(super) fn claims(part: &mut Part, kind: Kind, now: i64) {
    for member in &mut part.members {
        let tables: &[&[Explanation]] = match kind {
            Kind::IdJag => &[&OF_ID_JAG, &CLAIMS],
            _ => &[&CLAIMS],
        };
        explained(member, tables);
        let value = member.parsed();
        match member.name.as_str() {
            "aud" => audience(member, &value, kind),
            "exp" | "nbf" | "iat" | "auth_time" => time(member, &value, now),
            "iss" | "sub" | "client_id" | "jti" => text(member, &value),
            "scope" if !value.is_string() => {
                member
                    .problems
                    .push("it is no string of scopes with spaces between them (RFC 8693 section 4.2)".into());
            }
            "resource" => resource(member, &value),
            _ => {}
        }
    }
    if part.text.is_none() {
        let (required, source) = kind.required();
        let missing: Vec<String> = required
            .iter()
            .filter(|name| part.get(name).is_none())
            .map(|name| format!("`{name}` is missing ({source})"))
            .collect();
        part.problems.extend(missing);
    }
}

fn explained(member: &mut Member, tables: &[&[Explanation]]) {
    let entry = tables.iter().flat_map(|table| table.iter()).find(|(name, ..)| *name == member.name);
    if let Some((_, meaning, source)) = entry {
        member.meaning = (*meaning).to_owned();
        member.source = (*source).to_owned();
    }
}

fn text(member: &mut Member, value: &Value) {
    match value.as_str() {
        None => member.problems.push("it is no string".into()),
        Some("") => member.problems.push("it is empty".into()),
        Some(_) => {}
    }
}

fn audience(member: &mut Member, value: &Value, kind: Kind) {
    let one = " (ID-JAG section 4.4.1)";
    match value {
        Value::String(text) if text.is_empty() => member.problems.push("it is empty".into()),
        Value::String(_) => {}
        Value::Array(items) if items.is_empty() => member.problems.push("the array is empty".into()),
        Value::Array(items) if !items.iter().all(Value::is_string) => {
            member.problems.push("not every element is a string (RFC 7519 section 4.1.3)".into());
        }
        Value::Array(items) if items.len() == 1 => {
            member.notes.push("an array of one is the same as the string in it".into());
        }
        Value::Array(items) if kind == Kind::IdJag => {
            member
                .problems
                .push(format!("{} audiences: an ID-JAG is for one authorization server{one}", items.len()));
        }
        Value::Array(_) => {}
        _ => member
            .problems
            .push("it is neither a string nor an array of strings (RFC 7519 section 4.1.3)".into()),
    }
}

fn resource(member: &mut Member, value: &Value) {
    let is_uri = |text: &str| url::Url::parse(text).is_ok_and(|url| url.fragment().is_none());
    let all = match value {
        Value::String(_) => vec![value],
        Value::Array(items) if !items.is_empty() => items.iter().collect(),
        _ => return member.problems.push("it is neither a URI nor an array of URIs".into()),
    };
    if !all.iter().all(|item| item.as_str().is_some_and(is_uri)) {
        member.problems.push("not each is an absolute URI without fragment (RFC 8707 section 2)".into());
    }
}

/// A NumericDate (RFC 7519 section 2) beside the present time.
fn time(member: &mut Member, value: &Value, now: i64) {
    let Some(number) = value.as_f64().filter(|number| number.is_finite()) else {
        member.problems.push("it is no number of seconds since 1970 (RFC 7519 section 2)".into());
        return;
    };
    // Beyond 64 bits, casts stop at the end.
    #[expect(clippy::cast_possible_truncation, reason = "a fraction of a second does not matter")]
    let seconds = number.floor() as i64;
    member.time = u64::try_from(seconds).ok().and_then(utc);
    if member.time.is_none() {
        member.problems.push("no time between the years 1970 and 9999".into());
    }
    let ahead = seconds.saturating_sub(now);
    let words = span(ahead.unsigned_abs());
    match (member.name.as_str(), ahead > 0) {
        ("exp", true) => member.notes.push(format!("good for another {words}")),
        ("exp", false) => member.problems.push(format!("expired {words} ago")),
        ("nbf", true) => member.problems.push(format!("not good yet, only in {words}")),
        ("iat" | "auth_time", true) => member.problems.push(format!("{words} in the future")),
        _ => member.notes.push(format!("{words} ago")),
    }
}
