//! A run in shards, the reports of the shards merged, and reports compared.

use std::fs;

use serde_json::{Value, json};

use crate::{Program, Untouched, folder::Folder, free_port};

const FILTERS: [&str; 3] = ["audience", "error-response", "discovery"];

/// Runs the cases of `FILTERS` against a playground with these faults, whole (`0.json`) and in so many shards (`1.json`
/// …), in one folder.
fn reports(faults: &[&str], shards: usize) -> Program {
    let idp = free_port();
    let mut playground = Program::new(["playground", "--listen", "127.0.0.1:0"])
        .with(faults.iter().flat_map(|fault| ["--fault", fault]))
        .with(["--idp-issuer", &format!("http://127.0.0.1:{idp}")])
        .start();
    let target = playground.value("issuer");
    let folder = Program::new(["merge"]);
    for number in 0..=shards {
        let path = folder.folder.path(&format!("{number}.json"));
        let run = Program::new(["--target", &target, "--idp-listen", &format!("127.0.0.1:{idp}")])
            .with(["--client-id", "todo-app-at-todos", "--report", &format!("json={}", path.display())])
            .variable("JAGSPEC_CLIENT_SECRET", "todo-app-secret")
            .with(FILTERS);
        let run = if number == 0 { run } else { run.variable("JAGSPEC_SHARD", format!("{number}/{shards}")) };
        assert!(run.run().status < 2, "{}", run.run().stderr);
    }
    folder
}

fn json_of(folder: &Folder, name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.path(name)).unwrap()).unwrap()
}

/// The report of a file with a change, as another file.
fn changed(folder: &Folder, from: &str, to: &str, change: impl FnOnce(&mut Value)) {
    let mut report = json_of(folder, from);
    change(&mut report);
    folder.file(to, report.to_string());
}

#[test]
fn a_shard_that_is_none_is_told() {
    let target = Untouched::new();
    for (shard, words) in [
        ("0/3", "--shard: `0/3`: the first part is 1/3"),
        ("4/3", "--shard: `4/3`: the last part is 3/3"),
        ("1/0", "--shard: `1/0`: there is at least one part, 1/1"),
        ("1/2000", "there are at most 1000 parts"),
        ("2", "`2` is no K/N, such as 1/3, the first of three parts"),
        ("one/three", "no K/N"),
    ] {
        target.run().with(["--shard", shard]).run().refuses(&[words]);
        target.run().variable("JAGSPEC_SHARD", shard).run().refuses(&[words]);
    }
    let two = ["token-response::accepted", "token-response::json", "--exact", "--shard", "2/2"];
    target.run().with(two).run().refuses(&[
        "--shard 2/2: no case is left for this part: 1 case is selected, so that there can be 1 part at most",
    ]);
    // An empty variable is none, as in CI where an input is not given.
    let one = Program::new(["token-response::accepted", "--exact"]).variable("JAGSPEC_SHARD", "");
    one.run().says(0, &["1 case: 1 passed"]);
}

#[test]
fn shards_are_merged_into_every_format_with_the_exit_status_of_the_whole() {
    let reports = reports(&["aud-multi-element-array"], 2);
    let whole = json_of(&reports.folder, "0.json");
    let of_shard = json_of(&reports.folder, "2.json");
    assert_eq!((&whole["run"]["shard"], &of_shard["run"]["shard"]), (&Value::Null, &json!("2/2")));
    assert!(of_shard["cases"].as_array().unwrap().len() < whole["cases"].as_array().unwrap().len());
    let formats = ["html", "json", "junit", "markdown", "sarif", "snapshot", "github", "har"];
    let written = formats.iter().flat_map(|format| ["--report".to_owned(), format!("{format}=m.{format}")]);
    let merge = reports.with(["2.json", "1.json"]).with(written);
    merge.run().says(1, &["jwt-bearer.invalid-grant.aud", "exit 1: a MUST is broken"]);
    let merged = json_of(&merge.folder, "m.json");
    for key in ["summary", "exit_status", "diagnoses", "target", "run"] {
        assert_eq!(merged[key], whole[key], "{key}");
    }
    assert_eq!(merged["shard"], Value::Null);
    assert!(formats.iter().all(|format| merge.folder.path(&format!("m.{format}")).exists()));
    assert!(!merge.read("m.har").contains("todo-app-secret"));
    // The snapshot is that of a whole run.
    let again = |report: &str| {
        Program::new(["merge", &merge.folder.path(report).display().to_string()])
            .file("kept.snap", merge.read("m.snapshot"))
            .with(["--report", "snapshot=kept.snap", "--check-snapshot"])
    };
    again("0.json").run().says(1, &["exit 1: a MUST is broken"]);
    let kept = again("0.json");
    kept.run();
    assert_eq!(kept.read("kept.snap"), merge.read("m.snapshot"));
    // One that has been changed by hand is told.
    let other = again("0.json").file("kept.snap", "# something else\n");
    other.run().says(1, &["the snapshot differs from the file that was there"]);
}

