//! What differs from run to run in a server's own words, replaced by a word that does not: a list of named rules,
//! applied in this order, each with a test. A rule takes out as little as it can: what a snapshot no longer shows,
//! its reader can no longer see change.

use std::ops::Range;

use super::text::replace_stretches;

/// A rule.
pub(super) struct Rule {
    /// Its name, in kebab case.
    pub(super) name: &'static str,
    /// What stands in place of a match.
    pub(super) replacement: &'static str,
    /// The stretch that it matches, if one begins at this place.
    find: fn(&str, usize) -> Option<Range<usize>>,
}

/// The rules. A token comes before the runs of which it is made; a date before the numbers in it; a UUID before the
/// runs of hex digits.
pub(super) const RULES: [Rule; 11] = [
    Rule { name: "jws", replacement: "<jws>", find: jws },
    Rule { name: "uuid", replacement: "<uuid>", find: uuid },
    Rule { name: "iso-date-time", replacement: "<date-time>", find: iso_date_time },
    Rule { name: "http-date", replacement: "<http-date>", find: http_date },
    Rule { name: "loopback-port", replacement: "PORT", find: loopback_port },
    Rule { name: "duration", replacement: "<duration>", find: duration },
    Rule { name: "epoch-seconds", replacement: "<epoch-seconds>", find: |text, at| epoch(text, at, 10) },
    Rule {
        name: "epoch-milliseconds",
        replacement: "<epoch-milliseconds>",
        find: |text, at| epoch(text, at, 13),
    },
    Rule { name: "hex-run", replacement: "<hex>", find: hex_run },
    Rule { name: "base64-run", replacement: "<base64>", find: base64_run },
    Rule { name: "base64url-run", replacement: "<base64url>", find: base64url_run },
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Name of the rule, a text in which it applies, what it makes of it, and texts that it leaves alone.
    const EXAMPLES: [(&str, &str, &str, &[&str]); 11] = [
        (
            "jws",
            "token eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2ln refused, eyJhIjoxfQ.eyJhIjoxfQ.[signature redacted]",
            "token <jws> refused, <jws>",
            &["eyJhbGciOiJub25lIn0", "key.value.more"],
        ),
        (
            "uuid",
            "trace (6f1b0c1e-9a3e-4c58-8f37-0a1b2c3d4e5f)",
            "trace (<uuid>)",
            &["x6f1b0c1e-9a3e-4c58-8f37-0a1b2c3d4e5f", "6f1b0c1e-9a3e"],
        ),
        (
            "iso-date-time",
            "at 2026-11-24T22:40:00.123Z and 2026-11-24 22:40:00+01:00",
            "at <date-time> and <date-time>",
            &["2026-11-24", "draft-2026-11-24T"],
        ),
        ("http-date", "Date: Tue, 24 Nov 2026 22:40:00 GMT", "Date: <http-date>", &["Tue, 24 Nov"]),
        (
            "loopback-port",
            "http://127.0.0.1:43210/a http://localhost:80 [::1]:1",
            "http://127.0.0.1:PORT/a http://localhost:PORT [::1]:PORT",
            &["https://as.example:8443", "notlocalhost:80", "localhost:port"],
        ),
        (
            "duration",
            "took 12 ms, 1.25s, 3.5 seconds, 80µs",
            "took <duration>, <duration>, <duration>, <duration>",
            &["within 300 s of skew", "12 msgs", "v1.2 sets"],
        ),
        (
            "epoch-seconds",
            "exp 1764022800 < 1764022801.25",
            "exp <epoch-seconds> < <epoch-seconds>",
            &["3600", "99999999999", "x1764022800", "9223372036854775807"],
        ),
        ("epoch-milliseconds", "1764022800123", "<epoch-milliseconds>", &["1764022800", "17640228001234"]),
        (
            "hex-run",
            "request 9f86d081884c7d659a2feaa0 failed",
            "request <hex> failed",
            &["9f86d081884c7d6", "deadbeefdeadbeefdeadbeefg"],
        ),
        (
            "base64-run",
            "id q83vEjRWeJCrze8SNFZ4kKs+AQ== and q83vEjRWeJCrze8SNFZ4+KsA",
            "id <base64> and <base64>",
            &["/oauth2/authorization/server/metadata", "a+b=c"],
        ),
        (
            "base64url-run",
            "jti Zm9vYmFyLWJhei1xdXV4_9sT0a is known",
            "jti <base64url> is known",
            &[
                "authorization_response_iss_parameter_supported",
                "introspectionEndpointAuthMethods",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "jwt-bearer-id-jag-aud-x509-a1",
                "q83vEjRWeJCrze8SNFZ4kKs",
            ],
        ),
    ];

    #[test]
    fn every_rule_takes_what_it_should_and_leaves_the_rest() {
        let named: Vec<_> = EXAMPLES.iter().map(|example| example.0).collect();
        assert_eq!(
            named,
            RULES.iter().map(|rule| rule.name).collect::<Vec<_>>(),
            "one example for each rule"
        );
        for ((name, text, expected, alone), rule) in EXAMPLES.iter().zip(&RULES) {
            assert_eq!(rule.apply(text), *expected, "{name}");
            for text in *alone {
                assert_eq!(rule.apply(text), *text, "{name}");
            }
        }
    }

    #[test]
    fn normalising_twice_changes_nothing_more() {
        for (_, text, _, alone) in EXAMPLES {
            for text in alone.iter().chain([&text]) {
                let once = normalise(text);
                assert_eq!(normalise(&once), once);
            }
        }
    }

    #[test]
    fn texts_in_other_scripts_are_left_alone() {
        assert_eq!(normalise("期限切れ 1764022800 です"), "期限切れ <epoch-seconds> です");
    }
}
