//! Tests of the keys: signatures against another verifier, the examples of the RFCs, the forms of PEM.

use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der};
use jsonwebtoken::{DecodingKey, crypto, jwk::Jwk};
use rsa::{
    pkcs1::EncodeRsaPrivateKey as _,
    pkcs8::{DecodePrivateKey as _, der::pem},
};

use super::*;

const TYPES: [KeyType; 4] = [KeyType::Rsa, KeyType::P256, KeyType::P384, KeyType::Ed25519];
const ALGORITHMS: [Algorithm; 8] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
    Algorithm::Ed25519,
];

fn fixture(key_type: KeyType) -> &'static str {
    match key_type {
        KeyType::Rsa => include_str!("../../fixtures/keys/unpublished-rsa.pem"),
        KeyType::P256 => include_str!("../../fixtures/keys/unpublished-p256.pem"),
        KeyType::P384 => include_str!("../../fixtures/keys/unpublished-p384.pem"),
        KeyType::Ed25519 => include_str!("../../fixtures/keys/unpublished-ed25519.pem"),
    }
}

fn key(key_type: KeyType) -> SigningKey {
    SigningKey::from_pem(fixture(key_type)).unwrap()
}

fn problem(pem: &str) -> String {
    SigningKey::from_pem(pem).unwrap_err().to_string()
}

/// The body of a PEM block.
fn der(pem: &str) -> Vec<u8> {
    SecretDocument::from_pem(pem).unwrap().1.as_bytes().to_vec()
}

fn encode(label: &str, der: &[u8]) -> String {
    pem::encode_string(label, LineEnding::LF, der).unwrap()
}

/// jsonwebtoken's verifier, with the key from the JWK: another path than the one that signed.
fn verifies(key: &SigningKey, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
    let jwk: Jwk = serde_json::from_value(key.jwk(None)).unwrap();
    // jsonwebtoken knows Ed25519 by its older name only.
    let name = if algorithm == Algorithm::Ed25519 { "EdDSA" } else { algorithm.name() };
    crypto::verify(
        &B64URL.encode(signature),
        message,
        &DecodingKey::from_jwk(&jwk).unwrap(),
        name.parse().unwrap(),
    )
    .unwrap()
}

#[test]
fn every_algorithm_signs_and_another_verifier_accepts() {
    for algorithm in ALGORITHMS {
        let key = key(algorithm.key_type());
        let signature = key.sign(algorithm, b"header.payload").unwrap();
        assert!(verifies(&key, algorithm, b"header.payload", &signature), "{algorithm}");
        assert!(!verifies(&key, algorithm, b"header.other", &signature), "{algorithm}");
    }
}

#[test]
fn a_key_refuses_the_algorithms_of_other_types() {
    for key_type in TYPES {
        let key = key(key_type);
        for algorithm in ALGORITHMS.into_iter().filter(|algorithm| algorithm.key_type() != key_type) {
            assert_eq!(
                key.sign(algorithm, b"x"),
                Err(KeyError::WrongType { key: key_type, algorithm }),
                "{key_type:?} {algorithm}"
            );
        }
    }
}

#[test]
fn made_keys_are_read_back_and_differ() {
    for key_type in TYPES {
        let made = SigningKey::from_pem(&generate_pem(key_type).unwrap()).unwrap();
        assert_eq!(made.key_type(), key_type);
        assert_ne!(made.kid(), key(key_type).kid());
    }
}

