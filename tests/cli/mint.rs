//! `jagspec mint`: one ID-JAG, and nothing else, on standard output.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64URL};
use serde_json::{Value, json};

use crate::{Program, program::Finished};

fn mint(arguments: &[&str]) -> Program {
    Program::new(["mint", "--target", "https://as.example/", "--client-id", "ci"]).with(arguments)
}

/// The token and its decoded header and claims; nothing else is said on standard output.
#[track_caller]
fn minted(arguments: &[&str]) -> (Finished, Vec<Value>) {
    let finished = mint(arguments).run();
    finished.says(0, &[]);
    let token = finished.stdout.strip_suffix('\n').unwrap();
    assert!(!token.contains(char::is_whitespace), "{token}");
    let parts: Vec<&str> = token.split('.').collect();
    let decoded =
        parts[..2].iter().map(|part| serde_json::from_slice(&B64URL.decode(part).unwrap()).unwrap());
    let decoded = decoded.collect();
    (finished, decoded)
}

#[test]
fn a_good_one_has_what_the_options_of_a_run_give_it() {
    let (finished, parts) =
        minted(&["--scope", "a b", "--resource", "https://api.example", "--subject", "alice"]);
    assert_eq!(finished.stderr, "");
    let [header, claims] = &parts[..] else { panic!() };
    assert_eq!(header["typ"], "oauth-id-jag+jwt");
    assert_eq!(header["alg"], "RS256");
    for (name, value) in [
        ("iss", "http://127.0.0.1:9555"),
        // Byte for byte.
        ("aud", "https://as.example/"),
        ("sub", "alice"),
        ("client_id", "ci"),
        ("scope", "a b"),
        ("resource", "https://api.example"),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
}

#[test]
fn options_come_from_flags_environment_and_config_file() {
    let program = Program::new([
        "mint",
        "--client-id",
        "ci",
        "--claim",
        "aud=[\"x\"]",
        "--claim",
        "email=\"a@b\"",
    ])
    .variable("JAGSPEC_TARGET", "https://env.example")
    .variable("JAGSPEC_SUBJECT", "of-the-environment")
    .file(
        "jagspec.yaml",
        "target: https://file.example\nclient-id: of-the-file\nscope: of.the.file\nidp-alg: ES256\njobs: 3\n\
             idp-issuer: https://idp.example\n",
    );
    let finished = program.run();
    finished.says(0, &[]);
    let parts: Vec<&str> = finished.stdout.split('.').collect();
    let claims: Value = serde_json::from_slice(&B64URL.decode(parts[1]).unwrap()).unwrap();
    assert_eq!(claims["aud"], json!(["x"]));
    assert_eq!(
        (claims["sub"].as_str(), claims["scope"].as_str()),
        (Some("of-the-environment"), Some("of.the.file"))
    );
    assert_eq!((claims["email"].as_str(), claims["client_id"].as_str()), (Some("a@b"), Some("ci")));
    assert_eq!(claims["iss"], "https://idp.example");
    let header = String::from_utf8(B64URL.decode(parts[0]).unwrap()).unwrap();
    assert!(header.contains("\"ES256\""), "{header}");
}

#[test]
fn the_issuer_is_the_one_that_a_run_has() {
    let issuer = |arguments: &[&str]| minted(arguments).1[1]["iss"].clone();
    assert_eq!(issuer(&["--idp-listen", "0.0.0.0:9444"]), "http://127.0.0.1:9444");
    assert_eq!(issuer(&["--idp-listen", "localhost:9444"]), "http://localhost:9444");
    assert_eq!(issuer(&["--idp-listen", "127.0.0.1:9444", "--idp-tls-cert", "c"]), "https://127.0.0.1:9444");
    assert_eq!(issuer(&["--idp-issuer", "https://idp.example/x/"]), "https://idp.example/x/");
    mint(&["--idp-listen", "127.0.0.1:0"])
        .run()
        .refuses(&["on a free port is not known; give --idp-issuer URL"]);
    mint(&["--idp-listen", "9555"]).run().refuses(&["`9555` is not an address to listen on"]);
    mint(&["--idp-issuer", "idp.example"]).run().refuses(&["`idp.example` cannot be the issuer identifier"]);
}

#[test]
fn a_case_gives_its_defect_and_its_claims_win() {
    let (finished, parts) = minted(&["--case", "audience::second-audience/other-last"]);
    assert_eq!(parts[1]["aud"], json!(["https://as.example/", "https://authorization.server.example"]));
    assert_eq!(finished.stderr, "");
    let (_, parts) = minted(&[
        "--case",
        "audience::second-audience/other-last",
        "--claim",
        "aud=\"mine\"",
        "--claim",
        "x=1",
    ]);
    assert_eq!(parts[1]["aud"][1], "https://authorization.server.example");
    assert_eq!(parts[1]["x"], 1);
    let (_, parts) = minted(&["--change", "{ header: { typ: JWT } }", "--change", "remove_claims: [jti]"]);
    assert_eq!(parts[0]["typ"], "JWT");
    assert_eq!(parts[1].get("jti"), None);
    // A house's own suite.
    let suite = "suite: house\ntitle: House\ncases:\n  - case: plain\n    title: It is refused\n    level: MUST\n    \
                 requirements: [IDJAG-4.4.1-aud-eq]\n    row: jwt-bearer.invalid-grant.aud\n    \
                 id_jag: { claims: { aud: \"${target.issuer|without_slash}/x\" } }\n    expect: { refused: invalid_grant }\n";
    let program = mint(&["--suite", "house.yaml", "--case", "house::plain"]).file("house.yaml", suite);
    let finished = program.run();
    let claims = B64URL.decode(finished.stdout.split('.').nth(1).unwrap()).unwrap();
    assert!(String::from_utf8(claims).unwrap().contains("\"https://as.example/x\""));
}

#[test]
fn what_the_token_does_not_show_of_a_case_is_said() {
    for (arguments, notes) in [
        (
            &["--case", "token-request::json-body"][..],
            &[
                "note: the ID-JAG of this case is the well-formed one",
                "note: the case changes the token request: ",
            ][..],
        ),
        (
            &["--case", "replay::same-jti"],
            &["note: this is the ID-JAG of token request 1 of 2; --step N gives another"],
        ),
        (
            &["--case", "replay::second-use", "--step", "2"],
            &[
                "of token request 2 of 2",
                "sends the very ID-JAG of the request before once more; this is a new one",
            ],
        ),
        (
            &["--case", "signature::added-key"],
            &["note: before this request of the case: the IdP publishes a further key"],
        ),
    ] {
        let finished = mint(arguments).run();
        finished.says(0, notes);
        assert_eq!(finished.stdout.lines().count(), 1);
        assert!(notes.iter().all(|note| !finished.stdout.contains(note)));
    }
    let (_, parts) = minted(&["--case", "replay::same-jti", "--step", "2", "--case-jti", "shared"]);
    assert_eq!(parts[1]["jti"], "shared");
}

#[test]
fn a_key_of_ones_own_decides_the_algorithm() {
    let key = format!("{}/fixtures/keys/published-ed25519.pem", env!("CARGO_MANIFEST_DIR"));
    let (_, parts) = minted(&["--idp-key", &key]);
    assert_eq!(parts[0]["alg"], "EdDSA");
    let (finished, _) = minted(&["--idp-key", &key, "--case", "issuer::other-trusted-issuer"]);
    finished.says(0, &["note: with --idp-key the key of the other issuer that signs this was made just now"]);
    mint(&["--idp-key", &key, "--idp-alg", "ES256"]).run().refuses(&["no key that makes ES256 signatures"]);
}

#[test]
fn a_wrong_call_names_the_mend() {
    let near = "did you mean `audience::second-audience/other-last`?";
    for (arguments, words) in [
        (&["--case", "audience::second-audience/other-lst"][..], near),
        (
            &["--case", "audience::second-audience"],
            "it has several values: audience::second-audience/other-last, /",
        ),
        (&["--case", "nothing"], "no case is named `nothing`"),
        (&["--case", "discovery::metadata-found"], "sends no ID-JAG"),
        (&["--case", "replay::second-use", "--step", "3"], "has 2 token requests; give 1 to 2"),
        (&["--case", "audience::other-server", "--step", "0"], "has one token request; give 1"),
        (&["--step", "1"], "--case"),
        (&["--change", "{ compac: [] }"], "did you mean `compact`?"),
        (&["--change", "{ claims: { a: 1 }, remove_claims: [a] }"], "the claim `a` is removed and set"),
        (&["--change", "{ claims: { a: \"${nwo}\" } }"], "--> --change:1:"),
        (&["--change", "{ claims: { a: \"${resource}\" } }"], "it is the resource of `--resource`"),
        (&["--case", "audience::token-endpoint"], "give --token-endpoint URL"),
        (&["--claim", "aud=x"], "the value of `aud` is no JSON"),
        (&["--suite", "absent.yaml", "--case", "a::b"], "absent.yaml"),
    ] {
        mint(arguments).run().refuses(&[words]);
    }
    Program::new(["mint"]).run().refuses(&["--target: the ID-JAG needs an `aud`"]);
    Program::new(["mint", "--target", "https://as.example"])
        .run()
        .refuses(&["--client-id: the ID-JAG needs"]);
    Program::new(["mint", "--target", "as.example"]).run().refuses(&["has no scheme"]);
    mint(&["--case", "audience::token-endpoint", "--token-endpoint", "https://as.example/t"])
        .run()
        .says(0, &[]);
}
