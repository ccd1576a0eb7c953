//! An example for each rule, and what it leaves alone.

use super::*;

/// Name of the rule, a text in which it applies, what it makes of it, and texts that it leaves alone.
const EXAMPLES: [(&str, &str, &str, &[&str]); 13] = [
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
        "harness-id",
        "a request for /canary/6f1b0c1e9a3e4c58-537/keys, jti 6f1b0c1e9a3e4c58-1",
        "a request for /canary/<id>/keys, jti <id>",
        &["6f1b0c1e9a3e4c58", "x6f1b0c1e9a3e4c58-537", "6f1b0c1e-537"],
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
    (
        "cut-word",
        "not valid (trace 6f1b0c1e-9a…), `eyJhbGciOiJ…` and <uuid>…",
        "not valid (trace <cut>…), `<cut>…` and <uuid>…",
        &["the whole text", "… and 3 more"],
    ),
];

#[test]
fn every_rule_takes_what_it_should_and_leaves_the_rest() {
    let named: Vec<_> = EXAMPLES.iter().map(|example| example.0).collect();
    assert_eq!(named, RULES.iter().map(|rule| rule.name).collect::<Vec<_>>(), "one example for each rule");
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
