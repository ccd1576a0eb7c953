//! Where the IdP's keys come from: the public test keys, a file of the user's, the user's state folder, or nowhere.
//! What the keys are for is `keyring`'s business.

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use super::{
    files,
    keyring::{KeySet, Keyring, Slot, Sources},
};
use crate::keys::{KeyError, KeyType, SigningKey, generate_pem};

/// Why keys could not be had. Each message names the file, and what mends it.
#[derive(Debug, thiserror::Error)]
pub enum KeyStoreError {
    /// The file or folder could not be read or written.
    #[error("{action} `{}`: {source}{mend}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
        /// What to do, with the punctuation in front; or nothing.
        mend: &'static str,
    },
    /// The file holds no key that can be used.
    #[error("`{}` holds no key that jagspec can sign with: {problem}; {mend}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What it holds instead.
        problem: String,
        /// What to do.
        mend: &'static str,
    },
    /// A key could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There is no folder for the state of programs.
    #[error("no folder to keep the keys of the IdP in: {0} is not set; set it, or give a key with --idp-key")]
    NoStateFolder(&'static str),
}

/// A key of the state folder and its type.
const STORED: [(&str, KeyType); 17] = [
    ("published-rs256", KeyType::Rsa),
    ("published-ps256", KeyType::Rsa),
    ("published-es256", KeyType::P256),
    ("published-es384", KeyType::P384),
    ("published-ed25519", KeyType::Ed25519),
    ("unpublished-rsa", KeyType::Rsa),
    ("unpublished-p256", KeyType::P256),
    ("unpublished-p384", KeyType::P384),
    ("unpublished-ed25519", KeyType::Ed25519),
    ("untrusted-rsa", KeyType::Rsa),
    ("untrusted-p256", KeyType::P256),
    ("untrusted-p384", KeyType::P384),
    ("untrusted-ed25519", KeyType::Ed25519),
    ("other-rsa", KeyType::Rsa),
    ("other-p256", KeyType::P256),
    ("other-p384", KeyType::P384),
    ("other-ed25519", KeyType::Ed25519),
];

macro_rules! test_key {
    ($($name:literal),+) => {
        Slot::test(include_str!(concat!("../../fixtures/keys/", $($name,)+ ".pem")))
    };
}

macro_rules! test_keys {
    ($role:literal) => {
        KeySet([
            test_key!($role, "-rsa"),
            test_key!($role, "-p256"),
            test_key!($role, "-p384"),
            test_key!($role, "-ed25519"),
        ])
    };
}

/// The public test keys, which are part of this program: for the embedded playground only, because everybody has
/// them. Nothing is read or made.
pub fn fixed() -> Keyring {
    Keyring::new(Sources {
        published: [
            test_key!("published-rs256"),
            test_key!("published-ps256"),
            test_key!("published-es256"),
            test_key!("published-es384"),
            test_key!("published-ed25519"),
        ],
        unpublished: test_keys!("unpublished"),
        untrusted: test_keys!("untrusted"),
        other: test_keys!("other"),
        client: Some(test_key!("client-rsa")),
        added: vec![
            test_keys!("added-1"),
            test_keys!("added-2"),
            test_keys!("added-3"),
            test_keys!("added-4"),
        ],
        short: Slot::short_test(include_str!("../../fixtures/keys/small-rsa.pem")),
    })
}

/// Keys that are made when they are first used and gone with the process: with [`Keyring::publishing`] for a run
/// that has `--idp-key` and no state folder.
pub fn fresh() -> Keyring {
    let [rsa, p256, p384, ed25519] = KeySet::TYPES.map(Slot::fresh);
    Keyring::new(Sources {
        published: [Slot::fresh(KeyType::Rsa), rsa, p256, p384, ed25519],
        unpublished: KeySet::fresh(),
        untrusted: KeySet::fresh(),
        other: KeySet::fresh(),
        client: None,
        added: Vec::new(),
        short: Slot::fresh_short(),
    })
}

