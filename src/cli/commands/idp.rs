//! `jagspec idp …`: the harness's IdP alone.

use std::fmt::Write as _;

use super::{Stop, interruption::Interruptions, lasting_keys, start_idp, stop, tls_files};
use crate::{
    cli::{IdpArguments, IdpCommand, Screen},
    clock::Clock,
    idjag::KeyChoice,
    idp::{CertificateRequest, IdpConfig, Issuer, IssuerRole, export, key_store},
    keys::Algorithm,
    report::sanitise,
    settings::IDP_LISTEN,
};

pub(super) async fn idp(command: IdpCommand, screen: &Screen) -> Result<u8, Stop> {
    match command {
        IdpCommand::Serve(arguments) => serve(arguments, screen).await,
        IdpCommand::Export { dir, idp } => {
            let issuer = idp.idp_issuer.as_deref().ok_or_else(|| {
                stop("--idp-issuer URL is needed: the address under which the files will be served")
            })?;
            let issuer = Issuer::parse(issuer).map_err(stop)?;
            let keyring = lasting_keys(idp.idp_key.as_ref(), idp.client_key.as_ref(), screen)?;
            let files = export(&dir, &issuer, &keyring).map_err(stop)?;
            let mut text = format!("{} files for {}:\n", files.len(), issuer.as_str());
            for file in files {
                let _ = writeln!(text, "  {}", file.display());
            }
            text.push_str("Serve them as they are; the documents without an ending are JSON.\n");
            screen.result(&text);
            Ok(0)
        }
        IdpCommand::Key { make: Some(path), .. } => {
            let key = key_store::make_file(&path).map_err(stop)?;
            screen.result(&format!(
                "private key: {}\npublic key:\n{:#}\n",
                path.display(),
                key.jwk(Some(Algorithm::ES256))
            ));
            Ok(0)
        }
        IdpCommand::Key { make: None, idp } => show_keys(&idp, screen),
        IdpCommand::Cert { dir, host, overwrite } => {
            let request = CertificateRequest { hosts: host, overwrite, now: Clock::System.now() };
            let files = request.make(&dir).map_err(stop)?;
            screen.result(&format!(
                "CA for the target to trust: {}\nrun jagspec with: --idp-tls-cert {} --idp-tls-key {}\n",
                files.ca.display(),
                files.certificate.display(),
                files.key.display()
            ));
            Ok(0)
        }
    }
}

async fn serve(arguments: IdpArguments, screen: &Screen) -> Result<u8, Stop> {
    let config = IdpConfig {
        listen: arguments.idp_listen.clone().unwrap_or_else(|| IDP_LISTEN.to_owned()),
        issuer: arguments.idp_issuer.clone(),
        keyring: lasting_keys(arguments.idp_key.as_ref(), arguments.client_key.as_ref(), screen)?,
        tls: tls_files(arguments.idp_tls_cert.as_ref(), arguments.idp_tls_key.as_ref())?,
        clock: Clock::System,
    };
    let mut interruptions = Interruptions::listen();
    let idp = start_idp(config, screen).await?;
    screen.result(&format!(
        "issuer    {}\nJWKS      {}\n{}listening {}\nInterrupt with Ctrl-C. Requests:\n",
        idp.issuer().as_str(),
        idp.jwks_uri(),
        match idp.keyring().client_key_type() {
            Some(_) => format!("client    {}\n", idp.issuer().client_jwks_uri()),
            None => String::new(),
        },
        idp.listening_on()
    ));
    let mut mark = idp.access_log().mark();
    loop {
        tokio::select! {
            () = interruptions.next() => break,
            () = tokio::time::sleep(SHOWN_EVERY) => {
                let accesses = idp.access_log().since(mark);
                mark = idp.access_log().mark();
                for access in accesses {
                    screen.result(&format!(
                        "{} {} {} ({})\n",
                        access.status,
                        access.method,
                        sanitise(&access.path),
                        sanitise(access.user_agent.as_deref().unwrap_or("no user agent"))
                    ));
                }
            }
        }
    }
    idp.stop().await;
    Ok(0)
}

/// How often new requests are shown.
const SHOWN_EVERY: std::time::Duration = std::time::Duration::from_millis(200);

fn show_keys(arguments: &IdpArguments, screen: &Screen) -> Result<u8, Stop> {
    let keyring = lasting_keys(arguments.idp_key.as_ref(), arguments.client_key.as_ref(), screen)?;
    let place = match &arguments.idp_key {
        Some(path) => path.display().to_string(),
        None => key_store::state_folder().map_err(stop)?.display().to_string(),
    };
    let mut text = format!("private keys: {place}\n");
    for algorithm in keyring.algorithms() {
        let key = keyring.signing_key(KeyChoice::Published, algorithm).map_err(stop)?;
        let _ = writeln!(text, "{:8} {}", algorithm.name(), key.kid());
    }
    let _ = writeln!(text, "public keys:\n{:#}", keyring.jwks(IssuerRole::Main));
    if keyring.client_key_type().is_some() {
        let _ = writeln!(text, "the client's public key:\n{:#}", keyring.client_jwks());
    }
    screen.result(&text);
    Ok(0)
}
