//! What a command is told, from command line, environment and config file.

use std::path::Path;

use super::Stop;
use crate::{
    cli::{RunArguments, RunOptions, config::Config, settings::settings},
    settings::{Selection, Settings},
};

/// The options of all three.
pub(super) struct Told {
    /// The options.
    pub(super) options: RunOptions,
    typed: RunOptions,
    config: Option<Config>,
    target: Option<String>,
}

impl Told {
    /// What a run is told.
    ///
    /// # Errors
    /// As [`Told::join`].
    pub(super) fn of(arguments: &RunArguments) -> Result<Self, Stop> {
        Self::join(&arguments.options, arguments.config.as_deref(), arguments.target_name.as_deref())
    }

    /// Joins command line and environment, which have `typed`, with the config file and its target of this name.
    ///
    /// # Errors
    /// Every mistake of the config file; a target that is not there, or is to be chosen; a secret that is not where
    /// the file says.
    pub(super) fn join(
        typed: &RunOptions,
        config: Option<&Path>,
        target_name: Option<&str>,
    ) -> Result<Self, Stop> {
        let config = Config::read(config)?;
        let name = target_name.filter(|name| !name.is_empty());
        let target = Config::choose(config.as_ref(), name, typed.target.is_some())?;
        let mut from_file = config.as_ref().map(|config| config.options(target)).unwrap_or_default();
        for (typed, secret) in typed.clone().secrets().into_iter().zip(from_file.secrets()) {
            if let (Some(config), Some(variable), None) = (&config, secret.variable.take(), typed.value) {
                *secret.value = Some(read_secret(config, target, secret.key, &variable)?);
            }
        }
        let options = typed.clone().or(from_file);
        let target = target.map(str::to_owned);
        Ok(Self { options, typed: typed.clone(), config, target })
    }

    /// What is to be done.
    ///
    /// # Errors
    /// The first mistake in the options, at its place where the config file has it.
    pub(super) fn settings(&self, selection: Selection) -> Result<Settings, Stop> {
        settings(&self.options, selection).map_err(|error| {
            let key = error.option.trim_start_matches("--");
            match &self.config {
                Some(config) if self.options.gives(key) && !self.typed.gives(key) => {
                    Stop::from(config.problem(&error, self.target.as_deref()))
                }
                _ => Stop::from(error),
            }
        })
    }
}

/// The secret that an environment variable holds. An empty one is a mistake here: in CI that is a secret that is not
/// set up.
fn read_secret(config: &Config, target: Option<&str>, key: &str, variable: &str) -> Result<String, Stop> {
    if let Some(secret) = std::env::var(variable).ok().filter(|secret| !secret.is_empty()) {
        return Ok(secret);
    }
    // What does not look like a variable's name may be the secret itself.
    let is_usual = variable.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let what = if is_usual { format!("`{variable}`") } else { format!("of `{key}-env`") };
    let message = format!("the environment variable {what} is not set, or empty");
    let instead = key.to_uppercase().replace('-', "_");
    let help = format!("set it; or give the secret itself as JAGSPEC_{instead}");
    Err(Stop::from(config.mistake(target, &format!("{key}-env"), message).help(help)))
}
