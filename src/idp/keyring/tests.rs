//! Tests of the keyring, on the public test keys.

use std::collections::BTreeSet;

use super::*;
use crate::idp::key_store;

const CHOICES: [KeyChoice; 4] =
    [KeyChoice::Published, KeyChoice::Unpublished, KeyChoice::UntrustedIssuer, KeyChoice::OtherIssuer];

/// The `kid`s that an issuer publishes, in order.
fn kids(keyring: &Keyring, role: IssuerRole) -> Vec<String> {
    let jwks = keyring.jwks(role);
    jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn main_kids(keyring: &Keyring) -> Vec<String> {
    kids(keyring, IssuerRole::Main)
}

fn kid(keyring: &Keyring, choice: KeyChoice, algorithm: Algorithm) -> String {
    keyring.signing_key(choice, algorithm).unwrap().kid().to_owned()
}

#[test]
fn one_key_per_algorithm_is_published() {
    let keyring = key_store::fixed();
    let jwks = keyring.jwks(IssuerRole::Main);
    let members = |name: &str| -> Vec<Value> {
        jwks["keys"].as_array().unwrap().iter().map(|key| key[name].clone()).collect()
    };
    assert_eq!(members("alg"), [json!("RS256"), json!("PS256"), json!("ES256"), json!("ES384"), Value::Null]);
    assert_eq!(members("kty"), ["RSA", "RSA", "EC", "EC", "OKP"]);
    assert!(jwks.to_string().starts_with(r#"{"keys":[{"kid":""#), "{jwks}");
    assert_eq!(keyring.algorithms(), Algorithm::OFFERED);
}

#[test]
fn every_role_signs_with_its_own_key_and_publishes_it_or_not() {
    let keyring = key_store::fixed();
    let mut all = BTreeSet::new();
    for choice in CHOICES {
        for algorithm in Algorithm::OFFERED {
            let key = keyring.signing_key(choice, algorithm).unwrap();
            assert_eq!(key.key_type(), algorithm.key_type());
            all.insert(key.kid().to_owned());
            let publishing = IssuerRole::ALL
                .into_iter()
                .filter(|role| kids(&keyring, *role).iter().any(|kid| kid == key.kid()))
                .collect::<Vec<_>>();
            let expected: &[IssuerRole] = match choice {
                KeyChoice::Published => &[IssuerRole::Main],
                KeyChoice::UntrustedIssuer => &[IssuerRole::Untrusted],
                KeyChoice::OtherIssuer => &[IssuerRole::Other],
                _ => &[],
            };
            assert_eq!(publishing, expected, "{choice:?} {algorithm}");
        }
    }
    // Five published keys, and four of each other role: no two roles share one.
    assert_eq!(all.len(), 5 + 3 * 4);
}

#[test]
fn both_names_of_ed25519_are_one_key_and_rs512_is_signed_with_that_of_rs256() {
    let keyring = key_store::fixed();
    let published = |algorithm| kid(&keyring, KeyChoice::Published, algorithm);
    assert_eq!(published(Algorithm::EdDSA), published(Algorithm::Ed25519));
    assert_eq!(published(Algorithm::RS512), published(Algorithm::RS256));
    assert_ne!(published(Algorithm::PS256), published(Algorithm::RS256));
}

#[test]
fn other_issuers_name_no_algorithm() {
    let keyring = key_store::fixed();
    for role in [IssuerRole::Untrusted, IssuerRole::Other] {
        let jwks = keyring.jwks(role);
        let keys = jwks["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 4);
        assert!(keys.iter().all(|key| key.get("alg").is_none() && key["use"] == "sig"));
    }
}

#[test]
fn added_keys_stand_beside_the_others_until_restored() {
    let keyring = key_store::fixed();
    let before = keyring.jwks(IssuerRole::Main);
    assert_eq!(
        keyring.signing_key(KeyChoice::Added, Algorithm::RS256).unwrap_err(),
        KeyringError::NothingAdded
    );
    keyring.perform(IdpAction::AddKey).unwrap();
    let added = kid(&keyring, KeyChoice::Added, Algorithm::RS256);
    let kids = main_kids(&keyring);
    assert_eq!(kids.len(), 5 + 4);
    assert!(kids.contains(&added) && kids.contains(&kid(&keyring, KeyChoice::Published, Algorithm::RS256)));

    keyring.perform(IdpAction::Restore).unwrap();
    assert_eq!(keyring.jwks(IssuerRole::Main), before);
    // Withdrawn, and still there to sign with.
    assert_eq!(kid(&keyring, KeyChoice::Added, Algorithm::RS256), added);
}

#[test]
fn rotation_leaves_the_new_keys_alone() {
    let keyring = key_store::fixed();
    keyring.perform(IdpAction::AddKey).unwrap();
    let first = kid(&keyring, KeyChoice::Added, Algorithm::ES256);
    keyring.perform(IdpAction::RotateKey).unwrap();
    let second = kid(&keyring, KeyChoice::Added, Algorithm::ES256);
    assert_ne!(first, second);
    let kids = main_kids(&keyring);
    assert_eq!(kids.len(), 4);
    assert!(kids.contains(&second));
    assert!(!kids.contains(&kid(&keyring, KeyChoice::Published, Algorithm::ES256)));
    assert_eq!(super::tests::kids(&keyring, IssuerRole::Other).len(), 4);
}

#[test]
fn each_addition_has_new_keys_as_long_as_the_fixed_ones_last() {
    let keyring = key_store::fixed();
    let mut kids = Vec::new();
    for _ in 0..5 {
        keyring.perform(IdpAction::AddKey).unwrap();
        kids.push(kid(&keyring, KeyChoice::Added, Algorithm::EdDSA));
        keyring.perform(IdpAction::Restore).unwrap();
    }
    assert_eq!(kids[..4].iter().collect::<BTreeSet<_>>().len(), 4);
    assert_eq!(kids[4], kids[0]);
}

#[test]
fn keys_of_a_real_target_are_never_added_twice() {
    let keyring = key_store::fresh();
    let mut kids = BTreeSet::new();
    for _ in 0..3 {
        keyring.perform(IdpAction::RotateKey).unwrap();
        kids.insert(kid(&keyring, KeyChoice::Added, Algorithm::ES384));
    }
    assert_eq!(kids.len(), 3);
}

#[test]
fn an_unknown_key_type_stands_first_beside_all_others() {
    let keyring = key_store::fixed();
    keyring.perform(IdpAction::AddUnknownKeyType).unwrap();
    let jwks = keyring.jwks(IssuerRole::Main);
    assert_eq!(jwks["keys"][0]["kty"], "NOBODY-KNOWS");
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 6);
}

#[test]
fn the_jwks_is_broken_until_restored() {
    let keyring = key_store::fixed();
    assert!(!keyring.jwks_is_broken());
    keyring.perform(IdpAction::BreakJwks).unwrap();
    assert!(keyring.jwks_is_broken());
    keyring.perform(IdpAction::Restore).unwrap();
    assert!(!keyring.jwks_is_broken());
}

#[test]
fn a_key_of_the_user_is_the_only_published_one() {
    for (key_type, algorithms, alg) in [
        (KeyType::Rsa, vec![Algorithm::RS256, Algorithm::PS256], None),
        (KeyType::P256, vec![Algorithm::ES256], Some("ES256")),
        (KeyType::P384, vec![Algorithm::ES384], Some("ES384")),
        (KeyType::Ed25519, vec![Algorithm::EdDSA, Algorithm::Ed25519], None),
    ] {
        let key = SigningKey::from_pem(&generate_pem(key_type).unwrap()).unwrap();
        let own = key.kid().to_owned();
        let keyring = key_store::fixed().publishing(key);
        assert_eq!(keyring.algorithms(), algorithms);
        let jwks = keyring.jwks(IssuerRole::Main);
        assert_eq!(main_kids(&keyring), [own.as_str()]);
        assert_eq!(jwks["keys"][0].get("alg").and_then(Value::as_str), alg);
        for algorithm in Algorithm::OFFERED {
            match keyring.signing_key(KeyChoice::Published, algorithm) {
                Ok(key) => assert!(key.kid() == own && algorithms.contains(&algorithm)),
                Err(error) => {
                    assert!(!algorithms.contains(&algorithm));
                    let said = error.to_string();
                    assert!(said.contains(algorithm.name()) && said.contains("--idp-key"), "{said}");
                }
            }
        }
    }
}
