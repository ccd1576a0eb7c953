//! Many targets in one config file: choosing one, listing them, mistakes, and the documented example, whose workflow is
//! executed step by step.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use jagspec::{problem::SourceText, yaml};
use serde_json::{Value, json};

use crate::{Program, Untouched, folder::Folder, free_port, program::state_folder};

const EXAMPLE: &str = "examples/fleet/jagspec.yaml";
const WORKFLOW: &str = "examples/fleet/github-workflow.yml";

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Two targets, at which nobody may knock.
fn fleet(target: &Untouched) -> String {
    format!(
        "client-id: for-all\nprofile: xaa\nshards: 2\ntargets:\n  orders:\n    target: {0}/orders\n    profile: drat\n  \
         billing:\n    target: {0}/billing\n    client-id: own\n    client-secret-env: BILLING_SECRET\n    shards: 3\n",
        target.url()
    )
}

#[test]
fn a_target_has_to_be_chosen_and_to_be_there() {
    let target = Untouched::new();
    let config = fleet(&target);
    let run = |arguments: &[&str]| Program::new(arguments).file("jagspec.yaml", &config);
    let none = "jagspec.yaml has 2 targets and none is chosen; add --target-name NAME (billing, orders), or --target";
    run(&[]).run().refuses(&[none]);
    run(&["doctor"]).run().refuses(&[none]);
    // An empty variable chooses none.
    run(&[]).variable("JAGSPEC_TARGET_NAME", "").run().refuses(&[none]);
    let unknown = "jagspec.yaml has no target `ordrs`; did you mean `orders`? (billing, orders)";
    run(&["--target-name", "ordrs"]).run().refuses(&[unknown]);
    run(&[]).variable("JAGSPEC_TARGET_NAME", "ordrs").run().refuses(&[unknown]);
    let both =
        "--target and --target-name (or JAGSPEC_TARGET and JAGSPEC_TARGET_NAME) both say what is the target";
    let url = target.url();
    run(&["--target-name", "orders", "--target", &url]).run().refuses(&[both]);
    run(&["--target-name", "orders"]).variable("JAGSPEC_TARGET", &url).run().refuses(&[both]);
    // Without targets there is nothing to choose.
    let no_file = Program::new(["--target-name", "orders"]).run();
    no_file.refuses(&["--target-name: there is no jagspec.yaml that names targets"]);
    let no_targets = Program::new(["--target-name", "orders"]).file("jagspec.yaml", "profile: xaa\n").run();
    no_targets.refuses(&["--target-name: jagspec.yaml has no `targets`"]);
    // A target by its address beside the file's is one that the file does not know; what is for all holds.
    let by_address = run(&["--target", &url, "--profile", "nonsense"]).run();
    by_address.refuses(&["--profile: unknown profile `nonsense`"]);
}

#[test]
fn the_options_of_a_target_beat_those_for_all_and_are_beaten_by_the_command_line() {
    let target = Untouched::new();
    let config = fleet(&target);
    let run =
        |arguments: &[&str]| Program::new(arguments).file("jagspec.yaml", &config).with(["no-such-case"]);
    // The profile of the target, at its place in the file.
    let orders = run(&["--target-name", "orders"]);
    orders
        .run()
        .refuses(&["--profile: unknown profile `drat`; did you mean `draft`?", "--> jagspec.yaml:7:14"]);
    orders.with(["--profile", "xaa"]).run().refuses(&["no case has `no-such-case` in its name"]);
    // The secret is where the file says.
    let billing = run(&["--target-name", "billing"]);
    let missing = "the environment variable `BILLING_SECRET` is not set, or empty";
    billing.run().refuses(&[missing, "--> jagspec.yaml:11:24", "JAGSPEC_CLIENT_SECRET"]);
    let billing = billing.variable("BILLING_SECRET", "");
    billing.run().refuses(&[missing]);
    billing.variable("BILLING_SECRET", "s3cr3t").run().refuses(&["no case has `no-such-case` in its name"]);
    let typed = run(&["--target-name", "billing"]).variable("JAGSPEC_CLIENT_SECRET", "s3cr3t");
    typed.run().refuses(&["no case has `no-such-case` in its name"]);
    // The name is read from the environment as well.
    let named = run(&[]).variable("JAGSPEC_TARGET_NAME", "orders");
    named.run().refuses(&["unknown profile `drat`"]);
}

