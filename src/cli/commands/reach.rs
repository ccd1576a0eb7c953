//! Who answers at the IdP's address: this process, or somebody else.

use std::time::Duration;

use crate::{
    exchange::Client,
    idp::{Idp, IssuerRole},
    observation::HttpRequest,
    settings::HttpSettings,
};

/// Who answers at the address of the IdP's issuer identifier, seen from this machine.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// This process.
    Here,
    /// Somebody else, who serves the same keys: static hosting.
    SameKeysElsewhere,
    /// Somebody else, with other keys or none; what was seen.
    OtherKeys(String),
    /// Nobody, as far as this machine can tell: the address may be one that only the target can reach.
    Nobody(String),
}

/// Fetches the JWK Set by the IdP's issuer identifier, as the target will, and looks who has answered.
pub(super) async fn reach(idp: &Idp) -> Reach {
    // Its certificate need not be one that this machine trusts: what counts is who answers.
    let lenient = HttpSettings { insecure: true, ..HttpSettings::default() };
    let Ok(http) = Client::new(&lenient, Duration::from_secs(3), None) else {
        return Reach::Nobody("no HTTP client could be made".into());
    };
    let uri = idp.jwks_uri();
    let mark = idp.access_log().mark();
    let observation = http.send(HttpRequest::get(&uri)).await;
    if !idp.access_log().since(mark).is_empty() {
        return Reach::Here;
    }
    match &observation.result {
        Err(error) => Reach::Nobody(format!("{uri}: {}", error.message)),
        Ok(response) if response.json().ok() == Some(&idp.keyring().jwks(IssuerRole::Main)) => {
            Reach::SameKeysElsewhere
        }
        Ok(response) => Reach::OtherKeys(format!("{uri}: somebody else answers {}", response.status)),
    }
}
