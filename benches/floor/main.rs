//! How fast jagspec is, as a ratio: the whole suite against the playground, and beside it the floor, which is the same
//! exchanges sent by a bare client, with the same tokens minted beforehand, at the same concurrency, to a playground
//! that has not seen them. Both in one process and one run, so that the machine cancels out. `cargo bench` prints it;
//! nothing here is a test, and no figure can fail.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]
#![allow(clippy::print_stdout, reason = "its output is for a person")]

mod growth;
mod process;
mod world;

use std::{
    env,
    time::{Duration, Instant},
};

use jagspec::keys::Algorithm;
use world::World;

/// How often each figure is taken; the median is printed.
const ROUNDS: usize = 7;

fn main() {
    // `cargo bench` passes --bench. The process calls itself for what is measured in one of its own.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.first().map(String::as_str) {
        Some(growth::MEASURE) => growth::measure(arguments[1].parse().unwrap()),
        _ => {
            ratios();
            println!(
                "\nstart to first request  {:.0?} (median of {ROUNDS})",
                median(process::first_request(ROUNDS))
            );
            growth::print();
        }
    }
}

fn ratios() {
    println!("whole suite against the playground, {} cases at once, medians of {ROUNDS}\n", world::JOBS);
    println!(
        "{:<8} {:>9} {:>9} {:>9} {:>6} {:>12} {:>7}",
        "", "exchanges", "jagspec", "floor", "ratio", "exchanges/s", "cpu"
    );
    // RS256 signs in about a thousandth of a second, EdDSA in a fiftieth of that: with it tokens are as good as
    // minted beforehand.
    for algorithm in [Algorithm::RS256, Algorithm::EdDSA] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (mut ours, mut floor, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
        let mut exchanges = 0;
        for _ in 0..ROUNDS {
            runtime.block_on(async {
                let world = World::start(algorithm).await;
                let (before, began) = (process::cpu(), Instant::now());
                let (world, requests) = world.run().await;
                ours.push(began.elapsed());
                cpu.extend(before.zip(process::cpu()).map(|(before, after)| after - before));
                exchanges = requests.len();
                let world = world.with_a_new_playground().await;
                let began = Instant::now();
                world::send_bare(requests).await;
                floor.push(began.elapsed());
                world.stop().await;
            });
        }
        let (ours, floor) = (median(ours), median(floor));
        let ratio = ours.as_secs_f64() / floor.as_secs_f64();
        let rate = exchanges as f64 / ours.as_secs_f64();
        let cpu = if cpu.is_empty() { "-".to_owned() } else { format!("{:.2?}", median(cpu)) };
        println!(
            "{:<8} {exchanges:>9} {ours:>9.0?} {floor:>9.0?} {ratio:>6.2} {rate:>12.0} {cpu:>7}",
            algorithm.name()
        );
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
