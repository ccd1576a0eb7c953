//! The config file: options by the names that they have on the command line, and targets by name with options of
//! their own. Every mistake in it is shown at its place, and none shows a secret.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use super::{
    RunOptions, UsageError, files::report_files, hidden::without_secrets, options::SecretOption,
    settings::settings,
};
use crate::{
    problem::{Place, Problem, SourceText, nearest},
    settings::{Selection, Shard},
    suite::load,
    yaml::{self, Path as KeyPath, Positions},
};

/// The config file that is read where `--config` names none.
pub(super) const CONFIG: &str = "jagspec.yaml";

/// The longest name of a target: it becomes part of file names.
const LONGEST_NAME: usize = 100;

/// So many names are listed in a message.
const NAMED: usize = 10;

/// A config file.
#[derive(Debug)]
pub(super) struct Config {
    /// What it says; `targets` holds the targets.
    options: RunOptions,
    positions: Positions,
}

impl Config {
    /// Reads the config file; `None` where none is named and none is there.
    ///
    /// # Errors
    /// The mistakes in it, or why it cannot be read.
    pub(super) fn read(path: Option<&Path>) -> Result<Option<Self>, Vec<Problem>> {
        let path = match path {
            Some(path) => path,
            None if Path::new(CONFIG).is_file() => Path::new(CONFIG),
            None => return Ok(None),
        };
        let source = load::read(path).map_err(|problem| vec![problem])?;
        Self::parse(&source).map(Some)
    }

    fn parse(source: &Arc<SourceText>) -> Result<Self, Vec<Problem>> {
        let parsed = yaml::parse_items::<RunOptions>(source, "targets");
        let mut problems = parsed.problems;
        if let (true, Some(options)) = (problems.is_empty(), parsed.value) {
            let config = Self { options, positions: parsed.positions };
            problems = config.mistakes();
            if problems.is_empty() {
                return Ok(config);
            }
        }
        Err(problems.into_iter().map(|problem| without_secrets(problem, source)).collect())
    }

    /// Every mistake in a config file, also in what only a run makes of it.
    pub(super) fn check(source: &Arc<SourceText>) -> Vec<Problem> {
        let config = match Self::parse(source) {
            Ok(config) => config,
            Err(problems) => return problems,
        };
        let mut problems: Vec<Problem> = Vec::new();
        let whole = (config.targets().is_empty()).then_some(None);
        for target in config.targets().keys().map(|name| Some(name.as_str())).chain(whole) {
            let mut options = config.options(target);
            while let Err(error) = settle_for_check(options.clone()) {
                let problem = config.problem(&error, target);
                // One of the options for all targets is told once.
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
                // What else is wrong shows without it.
                let key = error.option.trim_start_matches("--");
                if !options.gives(key) {
                    break;
                }
                options.remove(key);
            }
        }
        problems
    }

    /// The targets by name.
    pub(super) fn targets(&self) -> &BTreeMap<String, RunOptions> {
        static NONE: BTreeMap<String, RunOptions> = BTreeMap::new();
        self.options.targets.as_ref().unwrap_or(&NONE)
    }

    /// The file, as it was named.
    pub(super) fn name(&self) -> &str {
        &self.positions.source().name
    }

    /// The names of the targets, as they stand in a message.
    fn names(&self) -> String {
        let names: Vec<&str> = self.targets().keys().take(NAMED).map(String::as_str).collect();
        match self.targets().len().saturating_sub(NAMED) {
            0 => names.join(", "),
            more => format!("{} and {more} more, which `jagspec targets` lists", names.join(", ")),
        }
    }

    /// What the file says of a target, with what it says for all; without a name what it says for all.
    pub(super) fn options(&self, target: Option<&str>) -> RunOptions {
        let mut for_all = RunOptions { targets: None, ..self.options.clone() };
        let mut own = target.and_then(|name| self.targets().get(name)).cloned().unwrap_or_default();
        // A secret and the variable that holds one are two ways to say the same.
        for (own, for_all) in own.secrets().into_iter().zip(for_all.secrets()) {
            if own.value.is_some() || own.variable.is_some() {
                *for_all.value = None;
                *for_all.variable = None;
            }
        }
        own.or(for_all)
    }

    /// A mistake in an option that this file has given, at its place.
    pub(super) fn problem(&self, error: &UsageError, target: Option<&str>) -> Problem {
        let key = error.option.trim_start_matches("--");
        self.mistake(target, key, error.to_string())
    }

    /// A mistake in what this file says under a key, without a secret that stands there.
    pub(super) fn mistake(&self, target: Option<&str>, key: &str, message: String) -> Problem {
        without_secrets(Problem::new(self.place(target, key), message), self.positions.source())
    }

    /// The place of an option's value: of the target, else of those for all; where neither has it, of the target.
    fn place(&self, target: Option<&str>, key: &str) -> Place {
        let targets = KeyPath::ROOT.key("targets");
        if let Some(name) = target {
            let path = targets.key(name);
            if self.positions.has(&path.key(key)) || !self.positions.has(&KeyPath::ROOT.key(key)) {
                let has = self.positions.has(&path.key(key));
                return if has { self.positions.value(&path.key(key)) } else { self.positions.key(&path) };
            }
        }
        self.positions.value(&KeyPath::ROOT.key(key))
    }

