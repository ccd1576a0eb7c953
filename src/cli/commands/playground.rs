//! `jagspec playground`: serves the embedded playground, correct or with faults.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{Stop, interruption::Interruptions, stop};
use crate::{
    cli::{PlaygroundArguments, Screen},
    idp::{Issuer, IssuerRole},
    playground::{Fault, Playground, PlaygroundConfig},
    report::shell::quoted,
};

pub(super) async fn playground(arguments: PlaygroundArguments, screen: &Screen) -> Result<u8, Stop> {
    if arguments.list_faults {
        screen.result(&list_faults());
        return Ok(0);
    }
    let faults = arguments
        .fault
        .iter()
        .map(|name| name.parse())
        .collect::<Result<BTreeSet<Fault>, _>>()
        .map_err(stop)?;
    let listen: std::net::SocketAddr = arguments.listen.parse().map_err(|_| {
        stop(format!("--listen: `{}` is not ADDRESS:PORT, as in 127.0.0.1:9556", arguments.listen))
    })?;
    if !listen.ip().is_loopback() {
        screen.message("warning: the playground listens beyond this machine; it is made for tests, its secrets are public\n");
    }
    let idp = arguments.idp_issuer;
    let other = Issuer::parse(&idp).map_err(stop)?.of(IssuerRole::Other);
    let config = PlaygroundConfig {
        listen,
        issuer_path: arguments.issuer_path,
        faults,
        ..PlaygroundConfig::new([idp.clone(), other])
    };
    let names: Vec<&str> = config.faults.iter().map(|fault| fault.name()).collect();
    let behaviour = if names.is_empty() { "correct".to_owned() } else { names.join(", ") };
    let mut interruptions = Interruptions::listen();
    let playground = Playground::start(config).await.map_err(stop)?;
    screen.result(&format!(
        "issuer    {}\ntrusts    {idp}\nbehaviour {behaviour}\n\nRun in another terminal:\n  jagspec --target {} \\\n    \
         --client-id {} --client-secret {} \\\n    --other-client-id {} --other-client-secret {} \\\n    \
         --scope {} --resource {} --other-resource {} --other-idp-issuer\n\nInterrupt with Ctrl-C.\n",
        playground.issuer(),
        playground.issuer(),
        Playground::CLIENT.id,
        quoted(Playground::CLIENT.secret.unwrap_or_default()),
        Playground::OTHER_CLIENT.id,
        quoted(Playground::OTHER_CLIENT.secret.unwrap_or_default()),
        Playground::SCOPES[0],
        Playground::RESOURCES[0],
        Playground::RESOURCES[1],
    ));
    interruptions.next().await;
    playground.stop().await;
    Ok(0)
}

fn list_faults() -> String {
    let mut text = String::new();
    for fault in Fault::ALL {
        let info = fault.info();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}\n    {}\n    row {}; {}", info.name, info.does, info.row, info.source);
    }
    let _ = writeln!(text, "{} faults", Fault::ALL.len());
    text
}
