//! The IdP's issuer identifier, the addresses that follow from it, and the metadata at them. Pure: serving is
//! `server`'s business, writing files `export`'s.

use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::access_log::AccessKind;
use crate::keys::Algorithm;

/// Which of the issuers that the harness plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssuerRole {
    /// The IdP that the target trusts.
    Main,
    /// `{issuer}/untrusted`, which no target may trust.
    Untrusted,
    /// `{issuer}/other`, trusted as well where `--other-idp-issuer` says so.
    Other,
}

impl IssuerRole {
    /// All issuers.
    pub const ALL: [IssuerRole; 3] = [IssuerRole::Main, IssuerRole::Untrusted, IssuerRole::Other];

    /// What its issuer identifier has after the main one.
    pub fn suffix(self) -> &'static str {
        match self {
            IssuerRole::Main => "",
            IssuerRole::Untrusted => "/untrusted",
            IssuerRole::Other => "/other",
        }
    }
}

/// Why a text is no issuer identifier.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("`{text}` cannot be the issuer identifier of the IdP: {problem} (--idp-issuer)")]
pub struct IssuerError {
    /// What was given.
    pub text: String,
    /// What is wrong with it, and what to write.
    pub problem: String,
}

/// The issuer identifier of the IdP. A string: it never passes through a URL type that adds or drops a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    /// Where the path begins, in `text`.
    path_at: usize,
}

/// The path components that RFC 8414 section 3 and OpenID Connect Discovery section 4 register.
pub(super) const WELL_KNOWN: [&str; 2] =
    ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];

