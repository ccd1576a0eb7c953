//! Discovery, the form of the request, client authentication.

use super::*;

pub fn discovery() -> Vec<Row> {
    let json = "200 application/json";
    vec![
        row!(NoMetadata, metadata(a, a.short()), json, "404 not_found"),
        row!(
            IssuerSlashMismatch,
            look(b, {
                let issuer = b.metadata().await.json["issuer"].as_str().unwrap().to_owned();
                let token = id_jag(b, |m| m.claim("aud", issuer.clone())).send().await.short();
                format!("{token}, slash: {}", issuer != b.server.issuer())
            }),
            "token, slash: false",
            "token, slash: true"
        ),
        row!(
            IssuerOtherHost,
            look(b, { (b.metadata().await.json["issuer"] == b.server.issuer()).to_string() }),
            "true",
            "false"
        ),
        row!(MetadataHtml, metadata(a, a.short()), json, HTML),
        row!(MetadataInvalidJson, metadata(a, a.json.is_null().to_string()), "false", "true"),
        row!(MetadataWrongTypes, metadata(a, a.json["issuer"].is_array().to_string()), "false", "true"),
        row!(
            MetadataRedirects,
            metadata(a, format!("{} {}", a.status, a.header("location"))),
            "200 -",
            "302 /login"
        ),
        row!(MetadataContentType, metadata(a, a.short()), json, "200 text/plain"),
        Row {
            issuer_path: "/tenant1",
            ..row!(
                WellknownInsertionMissing,
                look(b, {
                    let inserted = b.get(&b.well_known("openid-configuration")).await.status;
                    let appended = format!("{}/.well-known/openid-configuration", b.server.issuer());
                    format!("{} {inserted} {}", b.metadata().await.status, b.get(&appended).await.status)
                }),
                "200 200 200",
                "404 404 200"
            )
        },
        row!(
            MetadataFromHostHeader,
            look(b, {
                let request =
                    b.http.get(b.well_known("oauth-authorization-server")).header("host", "inner:8080");
                let document: Value = request.send().await.unwrap().json().await.unwrap();
                (document["token_endpoint"] == "http://inner:8080/token").to_string()
            }),
            "false",
            "true"
        ),
        row!(
            DocumentsDisagree,
            look(b, {
                let other = b.get(&b.well_known("openid-configuration")).await;
                (b.metadata().await.member("token_endpoint") == other.member("token_endpoint")).to_string()
            }),
            "true",
            "false"
        ),
        row!(
            GrantProfileMissing,
            metadata(a, a.member("authorization_grant_profiles_supported")),
            "[\"urn:ietf:params:oauth:grant-profile:id-jag\"]",
            "-"
        ),
        row!(
            ProfileTokenTypeUrn,
            metadata(a, a.member("authorization_grant_profiles_supported")),
            "[\"urn:ietf:params:oauth:grant-profile:id-jag\"]",
            "[\"urn:ietf:params:oauth:token-type:id-jag\"]"
        ),
        row!(
            GrantProfilesNotArray,
            metadata(a, a.member("authorization_grant_profiles_supported")),
            "[\"urn:ietf:params:oauth:grant-profile:id-jag\"]",
            "\"urn:ietf:params:oauth:grant-profile:id-jag\""
        ),
        row!(
            TrustedIssuersAdvertised,
            look(b, {
                let text = b.metadata().await.member("authorization_grant_profiles_supported");
                text.contains(&b.idp.issuer).to_string()
            }),
            "false",
            "true"
        ),
        row!(
            GrantTypeNotAdvertised,
            metadata(a, a.member("grant_types_supported").contains(JWT_BEARER).to_string()),
            "true",
            "false"
        ),
        row!(ResponseTypesMissing, metadata(a, a.member("response_types_supported")), "[\"none\"]", "-"),
        row!(EmptyArrays, metadata(a, a.member("response_types_supported")), "[\"none\"]", "[]"),
        row!(
            JwksPrivateKey,
            look(b, {
                let jwks = b.get(&format!("{}/jwks", b.server.issuer())).await;
                jwks.json["keys"][0]["d"].is_string().to_string()
            }),
            "false",
            "true"
        ),
        row!(
            SigningKeyNotPublished,
            look(b, {
                let jwks = b.get(&format!("{}/jwks", b.server.issuer())).await;
                let kid = &good(b).send().await.token_part(0)["kid"];
                (jwks.json["keys"][0]["kid"] == *kid).to_string()
            }),
            "true",
            "false"
        ),
        row!(
            TokenEndpointMissing,
            metadata(a, a.json["token_endpoint"].is_string().to_string()),
            "true",
            "false"
        ),
        row!(
            TokenEndpoint404,
            look(b, {
                let endpoint = b.metadata().await.json["token_endpoint"].as_str().unwrap().to_owned();
                good(b).to(&endpoint).send().await.short()
            }),
            "token",
            "404 not_found"
        ),
    ]
}

