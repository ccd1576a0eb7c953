//! What differs from run to run in a server's own words, replaced by a word that does not: a list of named rules,
//! applied in this order, each with a test. A rule takes out as little as it can: what a snapshot no longer shows,
//! its reader can no longer see change.

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::text::replace_stretches;

/// A rule.
pub(super) struct Rule {
    /// Its name, in kebab case.
    pub(super) name: &'static str,
    /// What it matches, in words.
    pub(super) what: &'static str,
    /// What stands in place of a match.
    pub(super) replacement: &'static str,
    /// The stretch that it matches, if one begins at this place.
    find: fn(&str, usize) -> Option<Range<usize>>,
}

/// The rules. A token comes before the runs of which it is made; a date before the numbers in it; a UUID and an
/// identifier of the harness before the runs of hex digits.
pub(super) const RULES: [Rule; 13] = [
    Rule { name: "jws", what: "a token in compact form", replacement: "<jws>", find: jws },
    Rule { name: "uuid", what: "a UUID", replacement: "<uuid>", find: uuid },
    Rule {
        name: "harness-id",
        what: "an identifier of the harness: a `jti`, the name of a canary address",
        replacement: "<id>",
        find: harness_id,
    },
    Rule {
        name: "iso-date-time",
        what: "a date with a time (RFC 3339)",
        replacement: "<date-time>",
        find: iso_date_time,
    },
    Rule {
        name: "http-date",
        what: "a date of HTTP (RFC 9110)",
        replacement: "<http-date>",
        find: http_date,
    },
    Rule {
        name: "loopback-port",
        what: "the port of a loopback address",
        replacement: "PORT",
        find: loopback_port,
    },
    Rule {
        name: "duration",
        what: "a time in milliseconds or less, or in a fraction of seconds",
        replacement: "<duration>",
        find: duration,
    },
    Rule {
        name: "epoch-seconds",
        what: "ten digits that are a point in time",
        replacement: "<epoch-seconds>",
        find: |text, at| epoch(text, at, 10),
    },
    Rule {
        name: "epoch-milliseconds",
        what: "thirteen digits that are one",
        replacement: "<epoch-milliseconds>",
        find: |text, at| epoch(text, at, 13),
    },
    Rule { name: "hex-run", what: "sixteen or more hex digits", replacement: "<hex>", find: hex_run },
    Rule {
        name: "base64-run",
        what: "twenty or more characters of base64",
        replacement: "<base64>",
        find: base64_run,
    },
    Rule {
        name: "base64url-run",
        what: "twenty-four or more characters of base64url that are no words",
        replacement: "<base64url>",
        find: base64url_run,
    },
    Rule {
        name: "cut-word",
        what: "what is left of the last word of a text that was cut",
        replacement: "<cut>",
        find: cut_word,
    },
];

/// The text with every rule applied.
pub(super) fn normalise(text: &str) -> String {
    RULES.iter().fold(text.to_owned(), |text, rule| rule.apply(&text))
}

impl Rule {
    fn apply(&self, text: &str) -> String {
        replace_stretches(text, |text, at| Some(((self.find)(text, at)?, self.replacement)))
    }
}

