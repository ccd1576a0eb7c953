//! The TLS side of the IdP: the user's certificate and key, read and joined. Making them is `certificate`'s business.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

/// The files of `--idp-tls-cert` and `--idp-tls-key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate in PEM, with the chain below its CA.
    pub certificate: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
}

/// Why the IdP cannot speak https. Each message names the file, and what mends it.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read.
    #[error("cannot read `{}`: {source}; correct {option}, or make both files with `jagspec idp cert`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The option that named it.
        option: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("`{}` holds no {expected} in PEM; correct {option}, or make both files with `jagspec idp cert`", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The option that named it.
        option: &'static str,
        /// What was looked for.
        expected: &'static str,
    },
    /// The key belongs to another certificate.
    #[error("the key `{}` does not belong to the certificate `{}`; give the two that were made together", key.display(), certificate.display())]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// The library takes them not.
    #[error("the certificate `{}` and its key cannot be used for TLS: {problem}; make others with `jagspec idp cert`", certificate.display())]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// What the library said.
        problem: String,
    },
}

/// Reads certificate and key.
pub(super) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, TlsError> {
    let (certificate_option, key_option) = ("--idp-tls-cert", "--idp-tls-key");
    let content =
        |path: &Path, option, expected| TlsError::Content { path: path.to_owned(), option, expected };
    let certificates = CertificateDer::pem_slice_iter(&read(&files.certificate, certificate_option)?)
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(|| content(&files.certificate, certificate_option, "certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key, key_option)?)
        .map_err(|_| content(&files.key, key_option, "unencrypted private key"))?;
    // The provider is named here: nothing is installed for the whole process.
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key))
        .map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                TlsError::Mismatch { certificate: files.certificate.clone(), key: files.key.clone() }
            }
            other => {
                TlsError::Unusable { certificate: files.certificate.clone(), problem: other.to_string() }
            }
        })?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn read(path: &Path, option: &'static str) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Unreadable { path: path.to_owned(), option, source })
}
