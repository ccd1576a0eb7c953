//! `jagspec doctor`: before the first run, what to register at the target, whether discovery works, and whether
//! the IdP's address reaches us.

use std::fmt::Write as _;

use super::{
    Stop, lasting_keys,
    reach::{Reach, reach},
    redactor, start_idp, stop, tls_files,
};
use crate::{
    cli::{RunArguments, Screen, files, settings::settings},
    clock::Clock,
    discovery::Discovery,
    exchange,
    idjag::TYP,
    idp::{Idp, IdpConfig, IssuerRole},
    report::sanitise,
    run,
    settings::{IDP_LISTEN, Selection, Settings},
};

/// The target cannot be tested as it is.
const NOT_READY: u8 = 3;

pub(super) async fn doctor(arguments: RunArguments, screen: &Screen) -> Result<u8, Stop> {
    let options = arguments.options.or(files::config(arguments.config.as_deref())?);
    let settings = settings(&options, Selection::default())?;
    let config = IdpConfig {
        listen: options.idp_listen.clone().unwrap_or_else(|| IDP_LISTEN.to_owned()),
        issuer: options.idp_issuer.clone(),
        keyring: lasting_keys(options.idp_key.as_ref(), screen)?,
        tls: tls_files(options.idp_tls_cert.as_ref(), options.idp_tls_key.as_ref())?,
        clock: Clock::System,
    };
    let idp = start_idp(config, screen).await?;
    let http = exchange::Client::new(&settings.http, settings.timeout, None)
        .map_err(stop)?
        .with_gateway(&settings.target);
    let mut text = String::new();
    let mut ready = check_idp(&idp, options.idp_issuer.is_some(), &mut text).await;
    if settings.embedded {
        text.push_str(
            "\nNo --target: nothing else is checked. The embedded playground needs no registration.\n",
        );
    } else {
        let discovery = run::discover(&http, &settings.target).await;
        ready &= check_discovery(&discovery, &mut text);
        register(&settings, &idp, Some(&discovery), &mut text);
    }
    if settings.embedded {
        register(&settings, &idp, None, &mut text);
    }
    idp.stop().await;
    let _ = writeln!(
        text,
        "\n{}",
        if ready {
            "Ready: register the above, then run jagspec."
        } else {
            "Not ready: see the lines marked ✗."
        }
    );
    // A target may throw back what it was sent.
    screen.result(&redactor(&settings).redact_text(&text));
    Ok(if ready { 0 } else { NOT_READY })
}

/// Says who answers at the IdP's address. Whether a run can succeed is only doubtful where that is nobody's business
/// but this machine's: at the default address, or where others serve other keys.
async fn check_idp(idp: &Idp, named: bool, text: &mut String) -> bool {
    let issuer = idp.issuer();
    let _ = writeln!(text, "The IdP of this machine\n  issuer identifier  {}", issuer.as_str());
    let _ = writeln!(text, "  listens on         {}", idp.listening_on());
    let (ready, line) = match reach(idp).await {
        Reach::Here => (
            true,
            "✓ its address reaches this process from this machine; a target elsewhere may see it otherwise"
                .to_owned(),
        ),
        Reach::SameKeysElsewhere => (
            true,
            "✓ somebody else serves its keys: static files; cases that change keys are skipped".to_owned(),
        ),
        Reach::OtherKeys(seen) => (
            false,
            format!(
                "✗ {}, and not with these keys: correct --idp-issuer, write the files anew (jagspec idp export), or \
                 give the key that they hold (--idp-key)",
                sanitise(&seen)
            ),
        ),
        Reach::Nobody(seen) if named => (
            true,
            format!(
                "– cannot be reached from here ({}): in order for a name that only the target resolves, such as \
                 host.docker.internal",
                sanitise(&seen)
            ),
        ),
        Reach::Nobody(seen) => {
            (false, format!("✗ its address does not reach this process: {}", sanitise(&seen)))
        }
    };
    let _ = writeln!(text, "  {line}");
    ready
}

fn check_discovery(discovery: &Discovery, text: &mut String) -> bool {
    text.push_str("\nDiscovery of the target\n");
    for attempt in discovery.tries.iter().chain(&discovery.own_tries) {
        let (mark, what) = match &attempt.document {
            Ok(metadata) => ("✓", format!("issuer {}", metadata.issuer)),
            Err(why) => ("–", why.clone()),
        };
        let _ = writeln!(
            text,
            "  {mark} {} ({}): {}",
            sanitise(&attempt.url),
            attempt.well_known.name(),
            sanitise(&what)
        );
    }
    let found = discovery.metadata().is_some();
    if !found {
        text.push_str("  ✗ no metadata document; jagspec explain registration.discovery-failed\n");
    }
    match (&discovery.token_endpoint_answer, discovery.token_endpoint()) {
        (Some(answer), Some(endpoint)) => {
            let (mark, what) = match &answer.result {
                Ok(response) if response.oauth_error().is_some() => ("✓", response.summary()),
                Ok(response) => ("✗", response.summary()),
                Err(error) => ("✗", error.message.clone()),
            };
            let _ = writeln!(text, "  {mark} POST {}: {}", sanitise(&endpoint), sanitise(&what));
            found && mark == "✓"
        }
        _ => {
            text.push_str("  ✗ no token endpoint; jagspec explain jwt-bearer.token-endpoint-not-found\n");
            false
        }
    }
}

fn register(settings: &Settings, idp: &Idp, discovery: Option<&Discovery>, text: &mut String) {
    let issuer = idp.issuer();
    let audience = discovery.map_or("the target's issuer identifier", |discovery| discovery.issuer());
    let client = settings.client.as_ref().map_or("(set --client-id)", |client| client.id.as_str());
    let algorithms: Vec<&str> = idp.keyring().algorithms().iter().map(|algorithm| algorithm.name()).collect();
    let _ = write!(
        text,
        "\nRegister at the target\n  trusted issuer     {}\n  its JWKS           {}\n  its algorithms     {}\n  \
         client             {client}, allowed the grant urn:ietf:params:oauth:grant-type:jwt-bearer\n  \
         scope, resource    {}, {}\n  subject            {}\n\nEvery ID-JAG of a run then has\n  typ                {TYP}\n  \
         iss                {}\n  aud                {}\n  client_id          {client}\n",
        issuer.as_str(),
        idp.jwks_uri(),
        algorithms.join(", "),
        settings.scope.as_deref().unwrap_or("none (--scope)"),
        settings.resource.as_deref().unwrap_or("none (--resource)"),
        settings.subject,
        issuer.as_str(),
        sanitise(audience),
    );
    let _ = writeln!(
        text,
        "\nFor more cases, register a second client (--other-client-id) and the second issuer\n  {} (--other-idp-issuer)",
        issuer.of(IssuerRole::Other)
    );
}