#[test]
fn one_report_of_a_whole_run_is_rendered_anew() {
    let reports = reports(&[], 0).with(["0.json", "--report", "html=report.html", "--report", "json=1.json"]);
    reports.run().says(0, &["✓ PASS", "exit 0: every MUST that could be tested holds"]);
    assert!(reports.read("report.html").starts_with("<!doctype html>"));
    assert_eq!(reports.read("0.json"), reports.read("1.json"));
}

#[test]
fn what_is_not_one_run_is_refused_and_everything_is_told() {
    let folder = reports(&[], 3).folder;
    let refused = |files: &[&str], words: &[&str]| {
        let paths = files.iter().map(|file| folder.path(file).display().to_string());
        let program = Program::new(["merge"]).with(paths).with(["--report", "json=merged.json"]);
        program.run().refuses(words);
        assert!(!program.folder.path("merged.json").exists(), "nothing is written");
    };
    refused(&["1.json", "3.json"], &["shard 2/3 is missing: name the report of every shard"]);
    refused(&["2.json"], &["shards 1/3, 3/3 are missing"]);
    refused(&["1.json", "2.json", "2.json", "3.json"], &["2.json: shard 2/3, which", "2.json is already"]);
    refused(&["0.json", "1.json"], &["0.json: the report of a whole run", "shards 2/3, 3/3 are missing"]);
    refused(&["0.json", "0.json"], &["the report of a whole run, not of a shard; give such a one alone"]);
    type Change = fn(&mut Value);
    let changes: [(Change, &str); 18] = [
        (|r| r["target"]["issuer"] = json!("https://b.example"), "another target than in"),
        (|r| r["run"]["version"] = json!("0.0.1"), "another version of jagspec than in"),
        (|r| r["run"]["rules"] = json!("xaa"), "another profile than in"),
        (
            |r| r["run"]["policies"] = json!({ "replay": "reusable" }),
            "run.policies is `replay=reusable`, not ``",
        ),
        (|r| r["run"]["filter"] = json!(["a"]), "another set of filters than in"),
        (|r| r["run"]["idp_issuer"] = json!("https://idp.example"), "another IdP than in"),
        (|r| r["run"]["strict"] = json!(true), "run.strict is `true`, not `false`"),
        (|r| r["run"]["insecure"] = json!(true), "run.insecure is `true`, not `false`"),
        (|r| r["run"]["secrets_shown"] = json!(true), "run.secrets_shown is `true`, not `false`"),
        (|r| r["run"]["shard"] = json!("2/4"), "shard 2/4, where"),
        (|r| r["run"]["shard"] = json!("2/0\u{1b}[2J"), "is no K/N"),
        (|r| r["shard"] = Value::Null, "the key `shard` is missing"),
        (|r| r["shard"]["selected"] = json!(["a::b"]), "cut from other cases than"),
        (
            |r| r["target"]["token_endpoint"] = json!("https://b.example/t"),
            "target.token_endpoint is `https://b",
        ),
        (|r| r["format"] = json!("jagspec/2"), "a report of the format `jagspec/2`, and this version reads"),
        (|r| r["cases"][0]["exchanges"] = json!([99999]), "names the exchange 99999"),
        (|r| r["exit_status"] = json!(77), "`exit_status` is 77"),
        (|r| drop(r["cases"].as_array_mut().unwrap().pop()), "`summary` does not count"),
    ];
    for (change, words) in changes {
        changed(&folder, "2.json", "x.json", change);
        refused(&["1.json", "x.json", "3.json"], &["x.json:", words]);
    }
    // A case that was taken out, with the counts made to fit.
    changed(&folder, "2.json", "x.json", |report| {
        let case = report["cases"].as_array_mut().unwrap().remove(0);
        let count = &mut report["summary"][case["outcome"].as_str().unwrap()];
        *count = json!(count.as_u64().unwrap() - 1);
    });
    refused(&["1.json", "x.json", "3.json"], &["in 0 of the reports, and not in 1: "]);
    // Several at once.
    changed(&folder, "2.json", "x.json", |report| {
        report["run"]["rules"] = json!("xaa");
        report["target"]["issuer"] = json!("https://b.example");
    });
    folder.file("no.json", "{ \"format\": \"jagspec/1\",\n  \"run\": 1 }");
    refused(
        &["1.json", "x.json", "no.json", "absent.json", "1.json"],
        &[
            "another target",
            "another profile",
            "no.json:2:10:",
            "absent.json: cannot be read",
            "1.json is already",
        ],
    );
}

