//! The commands, one file each.

mod check;
mod completions;
mod decode;
mod diff;
mod doctor;
mod explain;
mod idp;
mod interruption;
mod list;
mod merge;
mod mint;
mod playground;
mod publish;
mod reach;
mod run;
mod targets;
mod told;

use std::path::PathBuf;

use super::{Cli, Command, Screen, USAGE, UsageError, config_schema};
use crate::{
    idp::{Idp, IdpConfig, Keyring, TlsFiles, key_store},
    keys::Algorithm,
    known_failures,
    problem::{self, Problem},
    report::redact::Redactor,
    settings::Settings,
    suite::{Suite, load, registry::Registry, schema},
};

/// The status of a command that went well, but for a report or a result that could not be written.
const NOT_WRITTEN: u8 = 1;

/// So many things that are wrong are told at once.
const MOST_MESSAGES: usize = 50;

/// Carries a command out and returns its exit status.
pub async fn execute(cli: Cli, screen: &mut Screen) -> u8 {
    let outcome = match cli.command {
        None => run::run(cli.run, screen).await,
        Some(Command::List(arguments)) => list::list(&arguments, screen),
        Some(Command::Explain { id }) => explain::explain(&id, screen),
        Some(Command::Check { files }) => check::check(&files, screen),
        Some(Command::Schema { kind }) => {
            screen.result(&match kind.as_str() {
                "config" => config_schema(),
                "baseline" => known_failures::file::schema(),
                _ => schema::suite_schema(),
            });
            Ok(0)
        }
        Some(Command::Merge(arguments)) => merge::merge(arguments, screen),
        Some(Command::Diff(arguments)) => diff::diff(&arguments, screen),
        Some(Command::Targets(arguments)) => targets::targets(&arguments, screen),
        Some(Command::Completions { shell }) => completions::completions(shell, screen),
        Some(Command::Doctor(arguments)) => doctor::doctor(*arguments, screen).await,
        Some(Command::Idp(command)) => idp::idp(command, screen).await,
        Some(Command::Mint(arguments)) => mint::mint(*arguments, screen),
        Some(Command::Decode(arguments)) => decode::decode(&arguments, screen),
        Some(Command::Playground(arguments)) => playground::playground(arguments, screen).await,
    };
    match outcome {
        Ok(0) if screen.has_lost_a_result() => NOT_WRITTEN,
        Ok(status) => status,
        Err(Stop::Files(mut problems)) => {
            problem::sort(&mut problems);
            screen.message(&problem::render(&problems, screen.colour_messages()));
            USAGE
        }
        Err(Stop::Messages(messages)) => {
            for message in messages.iter().take(MOST_MESSAGES) {
                screen.message(&format!("error: {message}\n"));
            }
            if messages.len() > MOST_MESSAGES {
                screen.message(&format!("error: and {} more\n", messages.len() - MOST_MESSAGES));
            }
            USAGE
        }
    }
}

/// Why a command stops before it has done anything: exit status 2.
enum Stop {
    /// Mistakes in files, each shown at its place.
    Files(Vec<Problem>),
    /// One sentence for each thing that is wrong, which names it and the mend.
    Messages(Vec<String>),
}

impl From<Vec<Problem>> for Stop {
    fn from(problems: Vec<Problem>) -> Self {
        Stop::Files(problems)
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Stop::Files(vec![problem])
    }
}

impl From<UsageError> for Stop {
    fn from(error: UsageError) -> Self {
        stop(error)
    }
}

fn stop(error: impl std::fmt::Display) -> Stop {
    Stop::Messages(vec![error.to_string()])
}

/// The registry and the suites: of these paths, or the shipped ones.
fn load_suites(paths: &[PathBuf]) -> Result<(Registry, Vec<Suite>), Stop> {
    let registry = Registry::embedded()?;
    let suites = if paths.is_empty() {
        load::shipped_suites(&registry)?
    } else {
        load::suites_from_disk(paths, &registry)?
    };
    Ok((registry, suites))
}

/// The keys of an IdP that a target is to trust beyond this run, with that of the client.
fn lasting_keys(
    idp_key: Option<&PathBuf>,
    client_key: Option<&PathBuf>,
    screen: &Screen,
) -> Result<Keyring, Stop> {
    with_client_key(idp_keys(idp_key, screen)?, client_key)
}

/// The keyring with the key of `--client-key`.
fn with_client_key(keyring: Keyring, client_key: Option<&PathBuf>) -> Result<Keyring, Stop> {
    let Some(path) = client_key else { return Ok(keyring) };
    let of_option = |error: &dyn std::fmt::Display| stop(format!("--client-key: {error}"));
    let key = key_store::from_file(path).map_err(|error| of_option(&error))?;
    keyring.with_client_key(key).map_err(|error| of_option(&error))
}

fn idp_keys(idp_key: Option<&PathBuf>, screen: &Screen) -> Result<Keyring, Stop> {
    if let Some(path) = idp_key {
        let key = key_store::from_file(path).map_err(|error| stop(format!("--idp-key: {error}")))?;
        return Ok(key_store::fresh().publishing(key));
    }
    let folder = key_store::state_folder().map_err(stop)?;
    let (keyring, warnings) = key_store::from_state_folder(&folder).map_err(stop)?;
    for warning in warnings {
        screen.message(&format!("warning: {warning}\n"));
    }
    Ok(keyring)
}

/// The algorithm of the well-formed ID-JAG: the type of the one key that is published decides, where none was asked
/// for.
fn algorithm(settings: &Settings, keyring: &Keyring) -> Algorithm {
    let first = keyring.algorithms().into_iter().next();
    first.filter(|_| settings.idp.key.is_some() && !settings.algorithm_fixed).unwrap_or(settings.algorithm)
}

/// Starts the IdP, and warns where it listens beyond the loopback interface.
async fn start_idp(config: IdpConfig, screen: &Screen) -> Result<Idp, Stop> {
    let idp = Idp::start(config).await.map_err(stop)?;
    if !idp.listening_on().ip().is_loopback() {
        screen.message(&format!(
            "warning: the IdP listens on {}, beyond this machine: whoever reaches it sees its public keys, nothing more\n",
            idp.listening_on()
        ));
    }
    Ok(idp)
}

/// Certificate and key, where both are given.
fn tls_files(cert: Option<&PathBuf>, key: Option<&PathBuf>) -> Result<Option<TlsFiles>, Stop> {
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some(TlsFiles { certificate: cert.clone(), key: key.clone() })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(stop("--idp-tls-cert: a certificate without its key; add --idp-tls-key FILE")),
        (None, Some(_)) => Err(stop("--idp-tls-key: a key without its certificate; add --idp-tls-cert FILE")),
    }
}

/// Every secret of the run.
fn redactor(settings: &Settings) -> Redactor {
    let further = settings.other_client.iter().chain(&settings.unauthorized_client);
    let clients = settings.client.iter().chain(further);
    let secrets = clients.filter_map(|client| client.secret.clone()).collect();
    Redactor::with_headers(secrets, settings.http.headers.iter().cloned())
}
