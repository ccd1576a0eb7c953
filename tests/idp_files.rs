//! The files of the IdP on a real file system: its state folder, a key of the user's, certificates, the export.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::{collections::BTreeSet, fs, path::Path, thread};

use jagspec::{
    idp::{CertificateRequest, Issuer, IssuerRole, Keyring, export, key_store},
    keys::{KeyType, SigningKey, generate_pem},
};
use serde_json::Value;

mod folder;
use folder::Folder;

fn all_jwks(keyring: &Keyring) -> String {
    IssuerRole::ALL.map(|role| keyring.jwks(role).to_string()).concat()
}

#[test]
fn two_at_once_end_with_the_same_keys() {
    let folder = Folder::new();
    let dir = folder.path("state/jagspec");
    let sets: BTreeSet<String> = thread::scope(|scope| {
        let start = || {
            let (keyring, warnings) = key_store::from_state_folder(&dir).unwrap();
            assert_eq!(warnings, Vec::<String>::new());
            all_jwks(&keyring)
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(sets.len(), 1, "all have the same keys");
    let (keyring, _) = key_store::from_state_folder(&dir).unwrap();
    assert!(sets.contains(&all_jwks(&keyring)), "and so has every later run");
    assert!(!sets.contains(&all_jwks(&key_store::fixed())), "they are not the public test keys");
    let left: Vec<_> = fs::read_dir(dir.join("keys"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".pem"))
        .collect();
    assert_eq!(left, [".lock"], "no temporary file is left");
    modes(&dir);
    damaged(&dir);
}

/// Only the user has access, and is warned when that is no longer so.
#[cfg(unix)]
fn modes(dir: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(dir), mode(&dir.join("keys"))), (0o700, 0o700));
    for entry in fs::read_dir(dir.join("keys")).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    let open = dir.join("keys/published-rs256.pem");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    let (_, warnings) = key_store::from_state_folder(dir).unwrap();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("published-rs256.pem` (mode 0644): run `chmod 600 "), "{warnings:?}");
}

#[cfg(not(unix))]
fn modes(_: &Path) {}

/// A damaged key is named; a missing one is made again, and the others stay.
fn damaged(dir: &Path) {
    let path = dir.join("keys/other-p256.pem");
    fs::write(&path, "").unwrap();
    let error = key_store::from_state_folder(dir).unwrap_err().to_string();
    assert!(error.contains("other-p256.pem") && error.contains("delete it"), "{error}");
    fs::remove_file(&path).unwrap();
    let published = fs::read(dir.join("keys/published-es256.pem")).unwrap();
    key_store::from_state_folder(dir).unwrap();
    assert!(!fs::read(&path).unwrap().is_empty());
    assert_eq!(fs::read(dir.join("keys/published-es256.pem")).unwrap(), published);
}

#[test]
fn a_state_folder_that_cannot_be_made_is_named() {
    let folder = Folder::new();
    let file = folder.file("file", "");
    let error = key_store::from_state_folder(&file).unwrap_err().to_string();
    assert!(error.contains("file") && error.contains("--idp-key"), "{error}");
    assert!(error.contains("XDG_STATE_HOME"), "{error}");
}

