//! What the system tells of a process, where it is Linux; elsewhere those figures are left out.

use std::{
    fs,
    net::TcpListener,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Ticks of the processor time in `/proc` (USER_HZ), which Linux has fixed for programs.
const TICKS_A_SECOND: f64 = 100.0;

/// Processor time of this process so far, all threads, user and system.
pub(crate) fn cpu() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold anything; what follows it is separated by spaces.
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(Duration::from_secs_f64(ticks / TICKS_A_SECOND))
}

/// The most memory that this process has had, in MiB.
pub(crate) fn peak_memory() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok()? / 1024.0)
}

/// From the start of the program to the first connection that it opens to its target.
pub(crate) fn first_request(rounds: usize) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..rounds {
        let target = TcpListener::bind("127.0.0.1:0").unwrap();
        let began = Instant::now();
        let mut program = Command::new(env!("CARGO_BIN_EXE_jagspec"))
            .args(["--target", &format!("http://{}", target.local_addr().unwrap())])
            .args(["--idp-listen", "127.0.0.1:0", "--timeout", "1", "discovery"])
            .args(["--idp-key", concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/keys/published-es256.pem")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let connection = target.accept().unwrap();
        times.push(began.elapsed());
        program.kill().unwrap();
        program.wait().unwrap();
        drop(connection);
    }
    times
}
