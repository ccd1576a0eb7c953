//! Baselines from end to end: written from a faulty server, kept, and found out of date once the server has changed.

use serde_json::Value;

use crate::{Program, Untouched, free_port, program::Started};

/// A playground, and runs against it.
struct Server {
    /// Stopped when it is dropped.
    _playground: Started,
    target: String,
    idp: String,
}

impl Server {
    fn with(faults: &[&str]) -> Self {
        let idp = format!("127.0.0.1:{}", free_port());
        let issuer = format!("http://{idp}");
        let serve = ["playground", "--listen", "127.0.0.1:0", "--idp-issuer", &issuer];
        let fault: &[&str] = if faults.is_empty() { &[] } else { &["--fault"] };
        let mut playground = Program::new(serve).with(fault).with(faults).start();
        let target = playground.value("issuer");
        Self { _playground: playground, target, idp }
    }

    /// A run of some cases with a baseline, which is the file as given, or is not there.
    fn run(&self, baseline: Option<&str>) -> Program {
        let run = ["--target", &self.target, "--client-id", "todo-app-at-todos"];
        let secret = ["--client-secret", "todo-app-secret", "--idp-listen", &self.idp, "--idp-alg", "EdDSA"];
        let program = Program::new(run).with(secret).with(["--baseline", "known.yaml"]);
        let program =
            program.with(["--report", "json=report.json", "audience", "token-response::token-type"]);
        match baseline {
            Some(text) => program.file("known.yaml", text),
            None => program,
        }
    }
}

const WRITE: [&str; 1] = ["--write-baseline"];

