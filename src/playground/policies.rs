//! How the playground settles what the specifications leave open. A value, read from the names of `--policy`.

use std::collections::BTreeMap;

use crate::settings::Profile;

/// How the playground settles what the specifications leave open (CONTRACT, `--policy`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policies {
    /// Whether an ID-JAG may be presented again.
    pub replay: Replay,
    /// What happens when no scope of the ID-JAG is the client's.
    pub no_common_scope: NoCommonScope,
    /// What happens when the ID-JAG has no scope.
    pub absent_scope: AbsentScope,
    /// Whether the ID-JAG must name a resource.
    pub resource: ResourceClaim,
    /// Whether public clients may redeem ID-JAGs.
    pub public_clients: PublicClients,
    /// By which methods a client may authenticate.
    pub client_auth_method: ClientAuthMethod,
}

impl Policies {
    /// The policies of these names and values (`settings::POLICIES`), with the rest as the profile wants it. A name
    /// or value that is not known changes nothing: whoever reads the options has refused it.
    pub fn named(policies: &BTreeMap<String, String>, profile: Profile) -> Self {
        let mut settled = Self::default();
        if profile == Profile::McpEma {
            settled.no_common_scope = NoCommonScope::InvalidGrant;
        }
        for (name, value) in policies {
            match (name.as_str(), value.as_str()) {
                ("replay", "single-use") => settled.replay = Replay::SingleUse,
                ("replay", "reusable") => settled.replay = Replay::Reusable,
                ("no-common-scope", "grant-none") => settled.no_common_scope = NoCommonScope::GrantNone,
                ("absent-scope", "refuse") => settled.absent_scope = AbsentScope::Refuse,
                ("absent-scope", "default") => settled.absent_scope = AbsentScope::Default,
                ("resource", "required") => settled.resource = ResourceClaim::Required,
                ("resource", "optional") => settled.resource = ResourceClaim::Optional,
                ("public-clients", "allow") => settled.public_clients = PublicClients::Allow,
                ("public-clients", "refuse") => settled.public_clients = PublicClients::Refuse,
                ("client-auth-method", "registered") => {
                    settled.client_auth_method = ClientAuthMethod::Registered;
                }
                ("client-auth-method", "any") => settled.client_auth_method = ClientAuthMethod::Any,
                // `no-common-scope=refuse` is what both profiles do, each with its own error code.
                _ => {}
            }
        }
        settled
    }
}

/// Whether an ID-JAG may be presented again (CONTRACT, `--policy replay`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Replay {
    /// Once, as MCP Enterprise-Managed Authorization section 7.4.2 wants it.
    #[default]
    SingleUse,
    /// As often as it likes until it expires (draft section 4.4.3).
    Reusable,
}

/// What happens when no scope of the ID-JAG can be granted (CONTRACT, `--policy no-common-scope`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NoCommonScope {
    /// `invalid_scope`, RFC 6749 section 5.2.
    #[default]
    InvalidScope,
    /// `invalid_grant`, MCP Enterprise-Managed Authorization section 7.6.2.
    InvalidGrant,
    /// A token without scope.
    GrantNone,
}

/// What happens when neither ID-JAG nor request has a scope (CONTRACT, `--policy absent-scope`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AbsentScope {
    /// The first of the client's scopes is granted.
    #[default]
    Default,
    /// `invalid_scope`.
    Refuse,
}

/// Whether the ID-JAG must name a resource (CONTRACT, `--policy resource`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ResourceClaim {
    /// Without one the token is for all resources of the server.
    #[default]
    Optional,
    /// Without one the ID-JAG is refused.
    Required,
}

/// Whether public clients may redeem ID-JAGs (CONTRACT, `--policy public-clients`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PublicClients {
    /// They may not (draft section 9.1, a SHOULD).
    #[default]
    Refuse,
    /// They may, naming themselves by `client_id`.
    Allow,
}

/// By which methods a client may authenticate (`--policy client-auth-method`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClientAuthMethod {
    /// By any for which it has the credential: no specification forbids it.
    #[default]
    Any,
    /// By the one that it is registered for (RFC 7591 section 2).
    Registered,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::POLICIES;

    #[test]
    fn every_named_policy_is_understood() {
        for (name, [one, other]) in POLICIES {
            let settled = |value: &str| {
                let named = BTreeMap::from([(name.to_owned(), value.to_owned())]);
                Policies::named(&named, Profile::Draft)
            };
            assert_ne!(settled(one), settled(other), "{name}");
        }
        let ema = Policies::named(&BTreeMap::new(), Profile::McpEma);
        assert_eq!(ema.no_common_scope, NoCommonScope::InvalidGrant);
    }
}