/// Reads the key of `--idp-key` or `--client-key`, for [`Keyring::publishing`] and [`Keyring::with_client_key`].
///
/// # Errors
/// [`KeyStoreError`] when the file cannot be read, or holds anything but an unencrypted private key of a type that
/// jagspec signs with.
pub fn from_file(path: &Path) -> Result<SigningKey, KeyStoreError> {
    let bytes = fs::read(path).map_err(|source| KeyStoreError::Io {
        action: "cannot read the key file",
        path: path.to_owned(),
        mend: match source.kind() {
            io::ErrorKind::NotFound => "; make one with `jagspec idp key --make FILE`, or correct the path",
            io::ErrorKind::PermissionDenied => "; make it readable for the user who runs jagspec",
            _ => "; name a PEM file",
        },
        source,
    })?;
    let unusable = |problem: String, mend| KeyStoreError::Unusable { path: path.to_owned(), problem, mend };
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(unusable(
            "it is not text, perhaps DER".into(),
            "convert it with `openssl pkey -inform DER -in FILE -out NEW.pem`",
        ));
    };
    SigningKey::from_pem(&text).map_err(|error| {
        let problem = match error {
            KeyError::NotAKey(problem) => problem,
            other => other.to_string(),
        };
        match mend(&text) {
            (Some(problem), mend) => unusable(problem.into(), mend),
            (None, mend) => unusable(problem, mend),
        }
    })
}

/// What to do about a file that holds no key of ours, and a better word for it where there is one.
fn mend(text: &str) -> (Option<&'static str>, &'static str) {
    let has = |what: &str| text.contains(what);
    if has("BEGIN ENCRYPTED PRIVATE KEY") || has("Proc-Type: 4,ENCRYPTED") {
        (Some("the key is encrypted"), "decrypt it with `openssl pkey -in FILE -out NEW.pem`")
    } else if has("BEGIN OPENSSH PRIVATE KEY") {
        (Some("the key is in OpenSSH's own form"), "convert it with `ssh-keygen -p -m PKCS8 -f FILE`")
    } else if has("PUBLIC KEY-----") {
        (Some("it is a public key"), "give the private key that belongs to it")
    } else if has("BEGIN CERTIFICATE-----") {
        (Some("it is a certificate"), "give the private key that belongs to it")
    } else if text.trim_start().starts_with('{') {
        (Some("it is JSON, perhaps a JWK"), "give the private key in PEM")
    } else {
        (
            None,
            "make another with `jagspec idp key --make FILE`, in PEM: RSA of 2048 bits or more, P-256, P-384 or Ed25519",
        )
    }
}