/// How many bytes from `at` on are of this kind.
fn run(text: &str, at: usize, is: impl Fn(u8) -> bool) -> usize {
    text.as_bytes()[at..].iter().take_while(|byte| is(**byte)).count()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_base64url(byte: u8) -> bool {
    is_word(byte) || byte == b'-'
}

/// Whether no character of this kind stands right before `at`.
fn begins(text: &str, at: usize, is: impl Fn(u8) -> bool) -> bool {
    at == 0 || !is(text.as_bytes()[at - 1])
}

/// Whether no character of a word stands at `at`.
fn ends(text: &str, at: usize) -> bool {
    text.as_bytes().get(at).is_none_or(|byte| !is_word(*byte))
}

/// Matches a picture: `9` is a digit, `h` a hex digit, `A` a letter, everything else itself. The end of the match.
fn picture(text: &str, at: usize, picture: &str) -> Option<usize> {
    let stretch = text.as_bytes().get(at..at + picture.len())?;
    let fits = |(byte, sign): (&u8, u8)| match sign {
        b'9' => byte.is_ascii_digit(),
        b'h' => byte.is_ascii_hexdigit(),
        b'A' => byte.is_ascii_alphabetic(),
        sign => *byte == sign,
    };
    stretch.iter().zip(picture.bytes()).all(fits).then_some(at + picture.len())
}

/// A token: three segments of base64url, the first of which begins a JSON object.
fn jws(text: &str, at: usize) -> Option<Range<usize>> {
    if !text[at..].starts_with("eyJ") || !begins(text, at, is_base64url) {
        return None;
    }
    let header = at + run(text, at, is_base64url);
    let claims = picture(text, header, ".")?;
    let claims = claims + run(text, claims, is_base64url);
    let signature = picture(text, claims, ".")?;
    // As the redactor leaves it, or as the target has it.
    let redacted = "[signature redacted]";
    let length = if text[signature..].starts_with(redacted) {
        redacted.len()
    } else {
        run(text, signature, is_base64url)
    };
    Some(at..signature + length)
}

fn uuid(text: &str, at: usize) -> Option<Range<usize>> {
    let end = picture(text, at, "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh")?;
    (begins(text, at, is_word) && ends(text, end)).then_some(at..end)
}

/// An identifier of the harness, which is the `jti` of an ID-JAG and names a canary address: sixteen hex digits of the
/// run, and the number of the exchange in it.
fn harness_id(text: &str, at: usize) -> Option<Range<usize>> {
    let number = picture(text, at, "hhhhhhhhhhhhhhhh-9")?;
    let end = number + run(text, number, |byte| byte.is_ascii_digit());
    (begins(text, at, is_word) && ends(text, end)).then_some(at..end)
}

/// RFC 3339, also with a space for the `T` and without an offset.
fn iso_date_time(text: &str, at: usize) -> Option<Range<usize>> {
    if !begins(text, at, is_word) {
        return None;
    }
    let day = picture(text, at, "9999-99-99")?;
    let time = ["T", "t", " "].into_iter().find_map(|gap| picture(text, day, gap))?;
    let mut end = picture(text, time, "99:99:99")?;
    if let Some(fraction) = picture(text, end, ".9") {
        end = fraction + run(text, fraction, |byte| byte.is_ascii_digit());
    }
    let offset =
        ["Z", "z", "+99:99", "-99:99", "+9999"].into_iter().find_map(|form| picture(text, end, form));
    Some(at..offset.unwrap_or(end))
}

/// RFC 9110 section 5.6.7, the preferred form.
fn http_date(text: &str, at: usize) -> Option<Range<usize>> {
    Some(at..picture(text, at, "AAA, 99 AAA 9999 99:99:99 GMT")?)
}

/// A point in time as seconds (ten digits: the years 2001 to 2286) or milliseconds, with or without a fraction.
fn epoch(text: &str, at: usize, digits: usize) -> Option<Range<usize>> {
    if !matches!(text.as_bytes()[at], b'1' | b'2')
        || !begins(text, at, |b| is_word(b) || b == b'.' || b == b'-')
    {
        return None;
    }
    let mut end = at + digits;
    if run(text, at, |byte| byte.is_ascii_digit()) != digits {
        return None;
    }
    if let Some(fraction) = picture(text, end, ".9") {
        end = fraction + run(text, fraction, |byte| byte.is_ascii_digit());
    }
    ends(text, end).then_some(at..end)
}

/// At least sixteen hex digits, with a digit among them.
fn hex_run(text: &str, at: usize) -> Option<Range<usize>> {
    if !begins(text, at, is_word) {
        return None;
    }
    let length = run(text, at, |byte| byte.is_ascii_hexdigit());
    let has_digit = text.as_bytes()[at..at + length].iter().any(u8::is_ascii_digit);
    (length >= 16 && has_digit && ends(text, at + length)).then_some(at..at + length)
}

/// Standard base64: told from base64url by a `+`, or padding, and from a path by the lack of words.
fn base64_run(text: &str, at: usize) -> Option<Range<usize>> {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    if !begins(text, at, |byte| is_base64(byte) || is_base64url(byte)) {
        return None;
    }
    let length = run(text, at, is_base64);
    let padding = run(text, at + length, |byte| byte == b'=');
    let stretch = &text[at..at + length];
    let told = stretch.contains('+') || padding > 0;
    (length >= 20 && told && is_random(stretch)).then_some(at..at + length + padding)
}

/// At least 24 characters of base64url that are no words.
fn base64url_run(text: &str, at: usize) -> Option<Range<usize>> {
    if !begins(text, at, is_base64url) {
        return None;
    }
    let length = run(text, at, is_base64url);
    (length >= 24 && is_random(&text[at..at + length])).then_some(at..at + length)
}

/// What is left of the last word where a long text was cut: the other rules know whole tokens and numbers only.
fn cut_word(text: &str, at: usize) -> Option<Range<usize>> {
    let is_part = |byte: u8| is_base64url(byte) || b".~+/=:%".contains(&byte);
    let end = at + run(text, at, is_part);
    (end > at && begins(text, at, is_part) && text[end..].starts_with('…')).then_some(at..end)
}

/// Whether capitals, small letters and digits alternate as they do by chance. In random base64 six of ten
/// neighbours differ in kind; in names such as `authorization_response_iss_parameter_supported` or
/// `introspectionEndpointAuthMethods` fewer than one of four.
fn is_random(stretch: &str) -> bool {
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => Some('a'),
        b'A'..=b'Z' => Some('A'),
        b'0'..=b'9' => Some('0'),
        _ => None,
    };
    let kinds: Vec<char> = stretch.bytes().filter_map(kind).collect();
    let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    changes * 4 > kinds.len()
}

/// The port of a loopback address: the harness's own, or that of a target started for the test.
fn loopback_port(text: &str, at: usize) -> Option<Range<usize>> {
    let host =
        ["127.0.0.1:", "localhost:", "[::1]:"].into_iter().find(|host| text[at..].starts_with(host))?;
    let start = at + host.len();
    let digits = run(text, start, |byte| byte.is_ascii_digit());
    ((1..=5).contains(&digits) && begins(text, at, is_word)).then_some(start..start + digits)
}

/// A measured time: in milliseconds or less, or in a fraction of seconds. Whole seconds stay, as they are settings
/// (a lifetime, a tolerance) and not measurements.
fn duration(text: &str, at: usize) -> Option<Range<usize>> {
    if !begins(text, at, |byte| is_word(byte) || byte == b'.') {
        return None;
    }
    let whole = run(text, at, |byte| byte.is_ascii_digit());
    if whole == 0 {
        return None;
    }
    let mut end = at + whole;
    let mut units: &[&str] = &["ms", "milliseconds", "millisecond", "µs", "us", "ns"];
    if let Some(fraction) = picture(text, end, ".9") {
        end = fraction + run(text, fraction, |byte| byte.is_ascii_digit());
        units = &["ms", "milliseconds", "µs", "us", "ns", "s", "seconds"];
    }
    end += usize::from(text[end..].starts_with(' '));
    let after = |unit: &&str| text[end..].starts_with(*unit) && ends(text, end + unit.len());
    units.iter().find(|unit| after(unit)).map(|unit| at..end + unit.len())
}
