//! A CA and a server certificate for an IdP over https that nobody else vouches for (`jagspec idp cert`).

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};

use super::files;

/// The longest time for which browsers and platform verifiers take a server certificate.
const DAYS: u64 = 398;
const DAY: u64 = 24 * 60 * 60;
/// Always in the certificate: the default address of the IdP, in the ways people write it.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What is to be made.
#[derive(Debug, Clone, Default)]
pub struct CertificateRequest {
    /// Host names and IP addresses, beside those of the loopback interface.
    pub hosts: Vec<String>,
    /// Files that are there are replaced.
    pub overwrite: bool,
    /// Seconds since the epoch: the certificates hold from an hour before.
    pub now: i64,
}

/// The files that were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The CA's certificate, for the target to trust. Its key is not kept: it can vouch for nothing else.
    pub ca: PathBuf,
    /// The server's certificate, for `--idp-tls-cert`.
    pub certificate: PathBuf,
    /// The server's private key, for `--idp-tls-key`.
    pub key: PathBuf,
}

/// Why the certificates could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file of one of the names is there already.
    #[error("`{}` is there already: choose another folder, or have it replaced with --overwrite", .0.display())]
    Exists(PathBuf),
    /// A host cannot be in a certificate.
    #[error(
        "`{0}` cannot be in a certificate: give a host name in ASCII or an IP address, without scheme and port (--host)"
    )]
    Host(String),
    /// A file could not be written.
    #[error("cannot write `{}`: {source}; choose a folder that you can write to", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The library refused.
    #[error("the certificate could not be made: {0}")]
    Library(#[from] rcgen::Error),
}

impl CertificateRequest {
    /// Makes a CA, a server certificate that it signs, and writes `ca.pem`, `cert.pem` and `key.pem` (mode 0600)
    /// below `dir`.
    ///
    /// # Errors
    /// [`CertificateError`]: files that are there and not to be replaced, a host that is none, a folder that cannot
    /// be written to.
    pub fn make(&self, dir: &Path) -> Result<CertificateFiles, CertificateError> {
        let made = CertificateFiles {
            ca: dir.join("ca.pem"),
            certificate: dir.join("cert.pem"),
            key: dir.join("key.pem"),
        };
        let all = [&made.ca, &made.certificate, &made.key];
        if let Some(there) = all.into_iter().find(|path| !self.overwrite && path.exists()) {
            return Err(CertificateError::Exists(there.clone()));
        }
        let hosts = self.all_hosts()?;
        let authority = CertifiedIssuer::self_signed(self.authority()?, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let certificate = self.server(hosts)?.signed_by(&key, &authority)?;

        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| CertificateError::Write { path, source }
        };
        fs::create_dir_all(dir).map_err(failed(dir))?;
        files::write_private(&made.key, &key.serialize_pem()).map_err(failed(&made.key))?;
        fs::write(&made.ca, authority.pem()).map_err(failed(&made.ca))?;
        fs::write(&made.certificate, certificate.pem()).map_err(failed(&made.certificate))?;
        Ok(made)
    }

    fn all_hosts(&self) -> Result<Vec<String>, CertificateError> {
        let mut hosts: Vec<String> = Vec::new();
        for host in self.hosts.iter().map(String::as_str).chain(LOOPBACK) {
            // An IPv6 address as in a URL.
            let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            let is_ip = bare.parse::<std::net::IpAddr>().is_ok();
            let is_name = |c: char| c.is_ascii_alphanumeric() || ".-_*".contains(c);
            if bare.is_empty() || !(is_ip || bare.chars().all(is_name)) {
                return Err(CertificateError::Host(host.to_owned()));
            }
            if !hosts.iter().any(|known| known == bare) {
                hosts.push(bare.to_owned());
            }
        }
        Ok(hosts)
    }

    fn authority(&self) -> Result<CertificateParams, CertificateError> {
        let mut params = CertificateParams::new(Vec::new())?;
        self.set_validity(&mut params);
        params.distinguished_name.push(DnType::CommonName, "jagspec IdP test CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(params)
    }

    fn server(&self, hosts: Vec<String>) -> Result<CertificateParams, CertificateError> {
        let mut params = CertificateParams::new(hosts)?;
        self.set_validity(&mut params);
        params.distinguished_name.push(DnType::CommonName, "jagspec IdP");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        Ok(params)
    }

    fn set_validity(&self, params: &mut CertificateParams) {
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        let now = u64::try_from(self.now).unwrap_or_default();
        // An hour earlier, for targets whose clock is behind.
        let from = now.saturating_sub(60 * 60);
        params.not_before = epoch + Duration::from_secs(from);
        // The second named last belongs to the time (RFC 5280 section 4.1.2.5).
        params.not_after = epoch + Duration::from_secs(from + DAYS * DAY - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(hosts: &[&str]) -> Result<Vec<String>, String> {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        CertificateRequest { hosts, ..Default::default() }.all_hosts().map_err(|error| error.to_string())
    }

    #[test]
    fn the_loopback_names_are_always_there() {
        assert_eq!(hosts(&[]).unwrap(), LOOPBACK);
        assert_eq!(
            hosts(&["host.docker.internal", "[::1]", "10.0.0.7", "localhost", "*.test"]).unwrap(),
            ["host.docker.internal", "::1", "10.0.0.7", "localhost", "*.test", "127.0.0.1"]
        );
    }

    #[test]
    fn what_is_no_host_is_named() {
        for host in ["", "https://idp.example", "idp.example:9555", "idp example", "b\u{fc}cher.example"] {
            let error = hosts(&[host]).unwrap_err();
            assert!(error.contains(&format!("`{host}`")) && error.contains("--host"), "{error}");
        }
    }
}
