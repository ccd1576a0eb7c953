//! The commands beside the run.

use std::fs;

use jagspec::suite::{load, registry::Registry};
use serde_json::Value;

use crate::Program;

fn root(path: &str) -> String {
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
fn output(arguments: &[&str]) -> String {
    let finished = Program::new(arguments).run();
    finished.says(0, &[]);
    assert_eq!(finished.stderr, "");
    finished.stdout
}

#[test]
fn every_help_has_an_example_and_the_exit_statuses() {
    for command in [
        &[][..],
        &["list"],
        &["explain"],
        &["check"],
        &["schema"],
        &["doctor"],
        &["idp"],
        &["idp", "serve"],
        &["idp", "export"],
        &["idp", "key"],
        &["idp", "cert"],
        &["mint"],
        &["decode"],
        &["playground"],
    ] {
        let help = output(&[command, &["--help"]].concat());
        let example = format!("  jagspec {}", command.join(" "));
        assert!(help.contains(example.trim_end()) && help.contains("Example"), "{help}");
        assert!(help.contains("Exit status: 0 "), "{help}");
    }
}

#[test]
fn the_examples_of_the_help_are_right() {
    for command in ["list", "explain", "check", "schema"] {
        let help = output(&[command, "--help"]);
        let examples = help.lines().filter_map(|line| line.strip_prefix(&format!("  jagspec {command}")));
        let mut count = 0;
        for example in examples.filter(|example| !example.contains(['*', '>'])) {
            let arguments: Vec<&str> = example.split_whitespace().collect();
            output(&[&[command][..], &arguments].concat());
            count += 1;
        }
        assert!(count > 0 || command == "check", "{help}");
    }
}

#[test]
fn list_shows_every_case_as_text_and_as_json() {
    let suites = load::shipped_suites(&Registry::embedded().unwrap()).unwrap();
    let count = suites.iter().map(|suite| suite.cases.len()).sum::<usize>();
    let text = output(&["list"]);
    assert!(text.ends_with(&format!("{count} cases\n")), "{text}");
    let json: Value = serde_json::from_str(&output(&["list", "--format", "json"])).unwrap();
    let cases = json["cases"].as_array().unwrap();
    assert_eq!(cases.len(), count);
    for key in ["name", "level", "requirements", "row", "title"] {
        assert!(cases.iter().all(|case| !case[key].is_null()), "{key}");
    }
    assert!(cases.iter().all(|case| text.contains(case["name"].as_str().unwrap())));
    let some: Value = serde_json::from_str(&output(&["list", "--format", "json", "audience"])).unwrap();
    assert!((2..count).contains(&some["cases"].as_array().unwrap().len()));
    // The levels are those of the profile.
    assert_ne!(text, output(&["list", "--profile", "draft-next"]));
}

#[test]
fn list_shows_which_requirement_has_which_case() {
    let text = output(&["list", "--coverage"]);
    assert!(text.contains("IDJAG-4.4.1-aud-eq: ") && text.contains("without a case: "), "{text}");
    let json: Value = serde_json::from_str(&output(&["list", "--coverage", "--format", "json"])).unwrap();
    assert!(json["coverage"].as_array().unwrap().iter().any(|entry| !entry["cases"][0].is_null()));
}

#[test]
fn explain_explains_everything_that_has_a_name() {
    let registry = Registry::embedded().unwrap();
    let attack = registry.attacks.first().unwrap().id.clone();
    for (id, words) in [
        ("jwt-bearer.invalid-grant.aud", &["Cause", "Check", "Fix", "Cases", "Sources"][..]),
        ("audience::other-server", &["Level", "Control", "Steps", "Requirements", "suites/audience.yaml:"]),
        ("audience::second-audience", &["All values", "audience::second-audience/other-last"]),
        ("IDJAG-4.4.1-aud-eq", &["Source", "section", "Cases"]),
        (attack.as_str(), &["A conforming server"]),
        ("audience", &["audience::other-server"]),
    ] {
        let text = output(&["explain", id]);
        for word in words {
            assert!(text.contains(word), "`{word}` is not in:\n{text}");
        }
    }
    Program::new(["explain", "nothing-like-it"]).run().refuses(&["`nothing-like-it` is no row, case"]);
}

#[test]
fn check_finds_every_mistake_in_every_file() {
    let good = [root("suites"), root("fixtures/suites/example.yaml")];
    Program::new(["check"]).with(&good[..1]).run().says(0, &["no mistake"]);
    let program = Program::new(["check", "one.yaml", "two.yaml", "jagspec.yaml", "absent.yaml"])
        .file("one.yaml", "suite: one\ntitel: One\ncases: []\n")
        .file("two.yaml", "suite: two\ntitle: Two\ncases:\n  - case: a\n    levl: MUST\n")
        .file("jagspec.yaml", "suite: [one.yaml]\ntimeot: 3\n");
    let places = ["one.yaml:2:1", "two.yaml:5:5", "jagspec.yaml:2:1", "cannot read `absent.yaml`"];
    program.run().refuses(&places);
    // A config file may name suites.
    let config = Program::new(["check", "jagspec.yaml"]).file("jagspec.yaml", "suite: [a.yaml]\njobs: 3\n");
    config.run().says(0, &["1 file has no mistake"]);
}

#[test]
fn the_schema_is_the_one_that_is_checked_in() {
    for (arguments, file) in
        [(&["schema"][..], "suite"), (&["schema", "suite"], "suite"), (&["schema", "baseline"], "baseline")]
    {
        let checked_in = fs::read_to_string(root(&format!("schemas/{file}.schema.json"))).unwrap();
        assert_eq!(output(arguments), checked_in);
    }
    Program::new(["schema", "basline"]).run().refuses(&["invalid value 'basline'", "suite, baseline"]);
}

#[test]
fn the_faults_are_listed_with_their_rows() {
    let text = output(&["playground", "--list-faults"]);
    assert!(text.contains("aud-not-checked\n"), "{text}");
    assert!(text.contains("row jwt-bearer.invalid-grant.aud"), "{text}");
    let count = text.lines().filter(|line| line.starts_with("    row ")).count();
    assert!(text.ends_with(&format!("{count} faults\n")), "{text}");
}

#[test]
fn idp_export_writes_what_the_idp_serves() {
    let program = Program::new(["idp", "export", "public", "--idp-issuer", "https://idp.example/idp"]);
    program.run().says(0, &["files for https://idp.example/idp", "public/jwks"]);
    let metadata: Value =
        serde_json::from_str(&program.read("public/.well-known/openid-configuration")).unwrap();
    assert_eq!(metadata["issuer"], "https://idp.example/idp");
    assert_eq!(metadata["jwks_uri"], "https://idp.example/idp/jwks");
    let jwks: Value = serde_json::from_str(&program.read("public/jwks")).unwrap();
    assert!(jwks["keys"].as_array().unwrap().iter().all(|key| key["d"].is_null() && key["kid"].is_string()));
    let blocked =
        Program::new(["idp", "export", "file/x", "--idp-issuer", "https://idp.example"]).file("file", "");
    blocked.run().refuses(&["cannot write", "choose a folder"]);
}

#[cfg(unix)]
#[test]
fn idp_key_makes_keys_once_and_for_the_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let program = Program::new(["idp", "key"]);
    let state = program.folder.path("state");
    let program = program.variable("XDG_STATE_HOME", &state);
    let first = program.run();
    first.says(0, &["RS256", "Ed25519", "\"kid\""]);
    let key = state.join("jagspec/keys/published-rs256.pem");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!first.stdout.contains("PRIVATE"), "{}", first.stdout);
    assert_eq!(program.run().stdout, first.stdout, "a target keeps trusting them");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    program.run().says(0, &["warning: ", "chmod 600"]);
    fs::write(&key, "damaged").unwrap();
    program.run().refuses(&["published-rs256.pem", "delete it, and the next run makes another"]);
}