#[test]
fn the_targets_are_listed_for_people_programs_and_github() {
    let target = Untouched::new();
    let config = fleet(&target);
    let run = |arguments: &[&str]| {
        let program = Program::new(["targets"]).with(arguments).file("jagspec.yaml", &config);
        program.variable("BILLING_SECRET", "s3cr3t").run()
    };
    let text = run(&[]);
    text.says(0, &["billing http://127.0.0.1:", "/billing in 3 parts", "orders http://", "2 targets"]);
    let parsed = |arguments: &[&str]| -> Value {
        let finished = run(arguments);
        finished.says(0, &[]);
        serde_json::from_str(&finished.stdout).unwrap()
    };
    let json = parsed(&["--format", "json"]);
    assert_eq!(json["targets"][0]["client_id"], "own");
    assert_eq!(json["targets"][0]["client_secret_env"], "BILLING_SECRET");
    assert_eq!(json["targets"][1]["client_id"], "for-all");
    assert!(!json.to_string().contains("s3cr3t"));
    let matrix = run(&["--format", "github-matrix"]);
    assert_eq!(matrix.stdout.lines().count(), 1, "one line, as $GITHUB_OUTPUT takes it");
    let matrix: Value = serde_json::from_str(&matrix.stdout).unwrap();
    let jobs = matrix["include"].as_array().unwrap();
    assert_eq!(jobs.len(), 5);
    assert_eq!(jobs[2], json!({ "target-name": "billing", "shard": "3/3", "name": "billing@3-of-3" }));
    assert_eq!(jobs[4], json!({ "target-name": "orders", "shard": "2/2", "name": "orders@2-of-2" }));
    let one_each = parsed(&["--format", "github-matrix", "--shards", "1"]);
    assert_eq!(one_each["include"].as_array().unwrap().len(), 2);
    assert_eq!(
        one_each["include"][1],
        json!({ "target-name": "orders", "shard": "1/1", "name": "orders@1-of-1" })
    );
    run(&["--format", "github-matrix", "--shards", "129"])
        .refuses(&["258 jobs, and GitHub makes at most 256 of one matrix: lower `shards` or --shards"]);
    run(&["--shards", "0"]).refuses(&["--shards: `0`; give a number from 1 to 1000"]);
    run(&["--format", "gitlab"]).refuses(&["possible values: text, json, github-matrix"]);
    Program::new(["targets"]).run().refuses(&["there is no jagspec.yaml in the working directory"]);
    let none = Program::new(["targets"]).file("jagspec.yaml", "profile: xaa\n").run();
    none.refuses(&["jagspec.yaml has no `targets`"]);
}

#[test]
fn every_mistake_in_a_fleet_is_shown_at_its_place() {
    let check = |text: &str, words: &[&str]| {
        let finished = Program::new(["check", "jagspec.yaml"]).file("jagspec.yaml", text).run();
        finished.refuses(words);
        assert!(!finished.stderr.contains("s3cr3t"), "{}", finished.stderr);
    };
    // Of shape: one in each target.
    check(
        "targets:\n  a:\n    targt: x\n  b:\n    target: https://b.example\n  c:\n    jobs: many\n",
        &["jagspec.yaml:3:5", "did you mean `target`?", "jagspec.yaml:7:11", "a whole number"],
    );
    // Of meaning, all of them, one for all targets once.
    check(
        "profile: drat\ntargets:\n  a:\n    target: https://a.example\n  b:\n    target: b.example\n  c:\n    target: https://c.example\n    client-auth: basic\n",
        &["jagspec.yaml:1:10", "did you mean `draft`?", "jagspec.yaml:6:13", "jagspec.yaml:9:18"],
    );
    check("targets:\n  a:\n    client-id: x\n", &["the target `a` has no `target`", "jagspec.yaml:2:3"]);
    check(
        "targets:\n  'a b':\n    target: https://a.example\n",
        &["not a name for a target", "jagspec.yaml:2:3"],
    );
    check("targets: {}\n", &["no targets", "jagspec.yaml:1:1"]);
    check("targets:\n  a: { target: 'https://a.example', shards: 0 }\n", &["0 shards", "jagspec.yaml:2:45"]);
    check(
        "targets:\n  a:\n    target: https://a.example\n    targets: { b: { target: 'https://b.example' } }\n",
        &["1 targets within a target", "jagspec.yaml:4:5"],
    );
    check(
        "targets:\n  a:\n    target: https://a.example\n  a:\n    target: https://b.example\n",
        &["the key `a` is given twice"],
    );
    // No secret is shown, wherever it stands.
    for text in [
        "targets:\n  a:\n    target: https://a.example\n    client-secret: s3cr3t\n    client-secret-env: NAME\n",
        "targets:\n  a:\n    target: https://a.example\n    client-secret-env: 's3cr3t+'\n",
        "targets:\n  a:\n    client-secret: [s3cr3t]\n",
        "targets:\n  a: { targt: x, client-secret: s3cr3t }\n",
        "targets: { a: { header: 's3cr3t' } }\n",
        "targets: { a: { \"client-secret\" : s3cr3t, profile: drat, target: 'https://a.example' } }\n",
        "targets:\n  a:\n    header:\n    - 'X-Key: [s3cr3t'\n    - { s3cr3t: s3cr3t }\n",
    ] {
        check(text, &["--> jagspec.yaml:"]);
    }
    let good = Program::new(["check", "jagspec.yaml"]).file("jagspec.yaml", fs::read(root(EXAMPLE)).unwrap());
    good.run().says(0, &["1 file has no mistake"]);
}

