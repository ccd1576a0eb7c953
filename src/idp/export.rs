//! The IdP's metadata and JWKSs as files, for those who host them statically. What they say is decided by `issuer`
//! and `keyring`. With static hosting the cases that touch the IdP are skipped.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    issuer::{Issuer, IssuerRole, WELL_KNOWN},
    keyring::Keyring,
};

/// Why the files could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`: {source}; choose a folder that you can write to", path.display())]
pub struct ExportError {
    /// The file or folder.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Writes what the issuers publish below `dir`, which is to be served as the address of the main issuer: the metadata
/// at the appended well-known addresses, `jwks`, and both again in `untrusted/` and `other/`; where the client has a key,
/// `client-jwks` too. Files that are there
/// are replaced. Returns the files, in the order in which they were written.
///
/// Inserted well-known addresses of an issuer with a path lie outside of `dir`; for `untrusted` and `other` they
/// cannot be files, since a file of the main issuer has the name of their folder.
///
/// # Errors
/// [`ExportError`] names the file or folder that could not be written.
pub fn export(dir: &Path, issuer: &Issuer, keyring: &Keyring) -> Result<Vec<PathBuf>, ExportError> {
    let mut written = Vec::new();
    for role in IssuerRole::ALL {
        let folder = dir.join(role.suffix().trim_start_matches('/'));
        let metadata = issuer.metadata(role, &keyring.algorithms());
        let files = WELL_KNOWN
            .iter()
            .map(|path| (path.trim_start_matches('/'), &metadata))
            .map(|(path, value)| (folder.join(path), value.to_string()))
            .chain([(folder.join("jwks"), keyring.jwks(role).to_string())]);
        for (path, text) in files {
            let parent = path.parent().unwrap_or(dir);
            fs::create_dir_all(parent).map_err(|source| ExportError { path: parent.to_owned(), source })?;
            fs::write(&path, text).map_err(|source| ExportError { path: path.clone(), source })?;
            written.push(path);
        }
    }
    if keyring.client_key_type().is_some() {
        let path = dir.join("client-jwks");
        fs::write(&path, keyring.client_jwks().to_string())
            .map_err(|source| ExportError { path: path.clone(), source })?;
        written.push(path);
    }
    Ok(written)
}
