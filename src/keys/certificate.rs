//! A certificate that a key signs for itself: what an attacker puts into the header member `x5c` (RFC 7515 section
//! 4.1.6). That of the IdP's server is `idp::certificate`'s business.

use rcgen::{CertificateParams, DnType, PublicKeyData, SerialNumber, SignatureAlgorithm};

use super::{Algorithm, KeyError, KeyType, SigningKey, ecdsa};

const NOT_MADE: KeyError = KeyError::Crypto("make a certificate");

/// The certificate as DER. It holds from 2020 to 2119: an attacker does not let it expire.
///
/// # Errors
/// [`KeyError::Crypto`] when the library refuses, which no key of this program causes.
pub fn self_signed(key: &SigningKey) -> Result<Vec<u8>, KeyError> {
    let mut params = CertificateParams::new(Vec::new()).map_err(|_| NOT_MADE)?;
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2119, 12, 31);
    // Without one the library takes a digest of the key, which is the same every time as well, but longer.
    params.serial_number = Some(SerialNumber::from(1));
    params.distinguished_name.push(DnType::CommonName, "jagspec self-signed");
    let certificate = params.self_signed(&Signer { key, public: public_key(key)? }).map_err(|_| NOT_MADE)?;
    Ok(certificate.der().to_vec())
}

struct Signer<'a> {
    key: &'a SigningKey,
    /// The bits of the SubjectPublicKeyInfo's last member.
    public: &'a [u8],
}

/// What follows the algorithm in the key's SubjectPublicKeyInfo: a BIT STRING without unused bits, whose content
/// runs to the end.
fn public_key(key: &SigningKey) -> Result<&[u8], KeyError> {
    let spki = key.public_key_der();
    let length = match key.key_type() {
        KeyType::P256 => 65,
        KeyType::P384 => 97,
        KeyType::Ed25519 => 32,
        // SEQUENCE, length in the long form, AlgorithmIdentifier of 15 bytes, BIT STRING, its length, no unused bits.
        KeyType::Rsa => spki.len().checked_sub(24).ok_or(NOT_MADE)?,
    };
    spki.get(spki.len().saturating_sub(length)..).ok_or(NOT_MADE)
}

impl PublicKeyData for Signer<'_> {
    fn subject_public_key_info(&self) -> Vec<u8> {
        self.key.public_key_der().to_vec()
    }

    fn der_bytes(&self) -> &[u8] {
        self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.key.key_type() {
            KeyType::Rsa => &rcgen::PKCS_RSA_SHA256,
            KeyType::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            KeyType::P384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            KeyType::Ed25519 => &rcgen::PKCS_ED25519,
        }
    }
}

impl rcgen::SigningKey for Signer<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let (algorithm, is_ecdsa) = match self.key.key_type() {
            KeyType::Rsa => (Algorithm::RS256, false),
            KeyType::P256 => (Algorithm::ES256, true),
            KeyType::P384 => (Algorithm::ES384, true),
            KeyType::Ed25519 => (Algorithm::Ed25519, false),
        };
        let signature = self.key.sign(algorithm, message).map_err(|_| rcgen::Error::RemoteKeyError)?;
        Ok(if is_ecdsa { ecdsa::to_der(&signature) } else { signature })
    }
}
