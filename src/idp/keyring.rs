//! The keys of all the roles that the IdP plays, and which of them each issuer publishes now. Reads and writes
//! nothing: where keys come from is `key_store`'s business, handing JWKSs out `server`'s.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::{Value, json};

use super::issuer::IssuerRole;
use crate::{
    idjag::KeyChoice,
    keys::{Algorithm, KeyError, KeyType, SYMMETRIC_KEY, SigningKey, generate_pem, generate_short_rsa_pem},
    suite::IdpAction,
};

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum KeyringError {
    /// The IdP was given one key, and it is of another type.
    #[error(
        "the IdP publishes no key that makes {asked} signatures, only {offered}; give another --idp-key, or --idp-alg"
    )]
    NotPublished {
        /// The algorithm that was asked for.
        asked: Algorithm,
        /// The algorithms that are offered, joined by commas.
        offered: String,
    },
    /// `key: client`, and the client has none.
    #[error("the client has no key: set --client-key")]
    NoClientKey,
    /// The client's key is one of the IdP's own.
    #[error(
        "it is a signing key of the IdP as well: give the client a key of its own (jagspec idp key --make FILE)"
    )]
    ClientKeyIsPublished,
    /// `key: added` before any `add-key` or `rotate-key`.
    #[error("no key was added yet: an IdP action `add-key` or `rotate-key` must come before `key: added`")]
    NothingAdded,
    /// A key could not be made or read.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A key that is parsed, or made, when it is first asked for: a run uses few of them.
#[derive(Debug)]
pub(super) struct Slot {
    source: Source,
    key: OnceLock<Result<Arc<SigningKey>, KeyError>>,
}