/// RFC 7638 section 3.1.
#[test]
fn the_thumbprint_is_that_of_the_rfc() {
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZ\
             CiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJ\
             ZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBn\
             iIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let members = [("e", "AQAB".to_owned()), ("kty", "RSA".to_owned()), ("n", n.to_owned())];
    assert_eq!(thumbprint(&members), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

/// RFC 8037 appendix A.1 to A.3: private key, public key, thumbprint; wrapped as RFC 8410 section 7 does.
#[test]
fn an_ed25519_key_is_that_of_the_rfc() {
    let mut pkcs8 = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    pkcs8.extend(B64URL.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap());
    let key = SigningKey::from_pem(&encode("PRIVATE KEY", &pkcs8)).unwrap();
    assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(
        key.jwk(Some(Algorithm::EdDSA)),
        json!({
            "kid": key.kid(), "use": "sig", "alg": "EdDSA", "crv": "Ed25519", "kty": "OKP",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
        })
    );
}

#[test]
fn pkcs1_and_sec1_give_the_same_key_as_pkcs8() {
    let pkcs1 = rsa::PrivateKey::from_pkcs8_pem(fixture(KeyType::Rsa)).unwrap();
    let pkcs1 = pkcs1.to_pkcs1_pem(LineEnding::LF).unwrap();
    assert!(pkcs1.starts_with("-----BEGIN RSA PRIVATE KEY-----"));
    assert_eq!(SigningKey::from_pem(&pkcs1).unwrap().kid(), key(KeyType::Rsa).kid());

    for key_type in [KeyType::P256, KeyType::P384] {
        let pair = EcdsaKeyPair::from_pkcs8(ecdsa_algorithm(key_type), &der(fixture(key_type))).unwrap();
        let sec1: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().unwrap();
        let sec1 = encode("EC PRIVATE KEY", sec1.as_ref());
        assert_eq!(SigningKey::from_pem(&sec1).unwrap().kid(), key(key_type).kid());
        // As `openssl ecparam -genkey` writes it, and as servers keep it beside their certificate.
        let around = format!(
            "Bag Attributes\n{}{sec1}{}",
            encode("EC PARAMETERS", &[6, 1, 0]),
            encode("CERTIFICATE", &[1])
        );
        assert_eq!(SigningKey::from_pem(&around).unwrap().kid(), key(key_type).kid());
    }
    let windows = fixture(KeyType::Rsa).replace('\n', "\r\n");
    assert_eq!(SigningKey::from_pem(&windows).unwrap().kid(), key(KeyType::Rsa).kid());
}

#[test]
fn what_is_no_key_of_ours_is_named() {
    let expected = "not a private key in PEM (PKCS#8, PKCS#1 or SEC1) of RSA, P-256, P-384 or Ed25519: ";
    let pkcs8_of = |oid: &[u8]| {
        let mut der = vec![0x30, 9 + oid.len() as u8, 2, 1, 0, 0x30, 2 + oid.len() as u8, 6, oid.len() as u8];
        der.extend(oid);
        der.extend([4, 0]);
        encode("PRIVATE KEY", &der)
    };
    for (pem, found) in [
        ("", "there is no PEM block in it"),
        (&key(KeyType::P256).public_key_pem(), "the PEM holds a `PUBLIC KEY`, not a private key"),
        (&encode("ENCRYPTED PRIVATE KEY", &[0x30, 0]), "the PEM holds a `ENCRYPTED PRIVATE KEY`"),
        (&encode("PRIVATE KEY", &[0x30, 0]), "the PKCS#8 key does not parse"),
        (&encode("RSA PRIVATE KEY", &[0x30, 0]), "the PKCS#1 key does not parse"),
        (&encode("EC PRIVATE KEY", &[0x30, 0]), "the EC key is on another curve"),
        (
            include_str!("../../fixtures/keys/small-rsa.pem"),
            "the RSA key has 1024 bits, and 2048 to 8192 are",
        ),
        (&pkcs8_of(&[0x2b, 0x65, 0x6e]), "the key is for key agreement (X25519, X448)"),
        (&pkcs8_of(&[0x2b, 0x65, 0x71]), "the key is an Ed448 key"),
        (&pkcs8_of(&[0x2b, 0x65, 0x01]), "the key is of another type (object identifier 1.3.101.1)"),
    ] {
        let problem = problem(pem);
        let rest = problem.strip_prefix(expected).unwrap_or_else(|| panic!("{problem}"));
        assert!(rest.starts_with(found), "{rest}");
    }
}

#[test]
fn nothing_secret_is_shown() {
    let shown = format!("{:?}", key(KeyType::Ed25519));
    assert!(
        shown.starts_with("SigningKey { kid: \"") && shown.ends_with("key_type: Ed25519, .. }"),
        "{shown}"
    );
    for key_type in TYPES {
        let jwk = key(key_type).jwk(None);
        for member in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert_eq!(jwk.get(member), None);
        }
    }
}

#[test]
fn the_public_key_in_pem_is_its_der() {
    let key = key(KeyType::Rsa);
    let pem = key.public_key_pem();
    let (label, der) = SecretDocument::from_pem(&pem).unwrap();
    assert_eq!((label, der.as_bytes()), ("PUBLIC KEY", key.public_key_der()));
}

#[test]
fn the_names_of_algorithms_are_read() {
    for algorithm in Algorithm::OFFERED {
        assert_eq!(algorithm.name().parse(), Ok(algorithm));
    }
    assert!("rs256".parse::<Algorithm>().unwrap_err().contains("RS256, PS256"));
}

#[test]
fn a_short_rsa_key_signs_and_is_refused_everywhere_else() {
    let pem = include_str!("../../fixtures/keys/small-rsa.pem");
    let key = SigningKey::short_rsa_from_pem(pem).unwrap();
    let signature = key.sign(Algorithm::RS256, b"text").unwrap();
    assert_eq!(signature.len(), 128);
    let jwk = key.jwk(None);
    assert_eq!(jwk_thumbprint(jwk.as_object().unwrap()).as_deref(), Some(key.kid()));
    let number = |name: &str| B64URL.decode(jwk[name].as_str().unwrap()).unwrap();
    let public = aws_lc_rs::rsa::PublicKeyComponents { n: number("n"), e: number("e") };
    let legacy = &aws_lc_rs::signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY;
    public.verify(legacy, b"text", &signature).unwrap();
    public.verify(&aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256, b"text", &signature).unwrap_err();
    assert!(key.sign(Algorithm::PS256, b"text").is_err());
    let made = SigningKey::short_rsa_from_pem(&generate_short_rsa_pem().unwrap()).unwrap();
    assert_eq!(made.sign(Algorithm::RS256, b"text").unwrap().len(), 128);
}

#[test]
fn every_key_signs_a_certificate_for_itself() {
    use tokio_rustls::rustls::{
        RootCertStore,
        client::verify_server_cert_signed_by_trust_anchor,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, UnixTime},
        server::ParsedCertificate,
    };
    for key_type in [KeyType::Rsa, KeyType::P256, KeyType::P384, KeyType::Ed25519] {
        let key = SigningKey::from_pem(&generate_pem(key_type).unwrap()).unwrap();
        let der = certificate::self_signed(&key).unwrap();
        // rustls reads it, and finds that its own key has signed it.
        let der = CertificateDer::from(der);
        let parsed = ParsedCertificate::try_from(&der).unwrap();
        assert_eq!(parsed.subject_public_key_info().as_ref(), key.public_key_der(), "{key_type:?}");
        let mut roots = RootCertStore::empty();
        roots.add(der.clone()).unwrap();
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms.all;
        let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_800_000_000));
        verify_server_cert_signed_by_trust_anchor(&parsed, &roots, &[], at, algorithms).unwrap();
    }
}
