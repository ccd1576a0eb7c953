//! What a run is told, from command line, environment and config file.

use super::Stop;
use crate::{
    cli::{RunArguments, RunOptions, config::Config, settings::settings},
    settings::Settings,
};

/// What a run is told.
pub(super) struct Told {
    /// The options of all three.
    pub(super) options: RunOptions,
    /// What it is to do.
    pub(super) settings: Settings,
}

impl Told {
    /// Joins command line and environment, which are these arguments, with the config file.
    ///
    /// # Errors
    /// Every mistake of the config file, or the first of the options, at its place where the config file has it.
    pub(super) fn of(arguments: &RunArguments) -> Result<Self, Stop> {
        let typed = &arguments.options;
        let config = Config::read(arguments.config.as_deref())?;
        let name = arguments.target_name.as_deref().filter(|name| !name.is_empty());
        let target = Config::choose(config.as_ref(), name, typed.target.is_some())?;
        let mut from_file = config.as_ref().map(|config| config.options(target)).unwrap_or_default();
        if let Some(config) = &config {
            let variable = from_file.client_secret_env.take().filter(|_| typed.client_secret.is_none());
            if let Some(variable) = variable {
                from_file.client_secret = Some(secret(config, target, "client-secret-env", &variable)?);
            }
            let variable =
                from_file.other_client_secret_env.take().filter(|_| typed.other_client_secret.is_none());
            if let Some(variable) = variable {
                let key = "other-client-secret-env";
                from_file.other_client_secret = Some(secret(config, target, key, &variable)?);
            }
        }
        let options = typed.clone().or(from_file.clone());
        let settings = settings(&options, arguments.selection()?).map_err(|error| {
            let key = error.option.trim_start_matches("--");
            match &config {
                Some(config) if from_file.gives(key) && !typed.gives(key) => {
                    Stop::from(config.problem(&error, target))
                }
                _ => Stop::from(error),
            }
        })?;
        Ok(Self { options, settings })
    }
}

/// The secret that an environment variable holds. An empty one is a mistake here: in CI that is a secret that is not
/// set up.
fn secret(config: &Config, target: Option<&str>, key: &str, variable: &str) -> Result<String, Stop> {
    if let Some(secret) = std::env::var(variable).ok().filter(|secret| !secret.is_empty()) {
        return Ok(secret);
    }
    // What does not look like a variable's name may be the secret itself.
    let is_usual = variable.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let what = if is_usual { format!("`{variable}`") } else { format!("of `{key}`") };
    let flag = key.trim_end_matches("-env");
    let message = format!("the environment variable {what} is not set, or empty");
    let instead = flag.to_uppercase().replace('-', "_");
    let help = format!("set it; or give the secret itself as JAGSPEC_{instead}");
    Err(Stop::from(config.mistake(target, key, message).help(help)))
}
