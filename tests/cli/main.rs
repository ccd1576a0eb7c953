//! The command line: every wrong call ends in a message that names the thing and the mend, before anything is sent;
//! every command does what its help says.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on may panic")]

#[path = "../folder/mod.rs"]
mod folder;
#[path = "../program/mod.rs"]
mod program;

mod baseline;
mod commands;
mod config;
mod decode;
mod faults;
mod mint;
mod reports;
mod runs;
mod wrong_calls;

use std::{
    net::TcpListener,
    process,
    sync::atomic::{AtomicU16, Ordering},
};

use program::Program;

/// A target at which nobody may knock.
struct Untouched(TcpListener);

impl Untouched {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    /// A run against it.
    fn run(&self) -> Program {
        Program::new(["--target", &self.url(), "--client-id", "ci", "--client-secret", "s3cr3t"])
            .with(["--idp-listen", "127.0.0.1:0"])
    }
}

impl Drop for Untouched {
    fn drop(&mut self) {
        // A second panic would hide the first.
        if !std::thread::panicking() {
            assert!(self.0.accept().is_err(), "something was sent");
        }
    }
}

/// A port that nobody has, below those that the system gives out by itself.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = u16::try_from(process::id() % 500).unwrap() * 18;
    (0..1000)
        .map(|_| 10_000 + (begin + NEXT.fetch_add(1, Ordering::Relaxed)) % 9_500)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}