#[test]
fn what_is_no_report_is_told_with_its_place() {
    for (text, words) in [
        ("", "a.json:1:0: no report of jagspec: EOF while parsing a value"),
        ("<html>", "a.json:1:1: no report of jagspec: expected value"),
        ("[]", "a.json:1:"),
        ("{}", "a.json: no report of jagspec: it has no `format`, which is `jagspec/1`"),
        ("{\"format\": 7}", "its `format` is 7, not `jagspec/1`"),
        ("{\"format\": \"har\"}", "its `format` is \"har\", not `jagspec/1`"),
        ("{\"format\": \"jagspec/1\"}", "a.json:1:23: no report of jagspec: missing field `run`"),
        ("{\"format\": \"jagspec/1\", \"run\": \"\u{202e}\\u001b[2J\"}", "a.json:1:"),
    ] {
        let finished = Program::new(["merge", "a.json"]).file("a.json", text).run();
        finished.refuses(&[words]);
        assert!(!finished.stderr.contains(['\u{1b}', '\u{202e}']), "{}", finished.stderr);
        Program::new(["diff", "a.json", "a.json"]).file("a.json", text).run().refuses(&[words]);
    }
    let deep = "[".repeat(100_000);
    Program::new(["merge", "a.json"]).file("a.json", deep).run().refuses(&["recursion limit"]);
    let bytes = Program::new(["merge", "a.json"]).file("a.json", [0xff, 0xfe, 0x00]).run();
    bytes.refuses(&["a.json: no report of jagspec: it is not UTF-8"]);
    let long = format!("{{\"format\": \"{}\"}}", "x".repeat(1 << 20));
    let finished = Program::new(["merge", "a.json"]).file("a.json", long).run();
    finished.refuses(&["no report of jagspec"]);
    assert!(finished.stderr.len() < 1000);
    Program::new(["merge"]).run().refuses(&["<REPORT>..."]);
    Program::new(["merge", "/dev/zero"]).run().refuses(&["/dev/zero"]);
}

#[test]
fn an_interrupted_shard_makes_the_whole_incomplete() {
    let folder = reports(&[], 2).folder;
    changed(&folder, "2.json", "x.json", |report| report["run"]["complete"] = json!(false));
    let paths = ["1.json", "x.json"].map(|file| folder.path(file));
    let program = Program::new(["merge", "--report", "json=report.json"]).with(paths);
    program.run().says(130, &["exit 130: interrupted"]);
    assert_eq!(program.report()["run"]["complete"], false);
}

#[test]
fn diff_shows_what_changed_worse_first() {
    let good = reports(&[], 0).folder;
    let bad = reports(&["aud-multi-element-array"], 0).folder;
    let diff = |one: &Folder, other: &Folder| {
        Program::new(["diff"]).with([one.path("0.json"), other.path("0.json")])
    };
    diff(&good, &good).run().says(0, &["exit 0: the same outcomes, diagnoses and profile"]);
    let finished = diff(&good, &bad).run();
    finished.says(
        1,
        &[
            "RUNS 2 differences",
            "~ target: http://127.0.0.1:",
            "WORSE 4 cases",
            "✗ audience::second-audience/other-last (MUST): fail, critical, was pass 200 with an access token",
            "+ jwt-bearer.invalid-grant.aud: certain, target-code",
            "exit 1: the reports differ; cases: 4 worse",
        ],
    );
    diff(&bad, &good).run().says(1, &["BETTER 4 cases", "cases: 4 better", "– jwt-bearer.invalid-grant.aud"]);
    let json = diff(&good, &bad).with(["--format", "json"]).run();
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["same"], &json["format"]), (&json!(false), &json!("jagspec-diff/1")));
    assert_eq!(json["changed"][0]["after"]["outcome"], "fail");
    // Another version is told, and is no difference by itself.
    changed(&good, "0.json", "old.json", |report| report["run"]["version"] = json!("0.0.1"));
    let old = Program::new(["diff"]).with([good.path("old.json"), good.path("0.json")]).run();
    old.says(0, &["version of jagspec: 0.0.1 → ", "exit 0"]);
    // Cases that are new and gone, a profile that changed.
    changed(&good, "0.json", "less.json", |report| {
        report["cases"].as_array_mut().unwrap().retain(|case| case["suite"] != "discovery");
        let count =
            report["cases"].as_array().unwrap().iter().filter(|case| case["outcome"] == "pass").count();
        report["summary"] =
            json!({ "pass": count, "fail": 0, "warn": 0, "skip": 0, "inconclusive": 0, "error": 0 });
        report["cases"].as_array_mut().unwrap().retain(|case| case["outcome"] == "pass");
        report["profile"] =
            json!([{ "name": "algorithm", "value": "\u{1b}[2J", "stable": true, "evidence": [] }]);
    });
    let less = Program::new(["diff"]).with([good.path("less.json"), good.path("0.json")]).run();
    less.says(1, &["NEW ", "✓ discovery::", r"~ algorithm: \x1b[2J → RS256"]);
    assert!(!less.stdout.contains('\u{1b}'));
    let more = Program::new(["diff"]).with([good.path("0.json"), good.path("less.json")]).run();
    more.says(1, &["GONE ", "– discovery::", "(was pass)"]);
}
