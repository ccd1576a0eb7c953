//! How a run grows with the number of its cases: each size in a process of its own, so that its peak is its own.

use std::{
    env,
    fmt::Write as _,
    fs,
    process::{self, Command},
    time::{Duration, Instant},
};

use jagspec::{
    cli::RunOptions,
    suite::{load, registry::Registry},
};

use crate::{process as system, world::World};

/// The argument with which the process calls itself.
pub(crate) const MEASURE: &str = "--measure-cases";

/// Numbers of cases.
const SIZES: [usize; 4] = [320, 1_000, 3_200, 10_000];

/// Prints the table.
pub(crate) fn print() {
    println!(
        "\ngenerated cases, half of them good and half refused; every passing case's exchange is let go\n"
    );
    println!(
        "{:>8} {:>9} {:>9} {:>12} {:>12} {:>9} {:>10}",
        "cases", "exchanges", "time", "µs a case", "exchanges/s", "cpu", "peak MiB"
    );
    for size in SIZES {
        let output =
            Command::new(env::current_exe().unwrap()).args([MEASURE, &size.to_string()]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        print!("{}", String::from_utf8(output.stdout).unwrap());
    }
}

/// Measures one size in this process, and prints its line.
pub(crate) fn measure(cases: usize) {
    let file = env::temp_dir().join(format!("generated-{}.yaml", process::id()));
    // The file's name is the suite's.
    let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
    fs::write(&file, suite(&name, cases)).unwrap();
    let registry = Registry::embedded().unwrap();
    let suites = load::suites_from_disk(std::slice::from_ref(&file), &registry);
    fs::remove_file(file).unwrap();
    let suites = suites.map_err(|problems| format!("{problems:?}")).unwrap();

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (time, exchanges, cpu) = runtime.block_on(async {
        let world = World::of(registry, suites, RunOptions::default()).await;
        let (before, began) = (system::cpu(), Instant::now());
        let report = world.report().await;
        let time = began.elapsed();
        let cpu = before.zip(system::cpu()).map(|(before, after)| after - before);
        assert_eq!(report.summary.pass, cases, "the generated cases pass: {:?}", report.summary);
        assert!(report.exchanges.len() < 10, "passing cases keep {} exchanges", report.exchanges.len());
        world.stop().await;
        // A control before and one after the suite, beside one exchange for each case.
        (time, cases + 2, cpu)
    });
    println!("{}", line(cases, exchanges, time, cpu));
}

fn line(cases: usize, exchanges: usize, time: Duration, cpu: Option<Duration>) -> String {
    let cpu = cpu.map_or_else(|| "-".to_owned(), |cpu| format!("{cpu:.2?}"));
    let peak = system::peak_memory().map_or_else(|| "-".to_owned(), |peak| format!("{peak:.0}"));
    let seconds = time.as_secs_f64();
    format!(
        "{cases:>8} {exchanges:>9} {time:>9.2?} {:>12.0} {:>12.0} {cpu:>9} {peak:>10}",
        seconds * 1e6 / cases as f64,
        exchanges as f64 / seconds
    )
}

/// A suite of so many cases, as YAML.
fn suite(name: &str, cases: usize) -> String {
    let mut yaml = format!("suite: {name}\ntitle: Generated\nneeds: [client]\ncases:\n");
    for number in 0..cases {
        let (id_jag, expect) = if number % 2 == 0 {
            (format!("{{ claims: {{ 'https://claims.example/n': {number} }} }}"), "{ accepted: true }")
        } else {
            (
                format!("{{ claims: {{ aud: 'https://server-{number}.example' }} }}"),
                "{ refused: invalid_grant }",
            )
        };
        write!(
            yaml,
            "  - case: number-{number}\n    title: Number {number}\n    level: MUST\n    \
             requirements: [IDJAG-4.4.1-aud-eq]\n    row: jwt-bearer.invalid-grant.aud\n    id_jag: {id_jag}\n    \
             expect: {expect}\n"
        )
        .unwrap();
    }
    yaml
}
