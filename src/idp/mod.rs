//! The IdP that the harness plays: its keys (`keyring`, `key_store`), what it publishes and where (`issuer`), its
//! server with the log of who fetched what, and the files for those who host it themselves. Minting ID-JAGs is
//! `idjag`'s business.

mod access_log;
mod certificate;
mod connection;
mod export;
mod files;
mod issuer;
pub mod key_store;
mod keyring;
mod server;
mod tls;

pub use access_log::{Access, AccessKind, AccessLog, MAX_ENTRIES, Mark};
pub use certificate::{CertificateError, CertificateFiles, CertificateRequest};
pub use export::{ExportError, export};
pub use issuer::{Issuer, IssuerError, IssuerRole};
pub use keyring::{Keyring, KeyringError};
pub use server::{Idp, IdpConfig, IdpError, issuer_of_listener};
pub use tls::{TlsError, TlsFiles};