fn names(report: &Value, outcome: &str) -> Vec<String> {
    let cases = report["cases"].as_array().unwrap().iter();
    cases
        .filter(|case| case["outcome"] == outcome)
        .map(|case| case["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_baseline_is_written_holds_and_shrinks() {
    let faulty = Server::with(&["aud-multi-element-array"]);
    // Without a file the run fails as ever; with one that is empty too.
    faulty.run(Some("known: []\n")).run().says(1, &["exit 1: 4 failures are new"]);
    let writing = faulty.run(None).with(WRITE);
    writing
        .run()
        .says(0, &["wrote known.yaml: 4 entries, 4 added, 0 removed", "✓ PASS", "as the baseline says"]);
    let written = writing.read("known.yaml");
    let failed = names(&writing.report(), "fail");
    assert_eq!(failed.len(), 4);
    assert!(failed.iter().all(|name| written.contains(&format!("  - case: {name}\n    outcome: fail\n"))));
    Program::new(["check", "known.yaml"])
        .file("known.yaml", &written)
        .run()
        .says(0, &["1 file has no mistake"]);

    // The same server again.
    let again = faulty.run(Some(&written));
    again.run().says(0, &["KNOWN 4 cases, as known.yaml says", "4 failed (4 known)", "exit 0"]);
    let report = again.report();
    assert_eq!((&report["baseline"]["known"], &report["exit_status"]), (&Value::from(4), &Value::from(0)));
    // Writing once more changes nothing.
    let writing = faulty.run(Some(&written)).with(WRITE);
    writing.run().says(0, &["4 entries, 0 added, 0 removed"]);
    assert_eq!(writing.read("known.yaml"), written);
    let left: Vec<_> = std::fs::read_dir(writing.folder.root()).unwrap().collect();
    assert_eq!(left.len(), 2, "no other file is left: {left:?}");

    // A server with another fault beside it.
    let worse = Server::with(&["aud-multi-element-array", "token-type-n-a"]);
    let run = worse.run(Some(&written));
    run.run().says(1, &["FAILED 1 new case ✗ FAIL token-response::token-type", "exit 1: 1 failure is new"]);
    assert_eq!(run.report()["baseline"]["new"][0]["name"], "token-response::token-type");

    // The fault is mended.
    let correct = Server::with(&[]);
    let run = correct.run(Some(&written));
    let place =
        "✗ audience::second-audience/other-last (fail), known.yaml:2 the case passes: remove the entry";
    run.run().says(1, &["STALE 4 entries of the baseline", place, "4 entries of the baseline are stale"]);
    // Not all cases were run: those entries say nothing.
    let some = ["--skip", "other", "--skip", "twice-the-same"];
    correct.run(Some(&written)).with(some).run().says(1, &["exit 1: 1 entry of the baseline is stale"]);
    correct.run(Some(&written)).with(["--skip", "second-audience"]).run().says(0, &["exit 0"]);
    let writing = correct.run(Some(&written)).with(WRITE);
    writing.run().says(0, &["0 entries, 0 added, 4 removed"]);
    assert_eq!(writing.read("known.yaml"), "known: []\n");
}

#[test]
fn what_a_person_wrote_of_an_entry_stays() {
    let faulty = Server::with(&["aud-multi-element-array"]);
    let known = "# Staging, see ticket 7.\nknown:\n  - case: audience::second-audience/*\n    outcome: fail\n    \
                 comment: ticket 7\n    version: '<99'\n    expires: 2999-01-31\n  - case: lifetime::*\n    \
                 outcome: warn\n  - case: audience::other-server\n    outcome: fail\n    profile: mcp-ema\n";
    let run = faulty.run(Some(known));
    run.run()
        .says(0, &["audience::second-audience/* (fail), 4 cases: ticket 7 (until 2999-01-31)", "exit 0"]);
    let states = |report: &Value| -> Vec<String> {
        let entries = report["baseline"]["entries"].as_array().unwrap().iter();
        entries.map(|entry| entry["state"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(states(&run.report()), ["matched", "untried", "inapplicable"]);
    let writing = faulty.run(Some(known)).with(WRITE);
    writing.run().says(0, &["3 entries, 0 added, 0 removed"]);
    let written = writing.read("known.yaml");
    assert!(written.starts_with("# Staging, see ticket 7.\nknown:\n"), "{written}");
    for words in ["comment: ticket 7", "<99", "2999-01-31", "lifetime::*", "profile: mcp-ema"] {
        assert!(written.contains(words), "{words}: {written}");
    }

    // Expired: as if it were not there, and neither renewed nor hidden.
    let expired = known.replace("2999", "2020");
    let run = faulty.run(Some(&expired)).with(WRITE);
    let words = ["EXPIRED 1 entry of the baseline", "expired after 2020-01-31", "exit 1: 4 failures are new"];
    run.run().says(1, &words);
    assert!(run.read("known.yaml").contains("2020-01-31"));
}

#[test]
fn no_baseline_masks_a_target_that_cannot_be_tested() {
    let nobody = Untouched::new().url();
    let run = [
        "--target",
        &nobody,
        "--client-id",
        "ci",
        "--client-secret",
        "s3cr3t",
        "--idp-listen",
        "127.0.0.1:0",
    ];
    let known = "known:\n  - { case: 'audience::*', outcome: inconclusive }\n  - { case: 'scope::*', outcome: fail }\n";
    let program = Program::new(run).with(["audience", "--baseline", "known.yaml"]).file("known.yaml", known);
    program.run().says(3, &["exit 3: the target does not answer"]);
    let writing = program.with(WRITE);
    writing.run().says(3, &["known.yaml was not written: the target could not be tested"]);
    assert_eq!(writing.read("known.yaml"), known);
}

#[test]
fn the_embedded_playground_may_have_a_baseline_too() {
    let run = ["token-response::accepted", "--exact", "--baseline", "known.yaml"];
    let known = "known:\n  - case: token-response::accepted\n    outcome: fail\n";
    let program = Program::new(run).file("known.yaml", known);
    program.run().says(1, &["exit 1: 1 entry of the baseline is stale"]);
    // The snapshot is the one without a baseline.
    let snapshot = |baseline: &[&str]| {
        let program = Program::new(["token-response::accepted", "--exact", "--report", "snapshot=s"]);
        let program = program.with(baseline).file("known.yaml", known);
        program.run();
        program.read("s")
    };
    assert_eq!(snapshot(&["--baseline", "known.yaml"]), snapshot(&[]));
    // From the environment and the config file.
    let from = Program::new(&run[..2]).file("known.yaml", known);
    let from = from.file("jagspec.yaml", "baseline: known.yaml\nwrite-baseline: true\n");
    from.variable("JAGSPEC_WRITE_BASELINE", "false").run().says(1, &["1 entry of the baseline is stale"]);
    let none = Program::new(&run[..2]).variable("JAGSPEC_BASELINE", "");
    none.run().says(0, &["exit 0"]);
}

#[test]
fn a_wrong_baseline_is_found_before_anything_is_sent() {
    let target = Untouched::new();
    let with = |known: &str, more: &[&str]| {
        target.run().file("known.yaml", known).with(["--baseline", "known.yaml"]).with(more).run()
    };
    for (known, words) in [
        ("knwon: []\n", &["unknown key `knwon`", "--> known.yaml:1:1", "did you mean `known`?"][..]),
        ("known: [\n", &["--> known.yaml:"]),
        ("", &["the file is empty"]),
        (
            "known:\n  - case: audience::other-sever\n    outcome: fail\n",
            &[
                "no case is named `audience::other-sever`",
                "known.yaml:2:11",
                "did you mean `audience::other-server`?",
            ],
        ),
        (
            "known:\n  - case: audience::other-server\n    outcome: failed\n",
            &["unknown word `failed`", "known.yaml:3:14", "did you mean `fail`?"],
        ),
        (
            "known:\n  - { case: 'audience::*', outcome: fail }\n  - { case: 'audience::other-server', outcome: warn }\n",
            &[
                "two entries for the case `audience::other-server`",
                "contradict",
                "known.yaml:3:13",
                "first here",
            ],
        ),
    ] {
        with(known, &[]).refuses(words);
        with(known, &WRITE).refuses(words);
    }
    let run = |arguments: &[&str]| target.run().with(arguments).run();
    run(&["--baseline", "absent.yaml"]).refuses(&["cannot read `absent.yaml`", "add --write-baseline"]);
    run(&WRITE).refuses(&["--write-baseline: there is no file to write; add --baseline FILE"]);
    run(&["--baseline", "absent/known.yaml", "--write-baseline"])
        .refuses(&["--baseline: absent/known.yaml cannot be written"]);
    let both = with("known: []\n", &["--report", "json=known.yaml"]);
    both.refuses(&["--report: known.yaml is the baseline, which a report would replace"]);
    // A case of suites that are not run is none.
    let suite = "suite: mine\ntitle: Mine\ncases:\n  - case: one\n    title: A well-formed ID-JAG is accepted\n    \
                 level: MUST\n    requirements: [IDJAG-4.4-grant]\n    row: own.jwt-bearer.token-response\n    \
                 expect: { accepted: true }\n";
    let known = "known:\n  - case: audience::other-server\n    outcome: fail\n";
    target
        .run()
        .file("mine.yaml", suite)
        .file("known.yaml", known)
        .with(["--suite", "mine.yaml", "--baseline", "known.yaml"])
        .run()
        .refuses(&["no case is named `audience::other-server`"]);

    // `check` knows the shipped suites, and those that it is given.
    let check = |known: &str, files: &[&str]| {
        Program::new(["check"]).with(files).file("known.yaml", known).file("mine.yaml", suite).run()
    };
    let own = "known:\n  - case: mine::one\n    outcome: fail\n  - case: audience::other-server\n    outcome: fail\n";
    check(own, &["known.yaml"]).refuses(&["no case is named `mine::one`", "known.yaml:2:11"]);
    check(own, &["known.yaml", "mine.yaml"]).says(0, &["2 files have no mistake"]);
}

/// A comment may hold what is secret, since people paste what they see.
#[test]
fn no_secret_of_a_comment_reaches_a_report() {
    let faulty = Server::with(&["aud-multi-element-array"]);
    let known = "known:\n  - case: audience::second-audience/*\n    outcome: fail\n    \
                 comment: with todo-app-secret it works\n";
    let formats = ["html", "junit", "markdown", "sarif", "snapshot", "github", "har"];
    let reports = formats.iter().flat_map(|format| ["--report".to_owned(), format!("{format}=r.{format}")]);
    let program = faulty.run(Some(known)).with(reports);
    let finished = program.run();
    finished.says(0, &["[secret redacted]"]);
    let texts = formats.iter().map(|format| program.read(&format!("r.{format}")));
    for text in texts.chain([finished.stdout.clone(), program.read("report.json")]) {
        assert!(!text.contains("todo-app-secret"), "{text}");
    }
}