/// A GitHub workflow as far as it is executed here.
struct Workflow(Value);

impl Workflow {
    fn read() -> Self {
        let text = fs::read_to_string(root(WORKFLOW)).unwrap();
        Self(yaml::parse(&SourceText::new(WORKFLOW, text)).unwrap())
    }

    /// Executes what the job's step with this `name` runs, as a runner does, and returns the exit status.
    fn run(&self, job: &str, name: &str, values: &BTreeMap<&str, String>, folder: &Folder) -> i32 {
        let steps = self.0["jobs"][job]["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["name"] == name).unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", step["run"].as_str().unwrap()]).current_dir(folder.root());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("JAGSPEC"))
        {
            shell.env_remove(name);
        }
        for (name, value) in step["env"].as_object().unwrap() {
            let text = value.as_str().unwrap();
            let expression = text.strip_prefix("${{ ").and_then(|text| text.strip_suffix(" }}"));
            let known = expression.map(|it| values.get(it).unwrap_or_else(|| panic!("no value for {it}")));
            shell.env(name, known.map_or(text, String::as_str));
        }
        for file in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
            shell.env(file, folder.path(file));
        }
        shell.env("JAGSPEC_IDP_LISTEN", &values["idp"]).env("XDG_STATE_HOME", state_folder());
        shell.env("COLUMNS", "100");
        let output = shell.output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("todo-app-secret") && !said.contains("PRIVATE"), "{said}");
        output.status.code().unwrap()
    }
}