impl Issuer {
    /// Checks an issuer identifier: http or https, a host, no query and no fragment (RFC 8414 section 2), and a path
    /// that HTTP clients ask for as it stands.
    ///
    /// # Errors
    /// [`IssuerError`] names the problem.
    pub fn parse(text: &str) -> Result<Self, IssuerError> {
        let refused = |problem: String| IssuerError { text: text.to_owned(), problem };
        let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
            return Err(refused("write a URL that begins with https:// or http://".into()));
        };
        if text.contains(['?', '#']) {
            return Err(refused(
                "an issuer identifier has no query and no fragment (RFC 8414 section 2)".into(),
            ));
        }
        let url = Url::parse(text).map_err(|error| refused(format!("it is no URL ({error})")))?;
        if rest.split('/').next().unwrap_or_default().contains('@') {
            return Err(refused("it holds a user name; leave that out".into()));
        }
        let path_at = text.len() - rest.find('/').map_or(0, |at| rest.len() - at);
        let path = &text[path_at..];
        if !path.is_empty() && url.path() != path {
            return Err(refused(format!("clients would ask for the path `{}`; write it so", url.path())));
        }
        Ok(Self { text: text.to_owned(), path_at })
    }

    /// The issuer identifier, byte for byte as given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The issuer identifier without one final slash: what addresses are built from.
    fn base(&self) -> &str {
        self.text.strip_suffix('/').unwrap_or(&self.text)
    }

    /// The path in front of all addresses: empty, or with a slash at its beginning and none at its end.
    fn path(&self) -> &str {
        self.base().get(self.path_at..).unwrap_or_default()
    }

    /// The issuer identifier of a role.
    pub fn of(&self, role: IssuerRole) -> String {
        match role {
            IssuerRole::Main => self.text.clone(),
            _ => format!("{}{}", self.base(), role.suffix()),
        }
    }

    /// The address of a role's JWKS.
    pub fn jwks_uri(&self, role: IssuerRole) -> String {
        format!("{}{}/jwks", self.base(), role.suffix())
    }

    /// The address of the keys of the client that authenticates with `private_key_jwt`.
    pub fn client_jwks_uri(&self) -> String {
        format!("{}/client-jwks", self.base())
    }

    /// A canary address, which nobody has reason to fetch; `name` is of unreserved characters (RFC 3986 section 2.3).
    pub fn canary_uri(&self, name: &str) -> String {
        format!("{}/canary/{name}", self.base())
    }

    /// Where a role's metadata is: for an issuer with a path both inserted (RFC 8414 section 3.1) and appended
    /// (OpenID Connect Discovery section 4.1), without repetition.
    pub fn metadata_uris(&self, role: IssuerRole) -> Vec<String> {
        let origin = self.text.get(..self.path_at).unwrap_or_default();
        let path = format!("{}{}", self.path(), role.suffix());
        let inserted = WELL_KNOWN.iter().map(|well_known| format!("{origin}{well_known}{path}"));
        let appended = WELL_KNOWN.iter().map(|well_known| format!("{origin}{path}{well_known}"));
        let mut uris: Vec<String> = inserted.collect();
        if !path.is_empty() {
            uris.extend(appended);
        }
        uris
    }

    /// A role's metadata: what RFC 8414 section 2 and OpenID Connect Discovery section 3 require, and that ID-JAGs
    /// are issued (draft-ietf-oauth-identity-assertion-authz-grant section 7.1). Nothing answers at the endpoints: the
    /// harness mints its ID-JAGs itself.
    pub fn metadata(&self, role: IssuerRole, algorithms: &[Algorithm]) -> Value {
        let base = format!("{}{}", self.base(), role.suffix());
        let algorithms: Vec<&str> = algorithms.iter().map(|algorithm| algorithm.name()).collect();
        json!({
            "issuer": self.of(role),
            "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"),
            "jwks_uri": self.jwks_uri(role),
            "response_types_supported": ["code"],
            "grant_types_supported": ["urn:ietf:params:oauth:grant-type:token-exchange"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
            "identity_chaining_requested_token_types_supported": ["urn:ietf:params:oauth:token-type:id-jag"],
        })
    }

    /// What is at the path of a request. The issuer's own path may be there or not: a reverse proxy hands it on, or
    /// strips it.
    pub(super) fn resolve(&self, path: &str) -> (AccessKind, Option<IssuerRole>) {
        let unknown = (AccessKind::Other, None);
        let found = |kind, role: Option<IssuerRole>| role.map_or(unknown, |role| (kind, Some(role)));
        for well_known in WELL_KNOWN {
            if let Some(inserted) = path.strip_prefix(well_known) {
                return found(AccessKind::Metadata, self.role_at(inserted));
            }
            if let Some(prefix) = path.strip_suffix(well_known) {
                return found(AccessKind::Metadata, self.role_at(prefix));
            }
        }
        if let Some(prefix) = path.strip_suffix("/jwks") {
            return found(AccessKind::Jwks, self.role_at(prefix));
        }
        let own = path.strip_prefix(self.path()).filter(|rest| rest.starts_with('/')).unwrap_or(path);
        if own == "/client-jwks" {
            return (AccessKind::ClientJwks, Some(IssuerRole::Main));
        }
        if own.starts_with("/canary/") {
            return (AccessKind::Canary, Some(IssuerRole::Main));
        }
        unknown
    }

    /// The issuer whose path this is, with the main issuer's path in front or without.
    fn role_at(&self, path: &str) -> Option<IssuerRole> {
        let role = |suffix: &str| IssuerRole::ALL.into_iter().find(|role| role.suffix() == suffix);
        path.strip_prefix(self.path()).and_then(role).or_else(|| role(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(text: &str) -> Issuer {
        Issuer::parse(text).unwrap()
    }

    #[test]
    fn the_text_stays_as_it_is() {
        for text in [
            "http://127.0.0.1:9555",
            "http://127.0.0.1:9555/",
            "https://Tunnel.Example:443/IdP",
            "https://tunnel.example/a/b/",
            "http://[::1]:9555",
        ] {
            assert_eq!(issuer(text).as_str(), text);
            assert_eq!(issuer(text).of(IssuerRole::Main), text);
        }
    }

    #[test]
    fn addresses_drop_one_final_slash() {
        for text in ["https://h.example/idp", "https://h.example/idp/"] {
            let issuer = issuer(text);
            assert_eq!(issuer.of(IssuerRole::Other), "https://h.example/idp/other");
            assert_eq!(issuer.jwks_uri(IssuerRole::Main), "https://h.example/idp/jwks");
            assert_eq!(issuer.jwks_uri(IssuerRole::Untrusted), "https://h.example/idp/untrusted/jwks");
            assert_eq!(issuer.canary_uri("jku-1"), "https://h.example/idp/canary/jku-1");
            assert_eq!(issuer.client_jwks_uri(), "https://h.example/idp/client-jwks");
            assert_eq!(
                issuer.metadata_uris(IssuerRole::Main),
                [
                    "https://h.example/.well-known/openid-configuration/idp",
                    "https://h.example/.well-known/oauth-authorization-server/idp",
                    "https://h.example/idp/.well-known/openid-configuration",
                    "https://h.example/idp/.well-known/oauth-authorization-server",
                ]
            );
        }
        assert_eq!(issuer("http://h/").metadata_uris(IssuerRole::Main).len(), 2);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, problem) in [
            ("127.0.0.1:9555", "begins with https:// or http://"),
            ("ftp://h.example", "begins with https:// or http://"),
            ("HTTPS://h.example", "begins with https:// or http://"),
            ("https://h.example?x=1", "no query and no fragment"),
            ("https://h.example/#x", "no query and no fragment"),
            ("https://", "it is no URL (empty host)"),
            ("https://h.example:99999", "it is no URL (invalid port number)"),
            ("https://me@h.example", "a user name"),
            ("https://h.example/a/../b", "clients would ask for the path `/b`"),
            ("https://h.example/a b", "clients would ask for the path `/a%20b`"),
            ("https://h.example/ ", "clients would ask for the path"),
        ] {
            let error = Issuer::parse(text).unwrap_err().to_string();
            assert!(
                error.contains(problem) && error.contains(text) && error.contains("--idp-issuer"),
                "{error}"
            );
        }
    }

    #[test]
    fn requests_find_their_issuer() {
        use {
            AccessKind::{Canary, ClientJwks, Jwks, Metadata},
            IssuerRole::{Main, Other, Untrusted},
        };
        let with_path = issuer("https://h.example/idp");
        let without = issuer("http://127.0.0.1:9555");
        for (path, kind, role) in [
            ("/.well-known/openid-configuration", Metadata, Some(Main)),
            ("/.well-known/oauth-authorization-server/other", Metadata, Some(Other)),
            ("/untrusted/.well-known/openid-configuration", Metadata, Some(Untrusted)),
            ("/jwks", Jwks, Some(Main)),
            ("/other/jwks", Jwks, Some(Other)),
            ("/client-jwks", ClientJwks, Some(Main)),
            ("/canary/x5u/7", Canary, Some(Main)),
        ] {
            assert_eq!(without.resolve(path), (kind, role), "{path}");
            assert_eq!(with_path.resolve(path), (kind, role), "stripped {path}");
        }
        for (path, kind, role) in [
            ("/.well-known/oauth-authorization-server/idp", Metadata, Some(Main)),
            ("/.well-known/openid-configuration/idp/untrusted", Metadata, Some(Untrusted)),
            ("/idp/.well-known/openid-configuration", Metadata, Some(Main)),
            ("/idp/other/.well-known/oauth-authorization-server", Metadata, Some(Other)),
            ("/idp/jwks", Jwks, Some(Main)),
            ("/idp/untrusted/jwks", Jwks, Some(Untrusted)),
            ("/idp/client-jwks", ClientJwks, Some(Main)),
            ("/idp/canary/x", Canary, Some(Main)),
        ] {
            assert_eq!(with_path.resolve(path), (kind, role), "{path}");
            assert_eq!(without.resolve(path), (AccessKind::Other, None), "{path}");
        }
        for path in
            ["/", "/idp", "", "/jwks/", "//jwks", "/.well-known/openid-configurations", "/canary", "*"]
        {
            assert_eq!(with_path.resolve(path), (AccessKind::Other, None), "{path}");
        }
    }

    #[test]
    fn a_path_named_like_a_role_is_the_main_issuer() {
        let issuer = issuer("https://h.example/other");
        assert_eq!(issuer.resolve("/other/jwks"), (AccessKind::Jwks, Some(IssuerRole::Main)));
        assert_eq!(issuer.resolve("/other/other/jwks"), (AccessKind::Jwks, Some(IssuerRole::Other)));
    }

    #[test]
    fn metadata_is_of_its_role() {
        let metadata = issuer("https://h.example/idp/").metadata(IssuerRole::Main, &[Algorithm::RS256]);
        assert_eq!(metadata["issuer"], "https://h.example/idp/");
        assert_eq!(metadata["jwks_uri"], "https://h.example/idp/jwks");
        assert_eq!(metadata["id_token_signing_alg_values_supported"], json!(["RS256"]));
        let other = issuer("https://h.example/idp/").metadata(IssuerRole::Other, &[]);
        assert_eq!(other["issuer"], "https://h.example/idp/other");
        assert_eq!(other["token_endpoint"], "https://h.example/idp/other/token");
    }
}
