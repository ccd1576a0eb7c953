//! What is secret because of where it stands, whatever its value. Each function looks at one place of a text and
//! names the stretch to be replaced, if one begins there.

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::needle::{base64_run, continues_word};
use super::{
    AUTHORIZATION, CREDENTIALS, Cut, PRIVATE_KEY, SECRET, SECRETS, SIGNATURE, TOKEN, TOKENS, decode,
    marker_at, needle::CUT,
};

/// A PEM block of a private key (RFC 7468), to its end or, when it was cut off, to the end of the text. Spaces may
/// be encoded, and the first dashes missing.
pub(super) fn private_key(text: &str, at: usize) -> Cut {
    const BEGIN: [&str; 2] = ["-----BEGIN", "BEGIN"];
    const END: &str = "-----END";
    let label = BEGIN.iter().find_map(|begin| text[at..].strip_prefix(begin))?;
    let label = &label[..label.find("-----").filter(|length| *length <= 64)?];
    if !label.contains("PRIVATE") {
        return None;
    }
    let end = text[at..].find(END).and_then(|end| {
        let tail = at + end + END.len();
        Some(tail + text[tail..].find("-----")? + 5)
    });
    Some((at..end.unwrap_or(text.len()), PRIVATE_KEY))
}

fn is_segment(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Whether a JWS could begin here: not in the middle of a run, unless what stands before is a percent escape.
fn begins_run(bytes: &[u8], at: usize) -> bool {
    match &bytes[..at] {
        [.., b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => true,
        [.., last] => !is_segment(*last) && *last != b'.',
        [] => true,
    }
}

/// The signature part of the JWS in compact form that begins here (RFC 7515 section 7.1), with everything that
/// follows it without a gap: a defect may have put further segments or foreign characters there.
fn jws(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if !is_segment(*bytes.get(at)?) || !begins_run(bytes, at) {
        return None;
    }
    let run = |from: usize, also: &[u8]| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| is_segment(**byte) || also.contains(byte)).count()
    };
    let header = run(at, b"=+/");
    let claims = run(header + 1, b"=+/");
    if header == at || bytes.get(header) != Some(&b'.') || bytes.get(claims) != Some(&b'.') {
        return None;
    }
    let decoded = decode(&bytes[at..header])?;
    if decoded.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return None;
    }
    let start = claims + 1;
    let mut end = start;
    loop {
        end = run(end, b"=+/");
        match &bytes[end..] {
            [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => end += 3,
            [b'.', next, ..] if is_segment(*next) => end += 1,
            _ => return Some(start..end),
        }
    }
}

/// Whether the text begins with a JWS in compact form.
pub(super) fn is_jws(text: &str) -> bool {
    jws(text, 0).is_some()
}

/// The signature of a token.
pub(super) fn signature(text: &str, at: usize) -> Cut {
    let signature = jws(text, at)?;
    (!signature.is_empty()).then_some((signature, SIGNATURE))
}

/// The value of a secret header field without what is secret: of Authorization the scheme stays.
pub(super) fn header_value(name: &str, value: &str) -> String {
    let (scheme, marker) = split_scheme(name, value);
    if value.is_empty() || marker_at(value, scheme).is_some() {
        return value.to_owned();
    }
    format!("{}{marker}", &value[..scheme])
}

/// How much of a secret header field's value is no secret, and what the rest becomes.
fn split_scheme(name: &str, value: &str) -> (usize, &'static str) {
    if !AUTHORIZATION.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        return (0, SECRET);
    }
    // RFC 9110 section 11.4: a scheme is a token, then spaces, then the credentials.
    let scheme = value.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(value.len());
    let spaces = value[scheme..].len() - value[scheme..].trim_start_matches(' ').len();
    let is_scheme = scheme > 0 && spaces > 0 && scheme + spaces < value.len();
    (if is_scheme { scheme + spaces } else { 0 }, CREDENTIALS)
}