#[test]
fn the_documented_fleet_is_listed_run_and_merged() {
    let listen = format!("127.0.0.1:{}", free_port());
    let idp = format!("http://{listen}");
    let playground = |fault: &[&str]| {
        Program::new(["playground", "--listen", "127.0.0.1:0", "--idp-issuer", &idp]).with(fault).start()
    };
    let (mut todos, mut notes) = (playground(&[]), playground(&["--fault", "aud-multi-element-array"]));
    let folder = Folder::new();
    let config = fs::read_to_string(root(EXAMPLE)).unwrap();
    folder.file("jagspec.yaml", here(&config, &idp, &todos.value("issuer"), &notes.value("issuer")));
    let workflow = Workflow::read();
    let key = fs::read_to_string(root("fixtures/keys/published-rs256.pem")).unwrap();
    let mut values = BTreeMap::from([
        ("steps.jagspec.outputs.jagspec", env!("CARGO_BIN_EXE_jagspec").to_owned()),
        ("secrets.CLIENT_SECRET", "todo-app-secret".to_owned()),
        ("secrets.IDP_KEY", key),
        ("idp", listen.clone()),
    ]);
    assert_eq!(workflow.run("list", "List the targets", &values, &folder), 0);
    let outputs = fs::read_to_string(folder.path("GITHUB_OUTPUT")).unwrap();
    let jobs = |output: &str| -> Vec<BTreeMap<String, String>> {
        let line = outputs.lines().find_map(|line| line.strip_prefix(&format!("{output}="))).unwrap();
        let matrix: Value = serde_json::from_str(line).unwrap();
        serde_json::from_value(matrix["include"].clone()).unwrap()
    };
    let of_job = |values: &mut BTreeMap<&str, String>, job: &BTreeMap<String, String>| {
        values.insert("matrix.target-name", job["target-name"].clone());
        values.insert("matrix.shard", job["shard"].clone());
        values.insert("matrix.name", job["name"].clone());
    };
    let names: Vec<String> = jobs("shards").iter().map(|job| job["name"].clone()).collect();
    assert_eq!(names, ["notes@1-of-1", "todos@1-of-2", "todos@2-of-2"]);
    for job in jobs("shards") {
        of_job(&mut values, &job);
        assert_eq!(workflow.run("run", "Run", &values, &folder), 0, "{job:?}");
        assert!(folder.path(&format!("shards/{}.json", job["name"])).exists());
    }
    let mut statuses = BTreeMap::new();
    for job in jobs("targets") {
        of_job(&mut values, &job);
        let status = workflow.run("merge", "Merge", &values, &folder);
        statuses.insert(job["target-name"].clone(), status);
    }
    assert_eq!(statuses, BTreeMap::from([("notes".to_owned(), 1), ("todos".to_owned(), 0)]));
    let report = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(folder.path(&format!("reports/{name}.json"))).unwrap())
            .unwrap()
    };
    let (todos, notes) = (report("todos"), report("notes"));
    assert_eq!(notes["run"]["rules"], "mcp-ema");
    assert_eq!(todos["run"]["policies"], json!({ "replay": "single-use" }));
    assert_eq!(notes["diagnoses"][0]["row"], "jwt-bearer.invalid-grant.aud");
    assert_eq!(todos["cases"].as_array().unwrap().len(), notes["cases"].as_array().unwrap().len());
    assert!(folder.path("conformance/todos.snap").exists());
    // The snapshot is checked from now on, and a part that is missing is told by its number.
    fs::write(folder.path("conformance/todos.snap"), "# another\n").unwrap();
    values.insert("matrix.target-name", "todos".to_owned());
    assert_eq!(workflow.run("merge", "Merge", &values, &folder), 1);
    fs::remove_file(folder.path("shards/todos@2-of-2.json")).unwrap();
    assert_eq!(workflow.run("merge", "Merge", &values, &folder), 2);
    // Without the secret that CI is to set nothing is sent.
    values.insert("secrets.CLIENT_SECRET", String::new());
    values.insert("matrix.name", "without".to_owned());
    assert_ne!(workflow.run("run", "Run", &values, &folder), 0);
    assert!(!folder.path("shards/without.json").exists());
}

/// Today's document, with the addresses of these targets and this IdP.
fn here(text: &str, idp: &str, todos: &str, notes: &str) -> String {
    text.replace("https://idp.example", idp)
        .replace("https://as.todos.example", todos)
        .replace("https://as.notes.example", notes)
}

#[test]
fn the_commands_of_the_document_do_what_it_says() {
    let listen = format!("127.0.0.1:{}", free_port());
    let idp = format!("http://{listen}");
    let playground = || Program::new(["playground", "--listen", "127.0.0.1:0", "--idp-issuer", &idp]).start();
    let (mut todos, mut notes) = (playground(), playground());
    let (todos_issuer, notes_issuer) = (todos.value("issuer"), notes.value("issuer"));
    let here = |text: &str| here(text, &idp, &todos_issuer, &notes_issuer);
    let program =
        Program::new(["list"]).file("jagspec.yaml", here(&fs::read_to_string(root(EXAMPLE)).unwrap()));
    let folder = &program.folder;
    let document = fs::read_to_string(root("docs/fleets.md")).unwrap();
    let blocks = document.split("```console\n").skip(1).map(|block| block.split("```").next().unwrap());
    let steps: Vec<(&str, &str)> = blocks
        .flat_map(|block| block.split("$ ").skip(1))
        .map(|step| step.split_once('\n').unwrap())
        .collect();
    assert!(steps.len() >= 8, "{steps:?}");
    for (command, expected) in steps {
        if command.contains(" diff ") {
            for day in ["yesterday.json", "today.json"] {
                fs::copy(folder.path("1.json"), folder.path(day)).unwrap();
            }
        }
        let arguments: Vec<&str> = command.strip_prefix("jagspec ").unwrap().split(' ').collect();
        let output = Command::new(env!("CARGO_BIN_EXE_jagspec"))
            .args(arguments)
            .current_dir(folder.root())
            .env("CLIENT_SECRET", "todo-app-secret")
            .env("JAGSPEC_IDP_LISTEN", &listen)
            .env("XDG_STATE_HOME", state_folder())
            .env("COLUMNS", "100")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{command}: {said}{}", String::from_utf8_lossy(&output.stderr));
        if expected.trim() != "…" {
            assert_eq!(said.trim_end(), here(expected).trim_end(), "{command}");
        }
    }
    assert!(folder.path("report.html").exists() && folder.path("todos.snap").exists());
}
