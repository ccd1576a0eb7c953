//! `jagspec doctor`: before the first run, what to register at the target, whether discovery works, and whether
//! the IdP's address reaches us.

use std::{fmt::Write as _, time::Duration};

use super::{Stop, lasting_keys, redactor, start_idp, stop, tls_files};
use crate::{
    cli::{RunArguments, Screen, files, settings::settings},
    clock::Clock,
    discovery::Discovery,
    exchange,
    idjag::TYP,
    idp::{Idp, IdpConfig, IssuerRole},
    observation::HttpRequest,
    report::sanitise,
    run,
    settings::{Selection, Settings},
};

/// The target cannot be tested as it is.
const NOT_READY: u8 = 3;

pub(super) async fn doctor(arguments: RunArguments, screen: &Screen) -> Result<u8, Stop> {
    let options = arguments.options.or(files::config(arguments.config.as_deref())?);
    let settings = settings(&options, Selection::default())?;
    let config = IdpConfig {
        listen: options.idp_listen.clone().unwrap_or_else(|| "127.0.0.1:9555".to_owned()),
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
    let reached = check_idp(&idp, &mut text).await;
    let mut ready = reached;
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

/// Fetches the IdP's own metadata by its issuer identifier, as the target will, and looks whether it was this
/// process that answered.
async fn check_idp(idp: &Idp, text: &mut String) -> bool {
    let issuer = idp.issuer();
    let _ = writeln!(text, "The IdP of this machine\n  issuer identifier  {}", issuer.as_str());
    let _ = writeln!(text, "  listens on         {}", idp.listening_on());
    // Its certificate need not be one that this machine trusts: what counts is who answers.
    let lenient = crate::settings::HttpSettings { insecure: true, ..Default::default() };
    let Ok(http) = exchange::Client::new(&lenient, Duration::from_secs(5), None) else { return false };
    let mut reached = false;
    let mut failures = Vec::new();
    for uri in issuer.metadata_uris(IssuerRole::Main) {
        let mark = idp.access_log().mark();
        let observation = http.send(HttpRequest::get(&uri)).await;
        if !idp.access_log().since(mark).is_empty() {
            reached = true;
            break;
        }
        let why = match &observation.result {
            Ok(response) => format!("{uri}: somebody else answered {}", response.status),
            Err(error) => format!("{uri}: {}", error.message),
        };
        failures.push(why);
    }
    if reached {
        text.push_str("  ✓ its address reaches this process from this machine; a target elsewhere may see it otherwise\n");
    } else {
        text.push_str("  ✗ its address does not reach this process from here:\n");
        for failure in failures {
            let _ = writeln!(text, "      {}", sanitise(&failure));
        }
        text.push_str(
            "    A name that only the target resolves (host.docker.internal) is in order, and so is static hosting;\n    \
             else correct --idp-issuer, --idp-listen, or the tunnel between them.\n",
        );
    }
    reached
}

fn check_discovery(discovery: &Discovery, text: &mut String) -> bool {
    text.push_str("\nDiscovery of the target\n");
    for attempt in discovery.tries.iter().chain(&discovery.own_tries) {
        let (mark, what) = match &attempt.document {
            Ok(metadata) => ("✓", format!("issuer {}", metadata.issuer)),
            Err(why) => ("–", why.clone()),
        };
        let _ =
            writeln!(text, "  {mark} {} ({}): {}", attempt.url, attempt.well_known.name(), sanitise(&what));
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
