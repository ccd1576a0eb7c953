//! `jagspec completions`: what a shell completes, from the definitions of the command line.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use super::{Stop, stop};
use crate::cli::{Cli, Screen};

pub(super) fn completions(shell: Shell, screen: &Screen) -> Result<u8, Stop> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "jagspec", &mut script);
    screen.result(&String::from_utf8(script).map_err(stop)?);
    Ok(0)
}
