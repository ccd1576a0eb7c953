//! The config file and the environment: which one wins, and what is wrong in them.

use crate::{Program, Untouched};

/// The profile of a run of one case, as its first line says; the embedded playground is the target.
#[track_caller]
fn profile_of(program: &Program) -> String {
    let finished = program.run();
    finished.says(0, &[]);
    let first = finished.stdout.lines().next().unwrap();
    first.split(" · ").find_map(|part| part.strip_prefix("profile ")).unwrap().to_owned()
}

#[test]
fn the_order_is_flag_environment_config_file_default() {
    let case = ["token-response::accepted", "--exact"];
    assert_eq!(profile_of(&Program::new(case)), "draft");
    let program = Program::new(case).file("jagspec.yaml", "profile: xaa\n");
    assert_eq!(profile_of(&program), "xaa");
    let program = program.variable("JAGSPEC_PROFILE", "draft-next");
    assert_eq!(profile_of(&program), "draft-next");
    let program = program.with(["--profile", "mcp-ema"]);
    assert_eq!(profile_of(&program), "mcp-ema");
}

#[test]
fn the_config_file_is_the_one_that_is_named() {
    let case = ["token-response::accepted", "--exact"];
    let files = || {
        Program::new(case)
            .file("jagspec.yaml", "profile: xaa\n")
            .file("other.yaml", "# Options as on the command line.\nprofile: mcp-ema\nkeep-exchanges: true\n")
    };
    assert_eq!(profile_of(&files().with(["--config", "other.yaml"])), "mcp-ema");
    assert_eq!(profile_of(&files().variable("JAGSPEC_CONFIG", "other.yaml")), "mcp-ema");
    // A comment is a config file without options, as an empty one is.
    let comment = Program::new(case).file("jagspec.yaml", "# nothing yet\n");
    assert_eq!(profile_of(&comment), "draft");
}

#[test]
fn repeatable_options_are_one_a_line_in_the_environment() {
    let program = Program::new(["token-response::accepted", "--keep-exchanges"])
        .variable("JAGSPEC_CLAIM", "email=\"a@b.example\"\nauth_time=7\n")
        .variable("JAGSPEC_REPORT", "json=report.json\nsnapshot=report.snap")
        .variable("JAGSPEC_POLICY", "replay=reusable\nresource=optional");
    program.run().says(0, &["replay=reusable", "resource=optional"]);
    assert!(program.read("report.snap").contains("# policy resource=optional"));
    assert_eq!(program.report()["run"]["policies"]["replay"], "reusable");
}

#[test]
fn mistakes_of_the_config_file_are_shown_at_their_place() {
    let target = Untouched::new();
    for (config, words) in [
        ("targt: x\n", &["unknown key `targt`", "--> jagspec.yaml:1:1", "did you mean `target`?"][..]),
        ("strict: true\njobs: many\n", &["--> jagspec.yaml:2:7", "a whole number", "found `many`"]),
        ("strict: sometimes\n", &["expected `true` or `false`, found `sometimes`", "jagspec.yaml:1:9"]),
        ("claim: a=1\n", &["expected a list (`[item]`, or `- item` below), found `a=1`"]),
        ("timeout: soon\n", &["expected a number, found `soon`", "jagspec.yaml:1:10"]),
        ("strict: true\nstrict: true\n", &["the key `strict` is given twice", "first here"]),
        ("jobs: [1\n", &["--> jagspec.yaml:"]),
        ("- target\n", &["--> jagspec.yaml:1:1", "expected"]),
        // What is readable and wrong is told by its option.
        ("profile: drat\n", &["--profile: unknown profile `drat`; did you mean `draft`?"]),
        ("jobs: 0\n", &["--jobs: 0 cases at once run none"]),
    ] {
        target.run().file("jagspec.yaml", config).run().refuses(words);
    }
}

#[test]
fn no_mistake_of_the_config_file_shows_a_secret() {
    for (config, place) in [
        ("client-secret: [s3cr3t]\n", "jagspec.yaml:1:16"),
        ("header: 'X-Key: s3cr3t'\n", "jagspec.yaml:1:9"),
        ("header:\n  - { X-Key: s3cr3t }\n", "jagspec.yaml:2:5"),
        ("'other-client-secret': { a: s3cr3t }\n", "jagspec.yaml:1:24"),
        ("jobs: 3\nclient-secret: \"s3cr3t\n", "jagspec.yaml:2:16"),
    ] {
        let finished = Program::new(["token-response"]).file("jagspec.yaml", config).run();
        finished.refuses(&[place]);
        assert!(!finished.stderr.contains("s3cr3t"), "{}", finished.stderr);
    }
}

#[test]
fn mistakes_of_the_environment_name_the_variable_or_the_option() {
    for (name, value, words) in [
        ("JAGSPEC_JOBS", "many", "--jobs"),
        ("JAGSPEC_TIMEOUT", "-1", "--timeout: -1 seconds"),
        ("JAGSPEC_TARGET", "", "--target: it is empty"),
        ("JAGSPEC_STRICT", "perhaps", "--strict"),
        ("JAGSPEC_PROFILE", "drat", "did you mean `draft`?"),
    ] {
        Program::new(["token-response"]).variable(name, value).run().refuses(&[words]);
    }
    // An empty secret is none.
    let target = Untouched::new();
    let run =
        Program::new(["--target", &target.url(), "--client-id", "ci", "--client-auth", "client_secret_post"]);
    run.variable("JAGSPEC_CLIENT_SECRET", "").run().refuses(&["needs a secret; add --client-secret"]);
}
