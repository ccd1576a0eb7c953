//! The main job: start what is to be started, run, report.

use std::sync::Arc;

use clap::CommandFactory as _;
use tokio::sync::watch;

use super::{
    Stop, algorithm,
    interruption::Interruptions,
    lasting_keys, load_suites,
    publish::Outputs,
    reach::{Reach, reach},
    redactor, start_idp, stop, tls_files,
};
use crate::{
    cli::{Cli, RunArguments, RunOptions, Screen, Started, baseline::Baseline, files, settings::settings},
    clock::Clock,
    idp::{IdpConfig, IssuerRole, key_store},
    plan,
    playground::{Playground, PlaygroundConfig, Policies},
    problem::nearest,
    run::{Ids, Progress, Run},
    settings::{Client, IDP_LISTEN, SUBJECT, Secret, Selection, Settings},
};

pub(super) async fn run(arguments: RunArguments, screen: &mut Screen) -> Result<u8, Stop> {
    let options = arguments.options.or(files::config(arguments.config.as_deref())?);
    let selection = Selection { filters: arguments.filter, exact: arguments.exact, skip: arguments.skip };
    let settings = settings(&options, selection)?;
    let baseline = Baseline::path(&options)?;
    let outputs = Outputs::of(&options, screen)?;
    let (registry, suites) = load_suites(options.suite.as_deref().unwrap_or_default())?;
    let baseline = baseline.map(|path| Baseline::read(path, &options, &suites)).transpose()?;
    if plan::select(&suites, &settings).is_empty() {
        return Err(stop(nothing_selected(&settings.selection)));
    }

    // The embedded playground shares the run's clock, which stands still: its cool-downs cost nobody time.
    let clock = if settings.embedded { Clock::at(Clock::System.now()) } else { Clock::System };
    let today = clock.now();
    let idp = idp(&options, &settings, &clock, screen).await?;
    let playground = if settings.embedded { Some(playground(&idp, &settings, &clock).await?) } else { None };
    let mut settings = settings.started(started(&idp, playground.as_ref(), &options));
    settings.algorithm = algorithm(&settings, idp.keyring());
    // Only where the issuer was named can somebody else be serving its keys.
    settings.idp_static = options.idp_issuer.is_some() && reach(&idp).await == Reach::SameKeysElsewhere;
    let settings = Arc::new(settings);
    let (interrupt, interruption) = watch::channel(false);
    tokio::spawn(Interruptions::listen().end(interrupt));
    let run = Run {
        settings: settings.clone(),
        suites: &suites,
        registry: &registry,
        idp: &idp,
        clock,
        ids: Arc::new(Ids::random()),
        interrupted: interruption,
        progress: &|progress: Progress<'_>| screen.progress(progress),
    };
    let report = run.carry_out().await.map_err(stop);
    screen.clear_progress();
    let mut report = report?;
    idp.stop().await;
    if let Some(playground) = playground {
        playground.stop().await;
    }
    let written = baseline.is_none_or(|it| it.apply(&mut report, settings.profile, today, screen));
    if !settings.show_secrets {
        redactor(&settings).redact_report(&mut report);
    }
    match outputs.publish(report, &registry, screen) {
        0 if !written => Ok(1),
        status => Ok(status),
    }
}

/// What was asked for, in words, and what was perhaps meant.
fn nothing_selected(selection: &Selection) -> String {
    let quoted =
        |words: &[String]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let mut asked = match selection.filters.as_slice() {
        [] => "no case is left".to_owned(),
        filters if selection.exact => format!("no case is named {}", quoted(filters)),
        filters => format!("no case has {} in its name", quoted(filters)),
    };
    if !selection.skip.is_empty() {
        asked.push_str(&format!(" without those of --skip {}", quoted(&selection.skip)));
    }
    let commands = Cli::command();
    let commands = commands.get_subcommands().map(clap::Command::get_name);
    let meant = selection.filters.first().and_then(|first| nearest(first, commands));
    match meant {
        Some(command) => format!("{asked}; did you mean the command `jagspec {command}`?"),
        None => format!("{asked}; `jagspec list` shows the names"),
    }
}

/// The IdP: with the playground on an ephemeral port with the public test keys, else where the target expects it.
async fn idp(
    options: &RunOptions,
    settings: &Settings,
    clock: &Clock,
    screen: &Screen,
) -> Result<crate::idp::Idp, Stop> {
    let default_listen = if settings.embedded { "127.0.0.1:0" } else { IDP_LISTEN };
    let keyring = if settings.embedded && options.idp_key.is_none() {
        key_store::fixed()
    } else {
        lasting_keys(options.idp_key.as_ref(), screen)?
    };
    let config = IdpConfig {
        listen: options.idp_listen.clone().unwrap_or_else(|| default_listen.to_owned()),
        issuer: options.idp_issuer.clone(),
        keyring,
        tls: tls_files(options.idp_tls_cert.as_ref(), options.idp_tls_key.as_ref())?,
        clock: clock.clone(),
    };
    start_idp(config, screen).await
}

async fn playground(idp: &crate::idp::Idp, settings: &Settings, clock: &Clock) -> Result<Playground, Stop> {
    let issuer = idp.issuer();
    let mut trusted = vec![issuer.as_str().to_owned()];
    if settings.other_idp_issuer {
        trusted.push(issuer.of(IssuerRole::Other));
    }
    let config = PlaygroundConfig {
        policies: Policies::named(&settings.policies, settings.profile),
        clock: clock.clone(),
        ..PlaygroundConfig::new(trusted)
    };
    Playground::start(config).await.map_err(stop)
}

/// What only the started IdP and playground know.
fn started(idp: &crate::idp::Idp, playground: Option<&Playground>, options: &RunOptions) -> Started {
    let client = |client: &crate::playground::RegisteredClient| Client {
        id: client.id.to_owned(),
        secret: client.secret.map(Secret::new),
    };
    Started {
        target: match playground {
            Some(playground) => playground.issuer().to_owned(),
            None => options.target.clone().unwrap_or_default(),
        },
        idp_issuer: idp.issuer().as_str().to_owned(),
        client: playground.map(|_| client(&Playground::CLIENT)),
        other_client: playground.map(|_| client(&Playground::OTHER_CLIENT)),
        scope: playground.map(|_| Playground::SCOPES[0].to_owned()),
        resource: playground.map(|_| Playground::RESOURCES[0].to_owned()),
        other_resource: playground.map(|_| Playground::RESOURCES[1].to_owned()),
        // It keeps the subject of its first issuer.
        expect_subject: playground.map(|_| options.subject.clone().unwrap_or_else(|| SUBJECT.to_owned())),
    }
}