pub fn requests() -> Vec<Row> {
    vec![
        row!(
            TokenEndpoint405,
            good(a, format!("{} {}", a.short(), a.header("allow"))),
            "token -",
            "405 text/plain GET"
        ),
        row!(TokenEndpointHtml, good(a, a.short()), "token", HTML),
        row!(
            TokenEndpointRedirects,
            good(a, format!("{} {}", a.status, a.header("location"))),
            "200 -",
            "302 /login"
        ),
        row!(
            RateLimited,
            look(b, {
                for _ in 0..20 {
                    assert_eq!(good(b).send().await.short(), "token");
                }
                let last = good(b).send().await;
                b.clock.advance(60);
                format!("{} {}, {}", last.status, last.header("retry-after"), good(b).send().await.short())
            }),
            "200 -, token",
            "429 60, token"
        ),
        row!(GetAccepted, ask(b, good(b).method("GET").in_query()), "405 invalid_request", "token"),
        row!(QueryParametersAccepted, ask(b, good(b).in_query()), REQUEST, "token"),
        row!(JsonBodyAccepted, ask(b, good(b).json_body()), REQUEST, "token"),
        row!(
            CharsetParameterRefused,
            ask(b, good(b).header("content-type", "application/x-www-form-urlencoded;charset=UTF-8")),
            "token",
            REQUEST
        ),
        row!(DuplicateParameterAccepted, ask(b, good(b).add("assertion", "x")), REQUEST, "token"),
        row!(EmptyParameterNotOmitted, ask(b, good(b).add("scope", "")), "token", "400 invalid_scope"),
        row!(UnknownParameterRefused, ask(b, good(b).add("foo", "bar")), "token", REQUEST),
        row!(UnsupportedGrantType, good(a, a.short()), "token", "400 unsupported_grant_type"),
        row!(GrantNotAllowedForClient, good(a, a.short()), "token", "400 unauthorized_client"),
        row!(
            GrantTypeNotChecked,
            ask(b, good(b).set("grant_type", "urn:x")),
            "400 unsupported_grant_type",
            "token"
        ),
        row!(
            IdJagAsIdToken,
            ask(
                b,
                good(b)
                    .set("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
                    .rename("assertion", "subject_token")
            ),
            "400 unsupported_grant_type",
            "token"
        ),
    ]
}

pub fn clients() -> Vec<Row> {
    let (client, other) = (Playground::CLIENT.id, Playground::OTHER_CLIENT.id);
    assert_eq!((client, other), ("todo-app-at-todos", "notes-app"));
    vec![
        row!(ClientNotRegistered, good(a, a.short()), "token", CLIENT),
        row!(ClientSecretRotated, good(a, a.short()), "token", CLIENT),
        row!(
            BasicUnsupported,
            look(b, {
                let post = good(b).post("todo-app-at-todos", "todo-app-secret").send().await.short();
                format!("{}, {post}", good(b).send().await.short())
            }),
            "token, token",
            "401 invalid_client, token"
        ),
        row!(
            ClientIdInBodyDemanded,
            look(b, {
                let both = good(b).set("client_id", "todo-app-at-todos").send().await.short();
                format!("{}, {both}", good(b).send().await.short())
            }),
            "token, token",
            "400 invalid_request, token"
        ),
        row!(ClientIdInBodyRefused, ask(b, good(b).set("client_id", "todo-app-at-todos")), "token", REQUEST),
        row!(
            BasicNotFormDecoded,
            ask(b, id_jag(b, |m| m.claim("client_id", "notes-app")).other_client()),
            "token",
            CLIENT
        ),
        row!(ClientAuthMissingAccepted, ask(b, good(b).no_client()), CLIENT, "token"),
        row!(BadBasicIgnored, ask(b, good(b).basic("todo-app-at-todos", "wrong")), CLIENT, "token"),
        row!(
            SecretPrefixAccepted,
            ask(b, good(b).basic("todo-app-at-todos", "todo-app-secre")),
            CLIENT,
            "token"
        ),
        row!(EmptySecretAccepted, ask(b, good(b).basic("todo-app-at-todos", "")), CLIENT, "token"),
        row!(
            TwoAuthMethodsAccepted,
            ask(b, good(b).set("client_id", "todo-app-at-todos").set("client_secret", "x")),
            REQUEST,
            "token"
        ),
        row!(
            ClientIdParamTrusted,
            ask(b, id_jag(b, |m| m.claim("client_id", "notes-app")).set("client_id", "notes-app")),
            REQUEST,
            "token"
        ),
        row!(GrantBeforeClientAuth, ask(b, good(b).basic("nobody", "x")), CLIENT, GRANT),
        row!(
            UnauthorizedClientForAuthFailure,
            ask(b, good(b).basic("todo-app-at-todos", "x")),
            CLIENT,
            "400 unauthorized_client"
        ),
        row!(UnknownClient500, ask(b, good(b).basic("nobody", "x")), CLIENT, "500 server_error"),
        row!(UnknownClientTold, ask(b, good(b).basic("nobody", "x")), CLIENT, "400 unauthorized_client"),
        row!(
            WwwAuthenticateMissing,
            look(b, {
                let answer = good(b).basic("todo-app-at-todos", "x").send().await;
                format!("{} {}", answer.status, answer.headers.contains_key("www-authenticate"))
            }),
            "401 true",
            "401 false"
        ),
    ]
}
