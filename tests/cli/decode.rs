//! `jagspec decode`: what it is given, and how it shows it.

use std::fs;

use serde_json::Value;

use crate::{Program, program::state_folder};

const MINT: [&str; 5] = ["mint", "--target", "https://as.example", "--client-id", "ci"];

fn token(arguments: &[&str]) -> String {
    let finished = Program::new(MINT).with(arguments).run();
    finished.says(0, &[]);
    finished.stdout
}

#[test]
fn a_token_is_taken_as_an_argument_or_from_standard_input() {
    let token = token(&[]);
    let shown =
        ["An ID-JAG · nothing in it looks wrong", "aud \"https://as.example\"", "UTC, good for another"];
    let verifies = "✓ verifies with the published key of this machine's IdP, which `kid` names";
    let by_input = Program::new(["decode"]).input(token.as_str()).run();
    by_input.says(0, &shown).says(0, &[verifies]);
    assert_eq!(by_input.stderr, "");
    Program::new(["decode", token.trim_end()]).run().says(0, &shown);
    Program::new(["decode", "-"]).input(token.replace('\n', "\r\n")).run().says(0, &shown);
    let signature = token.trim_end().rsplit('.').next().unwrap();
    assert!(!by_input.stdout.contains(&signature[..12]) && by_input.stdout.contains(&signature[..8]));
}

#[test]
fn json_is_for_programs() {
    let token = token(&["--case", "audience::second-audience/other-last"]);
    let finished = Program::new(["decode", "--format", "json"]).input(token.as_str()).run();
    finished.says(0, &[]);
    let decoded: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(decoded["kind"], "id-jag");
    assert_eq!(decoded["signature"]["verifies"], true);
    let aud = decoded["claims"]["members"]
        .as_array()
        .unwrap()
        .iter()
        .find(|member| member["name"] == "aud")
        .unwrap();
    assert_eq!(aud["value"][1], "https://authorization.server.example");
    assert!(aud["problems"][0].as_str().unwrap().starts_with("2 audiences"), "{aud}");
    let signature = token.trim_end().rsplit('.').next().unwrap();
    assert!(!finished.stdout.contains(&signature[..12]));
}

#[test]
fn keys_come_from_a_file_or_from_this_machine_and_none_are_made() {
    let token = token(&["--idp-alg", "ES256"]);
    let empty = Program::new(["decode"]).input(token.as_str());
    let empty_state = empty.folder.path("state");
    let decode = empty.variable("XDG_STATE_HOME", &empty_state);
    // The state folder of these tests is made of the public test keys.
    decode.run().says(0, &["✓ verifies with the published key of the public test keys, which `kid` names"]);
    assert!(!empty_state.exists(), "keys are made");

    let jwks = Program::new(["idp", "key"]).run().stdout;
    let jwks = jwks.split_once("public keys:\n").unwrap().1;
    let program =
        Program::new(["decode", "--jwks", "jwks.json"]).input(token.as_str()).file("jwks.json", jwks);
    program.run().says(0, &["✓ verifies with a key of jwks.json, which `kid` names"]);

    let key = state_folder().join("jagspec/keys/published-es384.pem");
    let other = Program::new(["decode", "--idp-key", key.to_str().unwrap()]).input(token.as_str()).run();
    other.says(0, &["– not checked: none of the 1 keys at hand has this `kid`, or verifies it"]);
    for (file, words) in [
        ("{}", "holds no public key"),
        ("{\"keys\":[]}", "holds no public key"),
        ("nope", "jwks.json is no JSON"),
    ] {
        let program =
            Program::new(["decode", "--jwks", "jwks.json"]).input(token.as_str()).file("jwks.json", file);
        program.run().refuses(&["--jwks", words]);
    }
    Program::new(["decode", "--jwks", "absent.json"])
        .input(token.as_str())
        .run()
        .refuses(&["cannot read `absent.json`"]);
}

#[test]
fn a_hostile_token_reaches_the_terminal_harmless() {
    let token =
        token(&["--change", "{ claims: { sub: \"\\e]0;x\\a\\e[31mred\\u202e\", \"\\e[2J\": \"a   b\" } }"]);
    for format in ["text", "json"] {
        let finished = Program::new(["decode", "--format", format]).input(token.as_str()).run();
        finished.says(0, &[]);
        let unsafe_one = finished.stdout.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(unsafe_one, None, "{format}: {:?}", finished.stdout);
    }
    let finished = Program::new(["decode"]).input(token.as_str()).run();
    assert!(finished.stdout.contains(r#""a \x20 b""#), "{}", finished.stdout);
}

#[test]
fn what_is_no_token_is_said() {
    let refused = |input: Vec<u8>, words: &str| Program::new(["decode"]).input(input).run().refuses(&[words]);
    refused(Vec::new(), "there is no token: it is empty");
    refused(b"opaque\n".to_vec(), "there is no dot in it");
    refused(b"a\xffb".to_vec(), "standard input is no text: byte 2 is no UTF-8");
    refused(vec![b'.'; 1024 * 1024 + 1], "more than 1 MiB");
    Program::new(["decode", "a.b", "--format", "xml"]).run().refuses(&["invalid value 'xml'"]);
    // A malformed one is shown all the same.
    Program::new(["decode", "a.b=.c"]).run().says(0, &["the payload (segment 2): ", "byte 4"]);
    assert!(fs::read_dir(state_folder()).is_ok());
}
