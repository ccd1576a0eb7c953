//! The snapshot of real runs: the same bytes each time, however many cases run at once and wherever the servers are,
//! and a few lines that differ where the server is another one. A Rust user keeps it with insta.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on may panic")]

mod common;
mod folder;

use std::{collections::BTreeSet, env, fs, process::Command};

use common::{Setup, run, shipped};
use folder::Folder;
use jagspec::{
    cli::RunOptions,
    playground::Fault,
    report::{Report, snapshot},
    suite::{Suite, registry::Registry},
};

/// Servers with faults of many kinds, and how many cases run at once: an array of audiences, a canary that is fetched, a
/// page for an error; metadata that is not there. Whom a server refuses that throttles depends on who asks first: there
/// the order of the cases has to be the same.
const FAULTY: [(&[&str], &[usize]); 3] = [
    (&["aud-multi-element-array", "jku-x5u-fetched", "signature-not-checked", "error-html"], &[1, 16, 8]),
    (&["no-metadata"], &[1, 16]),
    (&["rate-limited"], &[1, 1]),
];

fn fault(name: &str) -> Fault {
    *Fault::ALL.iter().find(|fault| fault.name() == name).unwrap_or_else(|| panic!("no fault {name}"))
}

fn faults(names: &[&str]) -> BTreeSet<Fault> {
    names.iter().map(|name| fault(name)).collect()
}

/// EdDSA signs fast.
fn setup(faults: BTreeSet<Fault>, jobs: usize) -> Setup {
    let options = RunOptions { jobs: Some(jobs), idp_alg: Some("EdDSA".to_owned()), ..RunOptions::default() };
    Setup { faults, options, ..Setup::default() }
}

/// The snapshots of runs with so many cases at once.
async fn snapshots(
    faults: &BTreeSet<Fault>,
    jobs: &[usize],
    (registry, suites): &(Registry, Vec<Suite>),
) -> Vec<(String, Report)> {
    let mut all = Vec::new();
    for (index, jobs) in jobs.iter().enumerate() {
        // As those of the binary, which are random.
        let ids = Some(format!("{:016x}", (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let setup = Setup { ids, ..setup(faults.clone(), *jobs) };
        let report = run(setup, registry, suites).await;
        all.push((snapshot::render(&report), report));
    }
    all
}

/// The lines of a difference that differ; without the counts and places, which a further case changes.
fn changed_lines(diff: &str) -> Vec<&str> {
    let changed = diff.lines().skip(2).filter(|line| line.starts_with(['+', '-']));
    changed.filter(|line| !line[1..].starts_with("summary: ")).collect()
}

#[track_caller]
fn assert_same(snapshots: &[(String, Report)]) {
    for (text, _) in &snapshots[1..] {
        assert!(*text == snapshots[0].0, "{}", snapshot::compare(&snapshots[0].0, text).unwrap_or_default());
    }
    // Each run has ports of its own: that they are in no snapshot is shown, not assumed.
    let targets: BTreeSet<_> = snapshots.iter().map(|(_, report)| &report.target.issuer).collect();
    assert!(targets.len() > 1, "{targets:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_runs_of_the_correct_server_have_one_snapshot() {
    let all = snapshots(&BTreeSet::new(), &[1, 16, 8, 8, 8, 8, 8, 8, 8, 8], &shipped()).await;
    assert_same(&all);
    assert!(all[0].0.contains("exit_status: 0\ndiagnoses: none\n") && all[0].0.lines().count() > 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_of_a_faulty_server_have_one_snapshot() {
    for (names, jobs) in FAULTY {
        let all = snapshots(&faults(names), jobs, &shipped()).await;
        assert_same(&all);
        let found = all[0].1.summary;
        assert!(found.fail + found.warn + found.error > 0, "{names:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_below_a_path_differs_in_nothing_but_what_depends_on_a_path() {
    let shipped = shipped();
    let report = |issuer_path| {
        let setup = Setup { issuer_path, ..setup(BTreeSet::new(), 8) };
        run(setup, &shipped.0, &shipped.1)
    };
    let (plain, tenant) = (report("").await, report("/tenant1").await);
    let diff = snapshot::compare(&snapshot::render(&plain), &snapshot::render(&tenant)).unwrap();
    insta::assert_snapshot!("moved-below-a-path", changed_lines(&diff).join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_a_small_and_readable_difference() {
    let shipped = shipped();
    let correct = &snapshots(&BTreeSet::new(), &[8], &shipped).await[0].0;
    let mut differences = String::new();
    for name in ["aud-multi-element-array", "jku-x5u-fetched", "exp-not-checked", "cache-control-missing"] {
        let faulty = &snapshots(&faults(&[name]), &[8], &shipped).await[0].0;
        let diff = snapshot::compare(correct, faulty).unwrap();
        let changed = changed_lines(&diff);
        // The status, the diagnosis, three lines for each case of the fault, and what it changes in the profile.
        assert!(changed.len() <= 40 && diff.lines().count() <= 130, "{name}: {diff}");
        differences.push_str(&format!("{name}\n{}\n\n", changed.join("\n")));
    }
    insta::assert_snapshot!("differences", differences);
}

/// What docs/reports.md shows a Rust user, in a process of its own: insta takes its orders from the environment.
#[test]
#[ignore = "started by the test below, which says in what folder"]
fn as_a_rust_user_has_it() {
    let Some(path) = env::var_os("SNAPSHOT_TEST_FOLDER") else { return };
    let arguments = ["token-response::accepted", "--exact", "--report", "snapshot=-"];
    let output = Command::new(env!("CARGO_BIN_EXE_jagspec")).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(path);
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("authorization-server", text));
}

/// Runs that test; whether it passed.
fn passes(folder: &Folder, update: &str) -> bool {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["as_a_rust_user_has_it", "--exact", "--ignored"]).current_dir(folder.root());
    env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("INSTA_")).for_each(|(name, _)| {
        command.env_remove(name);
    });
    command.envs([("INSTA_UPDATE", update), ("INSTA_OUTPUT", "none")]);
    let output = command.env("SNAPSHOT_TEST_FOLDER", folder.root()).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("running 1 test"));
    output.status.success()
}

#[test]
fn insta_and_jagspec_keep_one_file() {
    let folder = Folder::new();
    let (file, pending) =
        (folder.path("authorization-server.snap"), folder.path("authorization-server.snap.new"));
    // What `cargo insta review` asks about, and does when it is answered.
    assert!(!passes(&folder, "new"), "nothing is accepted yet");
    fs::rename(&pending, &file).unwrap();
    assert!(passes(&folder, "new") && !pending.exists());

    // jagspec checks the same file and leaves insta's part of it.
    let jagspec = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jagspec"));
        command.args(["token-response::accepted", "--exact", "--check-snapshot"]).current_dir(folder.root());
        command.args(["--report", "snapshot=authorization-server.snap"]).output().unwrap().status.code()
    };
    let accepted = fs::read_to_string(&file).unwrap();
    assert_eq!(jagspec(), Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), accepted, "to the last byte");

    // A server that was another one: both see it, and insta takes what jagspec has written.
    let other = accepted.replace("token-response::accepted: pass", "token-response::accepted: fail");
    assert_ne!(other, accepted);
    fs::write(&file, &other).unwrap();
    assert!(!passes(&folder, "new") && pending.exists(), "insta asks for a review");
    assert_eq!(jagspec(), Some(1));
    assert_eq!(fs::read_to_string(&file).unwrap(), accepted);
    assert!(passes(&folder, "no"));
}