#[derive(Debug)]
enum Source {
    /// One of the public test keys.
    Test(&'static str),
    /// Made on first use, and gone with the process.
    Fresh(KeyType),
    /// The public test key of RSA with 1024 bits.
    ShortTest(&'static str),
    /// One like it, made on first use, and gone with the process.
    FreshShort,
    /// There from the start.
    Ready,
}

impl Slot {
    /// A public test key; that each of them is one is shown by a test.
    pub(super) fn test(pem: &'static str) -> Self {
        Self { source: Source::Test(pem), key: OnceLock::new() }
    }

    /// A key made on first use.
    pub(super) fn fresh(key_type: KeyType) -> Self {
        Self { source: Source::Fresh(key_type), key: OnceLock::new() }
    }

    /// The public test key of RSA with 1024 bits.
    pub(super) fn short_test(pem: &'static str) -> Self {
        Self { source: Source::ShortTest(pem), key: OnceLock::new() }
    }

    /// An RSA key of 1024 bits, made on first use.
    pub(super) fn fresh_short() -> Self {
        Self { source: Source::FreshShort, key: OnceLock::new() }
    }

    /// A key that is there already.
    pub(super) fn ready(key: Arc<SigningKey>) -> Self {
        Self { source: Source::Ready, key: OnceLock::from(Ok(key)) }
    }

    fn get(&self) -> Result<Arc<SigningKey>, KeyError> {
        self.key
            .get_or_init(|| match &self.source {
                Source::Test(pem) => SigningKey::from_pem(pem).map(Arc::new),
                Source::Fresh(key_type) => {
                    generate_pem(*key_type).and_then(|pem| SigningKey::from_pem(&pem)).map(Arc::new)
                }
                Source::ShortTest(pem) => SigningKey::short_rsa_from_pem(pem).map(Arc::new),
                Source::FreshShort => generate_short_rsa_pem()
                    .and_then(|pem| SigningKey::short_rsa_from_pem(&pem))
                    .map(Arc::new),
                Source::Ready => Err(KeyError::Crypto("find a key that was there")),
            })
            .clone()
    }

    fn jwk(&self, alg: Option<Algorithm>) -> Option<Value> {
        // Only a failing random number generator can take a key away here; what is published is then the rest.
        self.get().ok().map(|key| key.jwk(alg))
    }
}

/// One key of each type, in the order of [`KeySet::TYPES`].
#[derive(Debug)]
pub(super) struct KeySet(pub(super) [Slot; 4]);

impl KeySet {
    /// The order of the keys.
    pub(super) const TYPES: [KeyType; 4] = [KeyType::Rsa, KeyType::P256, KeyType::P384, KeyType::Ed25519];

    /// Keys made on first use.
    pub(super) fn fresh() -> Self {
        Self(Self::TYPES.map(Slot::fresh))
    }

    fn slot(&self, key_type: KeyType) -> &Slot {
        let [rsa, p256, p384, ed25519] = &self.0;
        match key_type {
            KeyType::Rsa => rsa,
            KeyType::P256 => p256,
            KeyType::P384 => p384,
            KeyType::Ed25519 => ed25519,
        }
    }

    fn jwks(&self) -> impl Iterator<Item = Value> {
        self.0.iter().filter_map(|slot| slot.jwk(None))
    }
}

/// A published key and what it signs.
#[derive(Debug)]
struct Published {
    slot: Slot,
    /// The algorithms that it is offered for, the preferred one first.
    algorithms: Vec<Algorithm>,
    /// `alg` of its JWK: only where there is no other (RFC 7517 section 4.4).
    alg: Option<Algorithm>,
}

/// Where the keys of the roles come from; made by `key_store`.
#[derive(Debug)]
pub(super) struct Sources {
    /// The keys for RS256, PS256, ES256, ES384 and Ed25519.
    pub(super) published: [Slot; 5],
    /// In no JWKS.
    pub(super) unpublished: KeySet,
    /// Of `{issuer}/untrusted`.
    pub(super) untrusted: KeySet,
    /// Of `{issuer}/other`.
    pub(super) other: KeySet,
    /// Of the client that authenticates with `private_key_jwt`, where it has one.
    pub(super) client: Option<Slot>,
    /// What the actions add, set after set, from the first again when all are used up; none: made afresh, so that
    /// no target knows them from an earlier run.
    pub(super) added: Vec<KeySet>,
    /// The RSA key of 1024 bits.
    pub(super) short: Slot,
}

#[derive(Debug, Default)]
struct State {
    /// The original keys are not published at present.
    withdrawn: bool,
    /// The added sets that are published at present.
    live: Vec<Arc<KeySet>>,
    /// The added sets that are published with `use: enc`.
    encryption: Vec<Arc<KeySet>>,
    /// The set that was added last, published or not: a withdrawn key can still sign.
    last: Option<Arc<KeySet>>,
    /// How many sets were added since the start.
    added: usize,
    /// A key of an unknown type is published.
    unknown_type: bool,
    /// The RSA key of 1024 bits is published.
    short: bool,
    /// A symmetric key is published.
    symmetric: bool,
    /// The JWKS is not to be had.
    broken: bool,
}

/// How an added set is published.
enum Publication {
    /// Beside all others.
    Beside,
    /// In place of all others.
    Alone,
    /// Beside all others, with `use: enc`.
    ForEncryption,
}

/// The keys of the IdP in all its roles, and which are published now. Shared between the server, which publishes
/// them, and the run, which signs with them.
#[derive(Debug)]
pub struct Keyring {
    published: Vec<Published>,
    unpublished: KeySet,
    untrusted: KeySet,
    other: KeySet,
    client: Option<Slot>,
    added: Vec<Arc<KeySet>>,
    short: Slot,
    state: Mutex<State>,
}

impl Keyring {
    pub(super) fn new(sources: Sources) -> Self {
        let [rs256, ps256, es256, es384, ed25519] = sources.published;
        let one = |slot, algorithm| Published { slot, algorithms: vec![algorithm], alg: Some(algorithm) };
        Self {
            published: vec![
                one(rs256, Algorithm::RS256),
                one(ps256, Algorithm::PS256),
                one(es256, Algorithm::ES256),
                one(es384, Algorithm::ES384),
                // Without `alg`: the key has two names for its only algorithm (RFC 9864 section 2.2).
                Published {
                    slot: ed25519,
                    algorithms: vec![Algorithm::EdDSA, Algorithm::Ed25519],
                    alg: None,
                },
            ],
            unpublished: sources.unpublished,
            untrusted: sources.untrusted,
            other: sources.other,
            client: sources.client,
            added: sources.added.into_iter().map(Arc::new).collect(),
            short: sources.short,
            state: Mutex::default(),
        }
    }

    /// This keyring with `key` (of `--idp-key`) as the only published one. Its type decides the algorithms; an RSA
    /// key is offered for RS256 and PS256 and has no `alg` in its JWK.
    #[must_use]
    pub fn publishing(mut self, key: SigningKey) -> Self {
        let algorithms = offered(key.key_type());
        let alg = only(&algorithms);
        self.published = vec![Published { slot: Slot::ready(Arc::new(key)), algorithms, alg }];
        self
    }

    /// This keyring with `key` (of `--client-key`) as that of the client that authenticates with `private_key_jwt`.
    ///
    /// # Errors
    /// [`KeyringError::ClientKeyIsPublished`]: a target could not tell the client from the IdP by such a key.
    pub fn with_client_key(mut self, key: SigningKey) -> Result<Self, KeyringError> {
        let is_ours = |published: &Published| published.slot.get().is_ok_and(|own| own.kid() == key.kid());
        if self.published.iter().any(is_ours) {
            return Err(KeyringError::ClientKeyIsPublished);
        }
        self.client = Some(Slot::ready(Arc::new(key)));
        Ok(self)
    }

    /// The JWK Set with the public half of the client's key; empty where the client has none.
    pub fn client_jwks(&self) -> Value {
        let key = self.client.as_ref().and_then(|slot| slot.get().ok());
        let jwk = key.map(|key| key.jwk(only(&offered(key.key_type()))));
        json!({ "keys": jwk.into_iter().collect::<Vec<_>>() })
    }

    /// The type of the client's key, where it has one.
    pub fn client_key_type(&self) -> Option<KeyType> {
        self.client.as_ref().and_then(|slot| slot.get().ok()).map(|key| key.key_type())
    }

    /// The algorithms that the published keys are offered for, in the order of [`Algorithm::OFFERED`]. The first is
    /// the one to take when none was asked for.
    pub fn algorithms(&self) -> Vec<Algorithm> {
        self.published.iter().flat_map(|key| key.algorithms.iter().copied()).collect()
    }

    /// The key that signs. RS384 and RS512, which are offered by nobody here, are signed with the RS256 key.
    ///
    /// The published keys stay what they are while an action has withdrawn them: a step that signs with
    /// [`KeyChoice::Published`] after `rotate-key` signs with a key that the IdP no longer publishes.
    /// [`KeyChoice::Added`] is the key that was added last, also after `restore` has withdrawn it.
    ///
    /// # Errors
    /// [`KeyringError`]: no such key is published, or none was added.
    pub fn signing_key(
        &self,
        choice: KeyChoice,
        algorithm: Algorithm,
    ) -> Result<Arc<SigningKey>, KeyringError> {
        let key_type = algorithm.key_type();
        let key = match choice {
            KeyChoice::Published => self.published_slot(algorithm)?.get(),
            KeyChoice::Unpublished => self.unpublished.slot(key_type).get(),
            KeyChoice::UntrustedIssuer => self.untrusted.slot(key_type).get(),
            KeyChoice::OtherIssuer => self.other.slot(key_type).get(),
            KeyChoice::Client => self.client.as_ref().ok_or(KeyringError::NoClientKey)?.get(),
            KeyChoice::Short => self.short.get(),
            KeyChoice::Added => {
                let last = self.state().last.clone();
                last.ok_or(KeyringError::NothingAdded)?.slot(key_type).get()
            }
        };
        Ok(key?)
    }

    fn published_slot(&self, algorithm: Algorithm) -> Result<&Slot, KeyringError> {
        let listed = match algorithm {
            Algorithm::RS384 | Algorithm::RS512 => Algorithm::RS256,
            listed => listed,
        };
        self.published.iter().find(|key| key.algorithms.contains(&listed)).map(|key| &key.slot).ok_or_else(
            || {
                let offered: Vec<_> = self.algorithms().iter().map(|algorithm| algorithm.name()).collect();
                KeyringError::NotPublished { asked: algorithm, offered: offered.join(", ") }
            },
        )
    }

    /// The JWK Set (RFC 7517 section 5) that an issuer publishes now.
    pub fn jwks(&self, role: IssuerRole) -> Value {
        let keys: Vec<Value> = match role {
            IssuerRole::Main => self.main_jwks(),
            IssuerRole::Untrusted => self.untrusted.jwks().collect(),
            IssuerRole::Other => self.other.jwks().collect(),
        };
        json!({ "keys": keys })
    }

    /// The public half of every key that has a role from the start, and whose it is.
    pub fn public_keys(&self) -> Vec<(&'static str, Value)> {
        let roles = [
            ("the unpublished key", &self.unpublished),
            ("the untrusted issuer's key", &self.untrusted),
            ("the second issuer's key", &self.other),
        ];
        let published =
            self.published.iter().filter_map(|key| Some(("the published key", key.slot.jwk(key.alg)?)));
        let others = roles.into_iter().flat_map(|(whose, set)| set.jwks().map(move |jwk| (whose, jwk)));
        published.chain(others).collect()
    }

    fn main_jwks(&self) -> Vec<Value> {
        let (withdrawn, live, encryption, unknown_type, short, symmetric) = {
            let state = self.state();
            let (live, encryption) = (state.live.clone(), state.encryption.clone());
            (state.withdrawn, live, encryption, state.unknown_type, state.short, state.symmetric)
        };
        let mut keys = Vec::new();
        if unknown_type {
            // In front, so that a parser that stumbles over it reaches no other.
            keys.push(json!({
                "kid": "key-type-of-nobody", "use": "sig", "kty": "NOBODY-KNOWS", "crv": "None", "x": "AQAB"
            }));
        }
        if !withdrawn {
            keys.extend(self.published.iter().filter_map(|key| key.slot.jwk(key.alg)));
        }
        keys.extend(live.iter().flat_map(|set| set.jwks()));
        keys.extend(encryption.iter().flat_map(|set| set.jwks()).map(|mut jwk| {
            jwk["use"] = json!("enc");
            jwk
        }));
        if short {
            keys.extend(self.short.jwk(Some(Algorithm::RS256)));
        }
        if symmetric {
            keys.push(SYMMETRIC_KEY.jwk());
        }
        keys
    }

    /// Whether requests for the main issuer's JWKS are to be answered with status 500.
    pub fn jwks_is_broken(&self) -> bool {
        self.state().broken
    }

    /// Does what a step of a suite asks for. All actions concern the main issuer. Keys are made here where they are
    /// not fixed: a tenth of a second for RSA.
    ///
    /// # Errors
    /// [`KeyringError::Key`] when a key could not be made, which no input can cause.
    pub fn perform(&self, action: IdpAction) -> Result<(), KeyringError> {
        match action {
            IdpAction::AddKey => self.add(Publication::Beside)?,
            IdpAction::RotateKey => self.add(Publication::Alone)?,
            IdpAction::AddEncryptionKey => self.add(Publication::ForEncryption)?,
            IdpAction::AddUnknownKeyType => self.state().unknown_type = true,
            IdpAction::AddShortKey => {
                // Made before it is published, as others are.
                self.short.get()?;
                self.state().short = true;
            }
            IdpAction::AddSymmetricKey => self.state().symmetric = true,
            IdpAction::BreakJwks => self.state().broken = true,
            IdpAction::Restore => {
                let mut state = self.state();
                state.withdrawn = false;
                state.live.clear();
                state.encryption.clear();
                state.unknown_type = false;
                state.short = false;
                state.symmetric = false;
                state.broken = false;
            }
        }
        Ok(())
    }

    fn add(&self, publication: Publication) -> Result<(), KeyringError> {
        let number = self.state().added;
        let set = match self.added.get(number % self.added.len().max(1)) {
            Some(fixed) => Arc::clone(fixed),
            None => Arc::new(KeySet::fresh()),
        };
        if self.added.is_empty() {
            // Made before they are published: a target that fetches must not wait for them.
            for slot in &set.0 {
                slot.get()?;
            }
        }
        let mut state = self.state();
        state.added += 1;
        state.last = Some(Arc::clone(&set));
        match publication {
            Publication::Beside => state.live.push(set),
            Publication::Alone => {
                state.withdrawn = true;
                state.live = vec![set];
            }
            Publication::ForEncryption => state.encryption.push(set),
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock, and a state half set would still be one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a key of this type is offered for, the preferred algorithm first.
fn offered(key_type: KeyType) -> Vec<Algorithm> {
    let of_type = Algorithm::of(key_type).iter().copied();
    of_type.filter(|algorithm| Algorithm::OFFERED.contains(algorithm)).collect()
}

/// `alg` of a JWK: only where there is no other algorithm (RFC 7517 section 4.4).
fn only(algorithms: &[Algorithm]) -> Option<Algorithm> {
    match algorithms {
        [one] => Some(*one),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
