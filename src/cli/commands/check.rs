//! `jagspec check`: every mistake in suite files, config files and baselines.

use std::path::PathBuf;

use super::Stop;
use crate::{
    cli::{Screen, baseline, files},
    problem::Problem,
    suite::{check_files, registry::Registry},
};

pub(super) fn check(paths: &[PathBuf], screen: &Screen) -> Result<u8, Stop> {
    let registry = Registry::embedded()?;
    let config = |source: &_| files::parse_config(source).err().into_iter().collect::<Vec<Problem>>();
    let problems = check_files(paths, &registry, &config, &baseline::check);
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let files =
        if paths.len() == 1 { "1 file has".to_owned() } else { format!("{} files have", paths.len()) };
    screen.result(&format!("{files} no mistake\n"));
    Ok(0)
}