#[test]
fn idp_key_makes_nothing_where_it_may_not() {
    let program = Program::new(["idp", "key"]).file("state", "a file");
    let state = program.folder.path("state");
    program.variable("XDG_STATE_HOME", state).run().refuses(&["XDG_STATE_HOME", "--idp-key"]);
}

#[test]
fn idp_cert_makes_what_the_idp_takes() {
    let program = Program::new(["idp", "cert", "certs", "--host", "idp.test"]);
    program.run().says(0, &["certs/ca.pem", "--idp-tls-cert certs/cert.pem --idp-tls-key certs/key.pem"]);
    program.run().refuses(&["`certs/ca.pem` is there already", "--overwrite"]);
    let serve = ["idp", "serve", "--idp-listen", "127.0.0.1:0", "--idp-tls-cert", "--idp-tls-key"];
    let [command, verb, listen, address, cert, key] = serve;
    let (certificate, private) =
        (program.folder.path("certs/cert.pem"), program.folder.path("certs/key.pem"));
    let mut serving = Program::new([command, verb, listen, address])
        .with([cert.as_ref(), certificate.as_os_str(), key.as_ref(), private.as_os_str()])
        .start();
    assert!(serving.value("issuer").starts_with("https://127.0.0.1:"));
    program.with(["--overwrite"]).run().says(0, &[]);
    Program::new(["idp", "cert", "d", "--host", "no host"]).run().refuses(&["no host"]);
}

#[cfg(unix)]
#[test]
fn what_serves_ends_when_it_is_interrupted() {
    for command in
        [&["playground", "--listen", "127.0.0.1:0"][..], &["idp", "serve", "--idp-listen", "127.0.0.1:0"]]
    {
        let mut serving = Program::new(command).start();
        assert!(serving.value("issuer").starts_with("http://127.0.0.1:"));
        serving.interrupt();
        serving.finish().says(0, &["Ctrl-C"]);
    }
}