/// Makes a P-256 key in a new file that only its owner can read: for `--client-key` or `--idp-key`.
///
/// # Errors
/// [`KeyStoreError`] when there is such a file already, or it cannot be written.
pub fn make_file(path: &Path) -> Result<SigningKey, KeyStoreError> {
    let failed = |source: io::Error| KeyStoreError::Io {
        action: "cannot write the key to",
        path: path.to_owned(),
        mend: match source.kind() {
            io::ErrorKind::AlreadyExists => "; name a new file: a key that a target knows is not replaced",
            _ => "; choose a file in a folder that you can write to",
        },
        source,
    };
    if path.exists() {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    let pem = generate_pem(KeyType::P256)?;
    files::write_private(path, &pem).map_err(failed)?;
    Ok(SigningKey::from_pem(&pem)?)
}

/// The folder for the state of this program: `$XDG_STATE_HOME/jagspec` or `~/.local/state/jagspec` (XDG Base
/// Directory Specification), on macOS `~/Library/Application Support/jagspec`, on Windows `%LOCALAPPDATA%\jagspec`.
///
/// # Errors
/// [`KeyStoreError::NoStateFolder`] when the environment names no home.
pub fn state_folder() -> Result<PathBuf, KeyStoreError> {
    state_folder_of(env::consts::OS, |name| env::var_os(name))
}

fn state_folder_of(
    system: &str,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<PathBuf, KeyStoreError> {
    // The specification has relative paths ignored.
    let folder = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let found = match system {
        "windows" => folder("LOCALAPPDATA").ok_or("LOCALAPPDATA"),
        "macos" => folder("HOME").map(|home| home.join("Library/Application Support")).ok_or("HOME"),
        _ => folder("XDG_STATE_HOME")
            .or_else(|| folder("HOME").map(|home| home.join(".local/state")))
            .ok_or("HOME"),
    };
    found.map(|folder| folder.join("jagspec")).map_err(KeyStoreError::NoStateFolder)
}

/// The keys of the state folder, in its subfolder `keys`; those that are missing are made. Two processes at once end
/// with the same keys. Returns warnings as well: of keys that others can read.
///
/// Keys that actions add are never kept: a target must not know them from an earlier run.
///
/// # Errors
/// [`KeyStoreError`] when the folder cannot be made, read or written, or holds a damaged key.
pub fn from_state_folder(dir: &Path) -> Result<(Keyring, Vec<String>), KeyStoreError> {
    let dir = dir.join("keys");
    let path = |name: &str| dir.join(format!("{name}.pem"));
    if STORED.iter().any(|(name, _)| !path(name).exists()) {
        make_missing(&dir, path)?;
    }
    let mut warnings = Vec::new();
    let mut slots = Vec::with_capacity(STORED.len());
    for (name, _) in STORED {
        let path = path(name);
        warnings.extend(files::readable_by_others(&path));
        slots.push(Slot::ready(Arc::new(read_stored(&path)?)));
    }
    let mut slots = slots.into_iter();
    // STORED has a slot for each, in this order; a fresh key could only follow the last.
    let mut next = |key_type| slots.next().unwrap_or_else(|| Slot::fresh(key_type));
    let published =
        [KeyType::Rsa, KeyType::Rsa, KeyType::P256, KeyType::P384, KeyType::Ed25519].map(&mut next);
    let mut set = || KeySet(KeySet::TYPES.map(&mut next));
    let (unpublished, untrusted, other) = (set(), set(), set());
    // A key that everybody could break is made for each run.
    let short = Slot::fresh_short();
    let sources =
        Sources { published, unpublished, untrusted, other, client: None, added: Vec::new(), short };
    Ok((Keyring::new(sources), warnings))
}

/// The keys of the state folder, where they are all there; nothing is made.
///
/// # Errors
/// [`KeyStoreError`] when one cannot be read, or is damaged.
pub fn kept(dir: &Path) -> Result<Option<Keyring>, KeyStoreError> {
    let keys = dir.join("keys");
    let complete = STORED.iter().all(|(name, _)| keys.join(format!("{name}.pem")).exists());
    if complete { from_state_folder(dir).map(|(keyring, _)| Some(keyring)) } else { Ok(None) }
}

fn read_stored(path: &Path) -> Result<SigningKey, KeyStoreError> {
    from_file(path).map_err(|error| match error {
        KeyStoreError::Unusable { path, problem, .. } => KeyStoreError::Unusable {
            path,
            problem,
            mend: "delete it, and the next run makes another, which the target then has to fetch",
        },
        KeyStoreError::Io { action, path, source, .. } => KeyStoreError::Io {
            action,
            path,
            source,
            mend: "; correct its permissions, set XDG_STATE_HOME to another folder, or give a key with --idp-key",
        },
        other => other,
    })
}

/// Makes the keys that are missing, under a lock, so that of two processes at once the second finds the first one's.
/// Where the file system has no locks, each file is still whole, and the last one wins.
fn make_missing(dir: &Path, path: impl Fn(&str) -> PathBuf) -> Result<(), KeyStoreError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| KeyStoreError::Io {
            action: "cannot write the IdP's keys to",
            path,
            source,
            mend: "; make it writable, set XDG_STATE_HOME to another folder, or give a key with --idp-key",
        }
    };
    files::create_private_folder(dir).map_err(failed(dir))?;
    let lock = dir.join(".lock");
    // Held until it goes out of scope.
    let _lock = files::lock(&lock).map_err(failed(&lock))?;
    let missing: Vec<_> = STORED.into_iter().filter(|(name, _)| !path(name).exists()).collect();
    // A thread each: only the RSA keys take time.
    let made: Vec<Result<String, KeyError>> = thread::scope(|scope| {
        let threads: Vec<_> =
            missing.iter().map(|(_, key_type)| scope.spawn(|| generate_pem(*key_type))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or(Err(KeyError::Crypto("make a key"))))
            .collect()
    });
    for ((name, _), pem) in missing.iter().zip(made) {
        let path = path(name);
        files::write_private(&path, &pem?).map_err(failed(&path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