    /// Chooses a target: by name where one is given, none where `elsewhere` names the target by its address.
    ///
    /// # Errors
    /// A name that the file does not have, and no choice where it has targets.
    pub(super) fn choose<'a>(
        config: Option<&Self>,
        name: Option<&'a str>,
        elsewhere: bool,
    ) -> Result<Option<&'a str>, UsageError> {
        let wrong = |problem: String| UsageError { option: "--target-name", problem };
        let has_targets = config.filter(|config| !config.targets().is_empty());
        match (name, has_targets) {
            (None, Some(config)) if !elsewhere => Err(wrong(format!(
                "{} has {} targets and none is chosen; add --target-name NAME ({}), or --target URL",
                config.name(),
                config.targets().len(),
                config.names()
            ))),
            (None, _) => Ok(None),
            (Some(_), _) if elsewhere => Err(wrong(
                "--target and --target-name (or JAGSPEC_TARGET and JAGSPEC_TARGET_NAME) both say what is the target; \
                 leave one of them out"
                    .to_owned(),
            )),
            (Some(_), None) => Err(wrong(match config {
                Some(config) => format!("{} has no `targets`", config.name()),
                None => format!("there is no {CONFIG} that names targets; name the file with --config"),
            })),
            (Some(name), Some(config)) if config.targets().contains_key(name) => Ok(Some(name)),
            (Some(name), Some(config)) => {
                let near = nearest(name, config.targets().keys().map(String::as_str));
                let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                Err(wrong(format!("{} has no target `{name}`{hint} ({})", config.name(), config.names())))
            }
        }
    }

    /// What the types do not say.
    fn mistakes(&self) -> Vec<Problem> {
        let mut problems = self.mistakes_of(&self.options, &KeyPath::ROOT);
        let targets = KeyPath::ROOT.key("targets");
        for (name, options) in self.targets() {
            let path = targets.key(name);
            problems.extend(self.mistakes_of(options, &path));
            let key = || self.positions.key(&path);
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
            if !begins || !name.chars().all(is_plain) || name.len() > LONGEST_NAME {
                let problem = Problem::new(key(), "not a name for a target");
                problems.push(problem.help(format!(
                    "letters, digits, `-`, `_` and `.`, the first a letter or a digit, {LONGEST_NAME} at most: it \
                     becomes part of file names"
                )));
            }
            if let Some(nested) = &options.targets {
                let place = self.positions.key(&path.key("targets"));
                let count = nested.len();
                let problem = Problem::new(place, format!("{count} targets within a target"));
                problems.push(problem.help("`targets` stands at the left margin only"));
            }
            if options.target.is_none() && self.options.target.is_none() {
                let problem = Problem::new(key(), format!("the target `{name}` has no `target`"));
                problems.push(problem.help("add its issuer identifier: `target: https://…`"));
            }
        }
        if self.options.targets.as_ref().is_some_and(BTreeMap::is_empty) {
            let problem = Problem::new(self.positions.key(&targets), "no targets");
            problems.push(problem.help("add one (`NAME: { target: https://… }`), or remove the key"));
        }
        problems
    }

    fn mistakes_of(&self, options: &RunOptions, path: &KeyPath<'_>) -> Vec<Problem> {
        let mut problems = Vec::new();
        for SecretOption { key: secret_key, value, variable } in options.clone().secrets() {
            let key = format!("{secret_key}-env");
            let Some(variable) = variable else { continue };
            if value.is_some() {
                let problem = Problem::new(
                    self.positions.key(&path.key(&key)),
                    format!("both `{secret_key}` and `{key}`"),
                );
                problems.push(problem.help("leave one of them out"));
            }
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if variable.is_empty()
                || !variable.chars().all(is_plain)
                || variable.starts_with(|c: char| c.is_ascii_digit())
            {
                let place = self.positions.value(&path.key(&key));
                let problem = Problem::new(place, "not the name of an environment variable");
                problems.push(
                    problem
                        .help(format!("such as ORDERS_CLIENT_SECRET; the secret itself is `{secret_key}`")),
                );
            }
        }
        if let Some(shards) = options.shards
            && !(1..=Shard::MOST).contains(&shards)
        {
            let place = self.positions.value(&path.key("shards"));
            problems.push(
                Problem::new(place, format!("{shards} shards"))
                    .help(format!("1 for all cases in one run, {} at most", Shard::MOST)),
            );
        }
        problems
    }
}

/// Whether a run could be made of these options, as far as the file is to blame: what environment and command line
/// may add is taken for given.
fn settle_for_check(mut options: RunOptions) -> Result<(), UsageError> {
    let given = |text: &str| Some(text.to_owned());
    options.target = options.target.or_else(|| given("https://as.example"));
    for secret in options.secrets() {
        if secret.variable.is_some() {
            *secret.value = given("secret");
        }
    }
    for (secret, id, name) in [
        (&options.client_secret, &mut options.client_id, "client"),
        (&options.other_client_secret, &mut options.other_client_id, "other client"),
        (&options.unauthorized_client_secret, &mut options.unauthorized_client_id, "unauthorized client"),
    ] {
        if secret.is_some() && id.is_none() {
            *id = given(name);
        }
    }
    // A method that needs a secret may get it from the environment.
    if options.client_secret.is_none() && options.client_auth.as_deref() != Some("none") {
        options.client_secret = given("secret");
        options.client_id = options.client_id.or_else(|| given("client"));
    }
    settings(&options, Selection::default())?;
    report_files(options.report.as_deref().unwrap_or_default())?;
    Ok(())
}
