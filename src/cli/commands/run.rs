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
    told::Told,
    with_client_key,
};
use crate::{
    cli::{
        Cli, RunArguments, RunOptions, Screen, Started,
        baseline::{Baseline, case_names},
    },
    clock::Clock,
    idp::{IdpConfig, IssuerRole, key_store},
    plan,
    playground::{Playground, PlaygroundConfig, Policies},
    problem::nearest,
    run::{Ids, Progress, Run},
    settings::{Client, IDP_LISTEN, SUBJECT, Secret, Selection, Settings},
    suite::Suite,
    token_request::ClientAuthenticationMethod,
};

pub(super) async fn run(arguments: RunArguments, screen: &mut Screen) -> Result<u8, Stop> {
    let told = Told::of(&arguments)?;
    let settings = told.settings(arguments.selection()?)?;
    let options = told.options;
    let baseline = Baseline::path(&options)?;
    let outputs = Outputs::of(&options, screen)?;
    let (registry, suites) = load_suites(options.suite.as_deref().unwrap_or_default())?;
    let write_baseline = options.write_baseline.unwrap_or(false);
    let baseline =
        baseline.map(|path| Baseline::read(path, write_baseline, case_names(&suites))).transpose()?;
    if plan::select(&suites, &settings.selection).is_empty() {
        return Err(stop(nothing_selected(&suites, &settings.selection)));
    }

    // The embedded playground shares the run's clock, which stands still: its cool-downs cost nobody time.
    let clock = if settings.embedded { Clock::at(Clock::System.now()) } else { Clock::System };
    let today = clock.now();
    let idp = idp(&options, &settings, &clock, screen).await?;
    let playground = if settings.embedded { Some(playground(&idp, &settings, &clock).await?) } else { None };
    let started = started(&idp, playground.as_ref(), &options, settings.client_auth);
    let mut settings = settings.started(started);
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
fn nothing_selected(suites: &[Suite], selection: &Selection) -> String {
    if let Some(shard) = selection.shard {
        let whole = Selection { shard: None, ..selection.clone() };
        let cases = plan::select(suites, &whole).len();
        if cases > 0 {
            let (case, part) = if cases == 1 { ("case is", "part") } else { ("cases are", "parts") };
            return format!(
                "--shard {shard}: no case is left for this part: {cases} {case} selected, so that there can be {cases} \
                 {part} at most"
            );
        }
    }
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
        with_client_key(key_store::fixed(), options.client_key.as_ref())?
    } else {
        lasting_keys(options.idp_key.as_ref(), options.client_key.as_ref(), screen)?
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
        client_auth: settings.client_auth,
        clock: clock.clone(),
        ..PlaygroundConfig::new(trusted)
    };
    Playground::start(config).await.map_err(stop)
}

/// What only the started IdP and playground know.
fn started(
    idp: &crate::idp::Idp,
    playground: Option<&Playground>,
    options: &RunOptions,
    client_auth: Option<ClientAuthenticationMethod>,
) -> Started {
    let client = |client: &crate::playground::RegisteredClient| Client {
        id: client.id.to_owned(),
        secret: client.secret.map(Secret::new),
        has_key: client.has_key && idp.keyring().client_key_type().is_some(),
    };
    let first = Playground::client(client_auth);
    let public = Playground::client(Some(ClientAuthenticationMethod::None));
    Started {
        target: match playground {
            Some(playground) => playground.issuer().to_owned(),
            None => options.target.clone().unwrap_or_default(),
        },
        idp_issuer: idp.issuer().as_str().to_owned(),
        client: playground.map(|_| client(&first)),
        other_client: playground.map(|_| client(&Playground::OTHER_CLIENT)),
        unauthorized_client: playground.map(|_| client(&Playground::UNAUTHORIZED_CLIENT)),
        public_client: playground.filter(|_| first.id != public.id).map(|_| client(&public)),
        scope: playground.map(|_| Playground::SCOPES[0].to_owned()),
        resource: playground.map(|_| Playground::RESOURCES[0].to_owned()),
        other_resource: playground.map(|_| Playground::RESOURCES[1].to_owned()),
        // It keeps the subject of its first issuer.
        expect_subject: playground.map(|_| options.subject.clone().unwrap_or_else(|| SUBJECT.to_owned())),
    }
}
