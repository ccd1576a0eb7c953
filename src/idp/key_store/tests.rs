//! Tests of the key store that need no folder; those with folders are in `tests/idp.rs`.

use super::*;

#[test]
fn every_fixed_key_is_one() {
    // Also shows that each stands in the place of its type, and that the fixtures hold no two alike.
    use crate::{idjag::KeyChoice, idp::IssuerRole, keys::Algorithm, suite::IdpAction};
    let keyring = fixed();
    let mut kids = std::collections::BTreeSet::new();
    for _ in 0..4 {
        keyring.perform(IdpAction::AddKey).unwrap();
        for choice in [
            KeyChoice::Published,
            KeyChoice::Unpublished,
            KeyChoice::UntrustedIssuer,
            KeyChoice::OtherIssuer,
            KeyChoice::Added,
        ] {
            for algorithm in Algorithm::OFFERED {
                let key = keyring.signing_key(choice, algorithm).unwrap();
                assert_eq!(key.key_type(), algorithm.key_type());
                kids.insert(key.kid().to_owned());
            }
        }
    }
    assert_eq!(kids.len(), STORED.len() + 4 * 4);
    assert_eq!(keyring.jwks(IssuerRole::Main)["keys"].as_array().unwrap().len(), 5 + 4 * 4);
}

#[test]
fn the_state_folder_is_where_each_system_has_it() {
    let folder = |system, variables: &[(&str, &str)]| {
        state_folder_of(system, |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        })
        .map_err(|error| error.to_string())
    };
    let home = ("HOME", "/home/u");
    assert_eq!(folder("linux", &[home]), Ok("/home/u/.local/state/jagspec".into()));
    assert_eq!(folder("linux", &[home, ("XDG_STATE_HOME", "/s")]), Ok("/s/jagspec".into()));
    assert_eq!(folder("freebsd", &[("XDG_STATE_HOME", "/s")]), Ok("/s/jagspec".into()));
    // Relative and empty paths are ignored.
    for ignored in ["state", ""] {
        assert_eq!(
            folder("linux", &[home, ("XDG_STATE_HOME", ignored)]),
            Ok("/home/u/.local/state/jagspec".into())
        );
    }
    assert_eq!(
        folder("macos", &[home, ("XDG_STATE_HOME", "/s")]),
        Ok("/home/u/Library/Application Support/jagspec".into())
    );
    assert_eq!(folder("windows", &[("LOCALAPPDATA", "/local")]), Ok("/local/jagspec".into()));
    for (system, missing) in [("linux", "HOME"), ("macos", "HOME"), ("windows", "LOCALAPPDATA")] {
        assert_eq!(
            folder(system, &[]),
            Err(format!(
                "no folder to keep the keys of the IdP in: {missing} is not set; set it, or give a key with --idp-key"
            ))
        );
    }
}
