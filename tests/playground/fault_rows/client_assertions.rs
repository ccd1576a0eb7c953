//! Clients that authenticate with a key, with nothing, or by a method that is not theirs; clients without the grant.

use super::*;

const SAML: &str = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";

fn of_public(bench: &Bench) -> crate::support::Ask {
    id_jag(bench, |m| m.claim("client_id", "public-app")).no_client().set("client_id", "public-app")
}

/// With a mint of the assertion that differs from the well-formed one.
macro_rules! by_key {
    ($fault:ident, $mint:ident, $changed:expr) => {
        row!($fault, ask(b, by_key(b, |$mint| $changed)), CLIENT, "token")
    };
}

pub fn client_assertions() -> Vec<Row> {
    vec![
        row!(
            SamlClientAuthAdvertised,
            metadata(a, a.member("token_endpoint_auth_methods_supported")),
            "[\"client_secret_basic\",\"client_secret_post\",\"private_key_jwt\"]",
            "[\"client_secret_basic\",\"client_secret_post\",\"private_key_jwt\",\
             \"urn:ietf:params:oauth:client-assertion-type:saml2-bearer\"]"
        ),
        row!(
            AuthAlgNoneAdvertised,
            metadata(a, a.member("token_endpoint_auth_signing_alg_values_supported")),
            "[\"RS256\",\"PS256\",\"ES256\",\"ES384\",\"EdDSA\",\"Ed25519\"]",
            "[\"RS256\",\"none\"]"
        ),
        row!(
            GrantNotRegisteredForClient,
            ask(
                b,
                id_jag(b, |m| m.claim("client_id", "reports-app")).basic("reports-app", "reports-app-secret")
            ),
            "400 unauthorized_client",
            "token"
        ),
        row!(
            MalformedAuthorizationIgnored,
            ask(b, good(b).header("authorization", "Basic %%%")),
            CLIENT,
            "token"
        ),
        row!(
            AuthMethodsUnderstated,
            metadata(a, a.member("token_endpoint_auth_methods_supported")),
            "[\"client_secret_basic\",\"client_secret_post\",\"private_key_jwt\"]",
            "[\"self_signed_tls_client_auth\"]"
        ),
        Row {
            policies: Policies { public_clients: PublicClients::Allow, ..Policies::default() },
            ..row!(PublicClientRefused, ask(b, of_public(b)), "token", CLIENT)
        },
        row!(PublicClientAllowed, ask(b, of_public(b)), CLIENT, "token"),
        Row {
            policies: Policies { client_auth_method: ClientAuthMethod::Registered, ..Policies::default() },
            ..row!(
                ClientAuthMethodNotPinned,
                ask(b, good(b).post("todo-app-at-todos", "todo-app-secret")),
                CLIENT,
                "token"
            )
        },
        Row {
            client_auth: Some(ClientAuthenticationMethod::PrivateKeyJwt),
            ..row!(
                KeyClientTakenForPublic,
                ask(b, good(b).no_client().set("client_id", "todo-app-at-todos")),
                CLIENT,
                "token"
            )
        },
        row!(
            IdJagAsClientAssertion,
            look(b, { good(b).by_assertion(&b.mint().sign()).send().await.short() }),
            CLIENT,
            "token"
        ),
        row!(
            ClientAssertionTypeIgnored,
            look(b, {
                let answer = by_key(b, |m| m).set("client_assertion_type", SAML).send().await;
                answer.short()
            }),
            CLIENT,
            "token"
        ),
        row!(ClientAssertionTypDemanded, ask(b, by_key(b, |m| m.without_header("typ"))), "token", CLIENT),
        row!(ClientAssertionTypRefused, ask(b, by_key(b, |m| m)), "token", CLIENT),
        by_key!(ClientAssertionIssNotCompared, mint, mint.claim("iss", "somebody")),
        row!(
            ClientAssertionKeyOfAnyClient,
            look(b, {
                let assertion = b.client_assertion().claim("iss", "notes-app").claim("sub", "notes-app");
                let ask = id_jag(b, |m| m.claim("client_id", "notes-app"));
                ask.by_assertion(&assertion.sign()).send().await.short()
            }),
            CLIENT,
            "token"
        ),
        by_key!(ClientAssertionAlgOpen, mint, mint.signed_by(&KEYS.client, Algorithm::RS512)),
        by_key!(ClientAssertionAudNotChecked, mint, mint.claim("aud", "https://other.example")),
        row!(
            ClientAssertionAudPrefixMatch,
            ask(b, by_key(b, |m| m.claim("aud", format!("{}.example", b.server.issuer())))),
            CLIENT,
            "token"
        ),
        row!(
            ClientAssertionAudTokenEndpoint,
            ask(b, by_key(b, |m| m.claim("aud", b.server.token_endpoint()))),
            CLIENT,
            "token"
        ),
        row!(
            ClientAssertionAudDoubleSlash,
            look(b, {
                let slashes = b.server.token_endpoint().replace("/token", "//token");
                let doubled = by_key(b, |m| m.claim("aud", slashes)).send().await.short();
                format!("{}, {doubled}", by_key(b, |m| m).send().await.short())
            }),
            "token, 401 invalid_client",
            "401 invalid_client, token"
        ),
        row!(
            ClientAssertionAudIssuerRefused,
            look(b, {
                let endpoint = by_key(b, |m| m.claim("aud", b.server.token_endpoint())).send().await;
                format!("{}, {}", by_key(b, |m| m).send().await.short(), endpoint.short())
            }),
            "token, 401 invalid_client",
            "401 invalid_client, token"
        ),
        by_key!(ClientAssertionJtiMissingAccepted, mint, mint.without("jti")),
        row!(
            ClientAssertionReplay,
            look(b, {
                let assertion = b.client_assertion().sign();
                let first = good(b).by_assertion(&assertion).send().await.short();
                format!("{first}, {}", good(b).by_assertion(&assertion).send().await.short())
            }),
            "token, 401 invalid_client",
            "token, token"
        ),
    ]
}