/// A secret header field in a text: on a command line, in a dump of a request, as a member of a JSON object.
pub(super) fn header(text: &str, at: usize, names: &[String]) -> Cut {
    let bytes = text.as_bytes();
    if continues_word(text, at) || bytes[..at].ends_with(b"-") {
        return None;
    }
    let name = names.iter().find(|name| {
        name.as_bytes().first().is_some_and(|first| first.eq_ignore_ascii_case(&bytes[at]))
            && bytes.get(at..at + name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
    })?;
    let after_name = at + name.len();
    let after_quote = after_name + count(bytes, after_name, b"\\\"'");
    let separator = after_quote + count(bytes, after_quote, b" ");
    let is_pair = after_quote > after_name && bytes.get(separator) == Some(&b',');
    if !is_pair && !matches!(bytes.get(separator), Some(b':' | b'=')) {
        return None;
    }
    let start = separator + 1 + count(bytes, separator + 1, b" \\\"'[");
    // A marker begins with the bracket that was skipped as that of an array.
    if marker_at(text, start.saturating_sub(1)).is_some() || bytes.get(start) == Some(&b'{') {
        return None;
    }
    let mut end = start;
    loop {
        end += bytes[end..].iter().take_while(|byte| !b"\"'\\\r\n<".contains(byte)).count();
        // The quote of a shell's word in which a quote stands; what encoders of JSON escape without need.
        match &bytes[end..] {
            [b'\'', b'\\', b'\'', b'\'', ..] => end += 4,
            [b'\\', b'/' | b'u', ..] => end += 2,
            _ => break,
        }
    }
    let (scheme, marker) = split_scheme(name, &text[start..end]);
    if end == start || marker_at(text, start + scheme).is_some() {
        return None;
    }
    Some((start + scheme..end, marker))
}

fn count(bytes: &[u8], from: usize, of: &[u8]) -> usize {
    bytes.get(from..).unwrap_or_default().iter().take_while(|byte| of.contains(byte)).count()
}

/// The credentials of HTTP Basic (RFC 7617) outside their header field: thrown back in a message. Other schemes look
/// like prose there (`Bearer token missing`); these decode to something with a colon.
pub(super) fn basic(text: &str, at: usize) -> Cut {
    let bytes = text.as_bytes();
    if !matches!(bytes[at], b'b' | b'B')
        || !bytes.get(at..at + 5)?.eq_ignore_ascii_case(b"basic")
        || (at > 0 && is_segment(bytes[at - 1]))
    {
        return None;
    }
    let gap = match &bytes[at + 5..] {
        [b' ' | b'+', ..] => 1,
        [b'%', b'2', b'0', ..] => 3,
        _ => return None,
    };
    let start = at + 5 + gap;
    let (run, end) = base64_run(bytes, start);
    if !decode(&run)?.contains(&b':') {
        return None;
    }
    Some((start..end + count(bytes, end, b"="), CREDENTIALS))
}

/// Members of a JWK that are private (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1).
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

/// Names so short mean a key only beside `kty`, and where the value could be one.
fn is_private_member(name: &str, value: &str, beside: impl FnOnce() -> bool) -> bool {
    const SHORTEST_KEY: usize = 16;
    let run = value.trim_end_matches(['=', CUT]);
    PRIVATE_MEMBERS.contains(&name) && run.len() >= SHORTEST_KEY && run.bytes().all(is_segment) && beside()
}

/// What the value of a member or parameter of this name becomes; none where it may stay.
fn marker_of(name: &str) -> Option<&'static str> {
    if SECRETS.contains(&name) { Some(SECRET) } else { TOKENS.contains(&name).then_some(TOKEN) }
}

/// The value of a member of a JSON object without what is secret.
pub(super) fn member_value(name: &str, value: &str, is_jwk: bool) -> String {
    match marker_of(name) {
        Some(marker) if !value.is_empty() && !is_jws(value) => marker.to_owned(),
        _ if is_private_member(name, value, || is_jwk) => PRIVATE_KEY.to_owned(),
        _ => value.to_owned(),
    }
}

/// How the quotes around a name and a string are written: in JSON, in JSON within JSON, in other languages, in a form
/// and in HTML.
const QUOTES: [&str; 6] = ["\"", "\\\"", "'", "%22", "&quot;", "\\u0022"];

/// The value of a secret member in the text of a JSON object, also of one within a JSON string.
pub(super) fn member(text: &str, at: usize) -> Cut {
    const COLONS: [&str; 2] = [":", "%3a"];
    let bytes = text.as_bytes();
    if !matches!(bytes[at], b'"' | b'\'' | b'\\' | b'%' | b'&') {
        return None;
    }
    let rest = &text[at..];
    let quote = QUOTES.into_iter().find(|quote| rest.starts_with(quote))?;
    let name_start = at + quote.len();
    // The names are short, and the text may be long.
    let name_end = name_start
        + text[name_start..]
            .char_indices()
            .take(32)
            .find(|(i, _)| text[name_start + i..].starts_with(quote))?
            .0;
    let name = &text[name_start..name_end];
    if marker_of(name).is_none() && !PRIVATE_MEMBERS.contains(&name) {
        return None;
    }
    let colon = name_end + quote.len() + count(bytes, name_end + quote.len(), b" \t\r\n");
    let length = COLONS.into_iter().map(str::len).zip(COLONS).find_map(|(length, sign)| {
        bytes.get(colon..colon + length)?.eq_ignore_ascii_case(sign.as_bytes()).then_some(length)
    })?;
    let value = colon + length + count(bytes, colon + length, b" \t\r\n");
    let (start, end) = if text[value..].starts_with(quote) {
        let start = value + quote.len();
        (start, end_of_string(text, start, quote))
    } else {
        // No string, as in a wrong token response: a number is a token all the same.
        let length = bytes[value..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        (value, value + length)
    };
    if start == end || marker_at(text, start).is_some() || is_jws(&text[start..end]) {
        return None;
    }
    let is_key = || is_private_member(name, &text[start..end], || text.contains("kty"));
    let marker = marker_of(name).or_else(|| is_key().then_some(PRIVATE_KEY))?;
    Some((start..end, marker))
}

/// Where the string ends that began before `start`: at its closing quote, or where the text was cut off.
fn end_of_string(text: &str, start: usize, quote: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    while at < bytes.len() {
        if bytes[at..].starts_with(quote.as_bytes()) {
            return at;
        }
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    text.len()
}

/// The value of a secret parameter in a form or a query.
pub(super) fn parameter(text: &str, at: usize) -> Cut {
    // The names begin with these letters.
    if !matches!(text.as_bytes()[at], b'c' | b'a' | b'r' | b'i') {
        return None;
    }
    let rest = &text[at..];
    let name = SECRETS.iter().chain(&TOKENS).find(|name| rest.starts_with(**name))?;
    let after = &rest[name.len()..];
    let equals = ["=", "%3D", "%3d"].into_iter().find(|equals| after.starts_with(equals))?;
    let start = at + name.len() + equals.len();
    let encoded = equals.len() > 1;
    let value = &text[start..];
    let stop = |c: char| c.is_whitespace() || "&\"'<\\#".contains(c);
    let mut end = start + value.find(stop).unwrap_or(value.len());
    if encoded {
        end = start + text[start..end].find("%26").unwrap_or(end - start);
    }
    if start == end || marker_at(text, start).is_some() || is_jws(value) {
        return None;
    }
    Some((start..end, marker_of(name)?))
}
