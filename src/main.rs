//! The binary: parse, run, exit status. Everything else is the library's.

use std::process::ExitCode;

use clap::Parser as _;
use jagspec::cli::{Cli, Screen, execute};

fn main() -> ExitCode {
    // clap prints its own messages and help, and exits with 2 for a wrong call, as the contract says.
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            Screen::of_process().message(&format!("error: the system gave no threads or timers: {error}\n"));
            return ExitCode::from(3);
        }
    };
    let status = runtime.block_on(execute(cli, &mut Screen::of_process()));
    // A request that a hostile target keeps open must not keep the process.
    runtime.shutdown_background();
    ExitCode::from(status)
}