#[test]
fn the_key_of_a_file_is_read_or_its_problem_named() {
    let folder = Folder::new();
    for key_type in [KeyType::Rsa, KeyType::P256, KeyType::P384, KeyType::Ed25519] {
        let pem = generate_pem(key_type).unwrap();
        let key = key_store::from_file(&folder.file("good.pem", &pem)).unwrap();
        assert_eq!(key.kid(), SigningKey::from_pem(&pem).unwrap().kid());
    }
    let pem = generate_pem(KeyType::P256).unwrap();
    let key = SigningKey::from_pem(&pem).unwrap();
    let relabelled = |label: &str| pem.replace("PRIVATE KEY", label);
    for (content, problem, mend) in [
        (String::new(), "there is no PEM block in it", "`jagspec idp key --make FILE`"),
        ("# notes\n".into(), "there is no PEM block in it", "`jagspec idp key --make FILE`"),
        (key.public_key_pem(), "it is a public key", "give the private key"),
        (relabelled("RSA PUBLIC KEY"), "it is a public key", "give the private key"),
        (relabelled("CERTIFICATE"), "it is a certificate", "give the private key"),
        (relabelled("ENCRYPTED PRIVATE KEY"), "the key is encrypted", "`openssl pkey"),
        (relabelled("OPENSSH PRIVATE KEY"), "OpenSSH's own form", "`ssh-keygen"),
        (key.jwk(None).to_string(), "perhaps a JWK", "in PEM"),
        (
            include_str!("../fixtures/keys/small-rsa.pem").into(),
            "the RSA key has 1024 bits",
            "2048 bits or more",
        ),
        (relabelled("DSA PRIVATE KEY"), "holds a `DSA PRIVATE KEY`", "`jagspec idp key --make FILE`"),
    ] {
        let error = key_store::from_file(&folder.file("bad.pem", &content)).unwrap_err().to_string();
        assert!(error.contains("bad.pem` holds no key") && error.contains(problem), "{error}");
        assert!(error.contains(mend), "{error}");
    }
    let problem = |path: &Path| key_store::from_file(path).unwrap_err().to_string();
    let error = problem(&folder.file("bad.pem", [0x30, 0x82, 0xff]));
    assert!(error.contains("not text, perhaps DER") && error.contains("openssl pkey -inform DER"), "{error}");
    let error = problem(&folder.path("missing.pem"));
    assert!(
        error.contains("missing.pem") && error.contains("make one with `jagspec idp key --make FILE`"),
        "{error}"
    );
    let error = problem(folder.root());
    assert!(error.contains("cannot read the key file"), "{error}");
}

#[test]
fn certificates_are_not_overwritten_unless_asked() {
    let folder = Folder::new();
    let make = |overwrite, dir: &Path| CertificateRequest { overwrite, ..Default::default() }.make(dir);
    let made = make(false, &folder.path("new/tls")).unwrap();
    let before = fs::read(&made.certificate).unwrap();
    let error = make(false, &folder.path("new/tls")).unwrap_err().to_string();
    assert!(error.contains("ca.pem") && error.contains("--overwrite"), "{error}");
    assert_eq!(fs::read(&made.certificate).unwrap(), before);
    make(true, &folder.path("new/tls")).unwrap();
    assert_ne!(fs::read(&made.certificate).unwrap(), before);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&made.key).unwrap().permissions().mode() & 0o777, 0o600);
    }

    let error = make(false, &folder.file("file", "")).unwrap_err().to_string();
    assert!(error.contains("file") && error.contains("choose a folder that you can write to"), "{error}");
}

#[test]
fn export_writes_what_the_server_serves() {
    let folder = Folder::new();
    let issuer = Issuer::parse("https://pages.example/idp").unwrap();
    let keyring = key_store::fixed();
    let dir = folder.path("new/site");
    let files = export(&dir, &issuer, &keyring).unwrap();
    let names: Vec<_> = files.iter().map(|file| file.strip_prefix(&dir).unwrap().to_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            ".well-known/openid-configuration",
            ".well-known/oauth-authorization-server",
            "jwks",
            "untrusted/.well-known/openid-configuration",
            "untrusted/.well-known/oauth-authorization-server",
            "untrusted/jwks",
            "other/.well-known/openid-configuration",
            "other/.well-known/oauth-authorization-server",
            "other/jwks",
            "client-jwks",
        ]
    );
    let read = |file: &str| -> Value { serde_json::from_slice(&fs::read(dir.join(file)).unwrap()).unwrap() };
    assert_eq!(read("jwks"), keyring.jwks(IssuerRole::Main));
    assert_eq!(read("other/jwks"), keyring.jwks(IssuerRole::Other));
    assert_eq!(read("client-jwks"), keyring.client_jwks());
    let metadata = read("untrusted/.well-known/openid-configuration");
    assert_eq!(metadata["jwks_uri"], "https://pages.example/idp/untrusted/jwks");
    // Once more: the files are replaced.
    export(&dir, &issuer, &keyring).unwrap();

    let error = export(&folder.file("file", ""), &issuer, &keyring).unwrap_err().to_string();
    assert!(error.contains("file") && error.contains("choose a folder that you can write to"), "{error}");
}
