//! Scope and resource, replay, the access token, the responses.

use super::*;

pub fn grants() -> Vec<Row> {
    let wide = "todos.read todos.write";
    assert_eq!(wide, Playground::SCOPES.join(" "));
    vec![
        row!(
            ScopeClaimDropped,
            good(a, format!("{} {}", a.member("scope"), a.claim("scope"))),
            "\"todos.read\" \"todos.read\"",
            "- -"
        ),
        row!(
            ScopeClaimNotString500,
            id_jag(b, b.mint().claim("scope", json!(["todos.read"]))),
            GRANT,
            "500 server_error"
        ),
        row!(ScopeWildcard, id_jag(b, b.mint().claim("scope", "admin")), "400 invalid_scope", "token"),
        row!(
            ScopeWider,
            look(b, { good(b).set("scope", "todos.read todos.write").send().await.member("scope") }),
            "\"todos.read\"",
            "\"todos.read todos.write\""
        ),
        row!(ScopeNotRegistered, good(a, a.short()), "token", "400 invalid_scope"),
        row!(
            ScopeEchoMissing,
            look(b, { id_jag(b, |m| m.claim("scope", "todos.read admin")).send().await.member("scope") }),
            "\"todos.read\"",
            "-"
        ),
        row!(
            ResourceNotChecked,
            id_jag(b, b.mint().claim("resource", "https://foreign.example")),
            GRANT,
            "token"
        ),
        row!(
            ResourceErrorInvalidTarget,
            id_jag(b, b.mint().claim("resource", "https://foreign.example")),
            GRANT,
            "400 invalid_target"
        ),
        row!(
            ResourceSecondValueUnchecked,
            look(b, {
                let first = |own: &str, second: &str| b.mint().claim("resource", json!([own, second])).sign();
                let (own, foreign) = (Playground::RESOURCES[0], "https://foreign.example");
                twice(b, &first(foreign, own), &first(own, foreign)).await
            }),
            "400 invalid_grant, 400 invalid_grant",
            "400 invalid_grant, token"
        ),
        row!(
            ResourceParamWins,
            look(b, {
                let answer = good(b).set("resource", Playground::RESOURCES[1]).send().await;
                format!("{} {}", answer.status, answer.member("resource"))
            }),
            "400 -",
            "200 \"https://notes.example/api\""
        ),
        row!(
            ResourceArrayRefused,
            id_jag(b, b.mint().claim("resource", json!([Playground::RESOURCES[0]]))),
            "token",
            GRANT
        ),
        row!(ResourceNotRegistered, good(a, a.short()), "token", "400 invalid_target"),
        row!(ResourceEchoMissing, good(a, a.member("resource")), "\"https://todos.example/api\"", "-"),
        Row {
            policies: Policies { no_common_scope: NoCommonScope::GrantNone, ..Policies::default() },
            ..row!(
                ScopeWildcard,
                look(b, { id_jag(b, |m| m.claim("scope", "admin")).send().await.claim("scope") }),
                "-",
                "\"admin\""
            )
        },
    ]
}

/// Resources in other letters, in the form, by another name.
pub fn resources() -> Vec<Row> {
    let [todos, notes] = Playground::RESOURCES;
    assert_eq!([todos, notes], ["https://todos.example/api", "https://notes.example/api"]);
    vec![
        row!(
            ResourceParamIgnored,
            look(b, {
                let both = id_jag(b, |m| m.claim("resource", json!(Playground::RESOURCES)));
                both.set("resource", Playground::RESOURCES[1]).send().await.member("resource")
            }),
            "\"https://notes.example/api\"",
            "[\"https://todos.example/api\",\"https://notes.example/api\"]"
        ),
        row!(
            RepeatedResourceRefused,
            look(b, {
                let both = id_jag(b, |m| m.claim("resource", json!(Playground::RESOURCES)));
                let [todos, notes] = Playground::RESOURCES;
                both.set("resource", todos).add("resource", notes).send().await.short()
            }),
            "token",
            REQUEST
        ),
        row!(
            ResourceComparedVerbatim,
            id_jag(b, b.mint().claim("resource", "HTTPS://TODOS.example/api")),
            "token",
            GRANT
        ),
        row!(
            ResourceVsAudienceBypass,
            look(b, { good(b).set("audience", "https://foreign.example").send().await.claim("aud") }),
            "\"https://todos.example/api\"",
            "[\"https://todos.example/api\",\"https://foreign.example\"]"
        ),
    ]
}

pub fn replays() -> Vec<Row> {
    vec![
        row!(
            JtiNotConsumed,
            look(b, {
                let one = b.mint().sign();
                twice(b, &one, &one).await
            }),
            "token, 400 invalid_grant",
            "token, token"
        ),
        row!(
            JtiAbsentReplayable,
            look(b, {
                let one = b.mint().without("jti").sign();
                twice(b, &one, &one).await
            }),
            "400 invalid_grant, 400 invalid_grant",
            "token, token"
        ),
        row!(JtiNotString500, id_jag(b, b.mint().claim("jti", json!([]))), GRANT, "500 server_error"),
        row!(
            JtiNotScoped,
            look(b, {
                let first = b.mint();
                twice(b, &first.sign(), &by_other(b).claim("jti", first.text("jti")).sign()).await
            }),
            "token, token",
            "token, 400 invalid_grant"
        ),
        row!(
            JtiBurntByRefusedRequest,
            look(b, {
                let one = b.mint().sign();
                let refused = b.ask(&one).other_client().send().await.short();
                format!("{refused}, {}", b.ask(&one).send().await.short())
            }),
            "400 invalid_grant, token",
            "400 invalid_grant, 400 invalid_grant"
        ),
        row!(
            JtiTtlFixed,
            look(b, {
                let one = b.mint().sign();
                let first = b.ask(&one).send().await.short();
                b.clock.advance(61);
                format!("{first}, {}", b.ask(&one).send().await.short())
            }),
            "token, 400 invalid_grant",
            "token, token"
        ),
        row!(
            JtiTtlWithoutLeeway,
            look(b, {
                let one = b.mint().sign();
                let first = b.ask(&one).send().await.short();
                b.clock.advance(301);
                format!("{first}, {}", b.ask(&one).send().await.short())
            }),
            "token, 400 invalid_grant",
            "token, token"
        ),
        row!(
            EcdsaSMalleability,
            look(b, {
                // An ECDSA signature is different each time.
                let mint = b.mint().signed_by(&KEYS.p256, Algorithm::ES256);
                twice(b, &mint.sign(), &mint.sign()).await
            }),
            "token, 400 invalid_grant",
            "token, token"
        ),
    ]
}

pub fn responses() -> Vec<Row> {
    vec![
        row!(Signer500, good(a, a.short()), "token", "500 server_error"),
        row!(TokenIsIdJag, good(a, a.token_part(0)["typ"].to_string()), "\"at+jwt\"", "\"oauth-id-jag+jwt\""),
        row!(
            AssertionAudCopied,
            look(b, { (good(b).send().await.token_part(1)["aud"] == b.server.issuer()).to_string() }),
            "false",
            "true"
        ),
        row!(TokenAudEmpty, good(a, a.claim("aud")), "\"https://todos.example/api\"", "[]"),
        row!(
            TokenAudSlash,
            good(a, a.claim("aud")),
            "\"https://todos.example/api\"",
            "\"https://todos.example/api/\""
        ),
        row!(
            TokenIssFromAssertionAud,
            look(b, { (good(b).send().await.token_part(1)["iss"] == b.idp.issuer).to_string() }),
            "false",
            "true"
        ),
        row!(TokenLifeTiedToAssertion, good(a, a.claim("exp")), "1800007200", "1800000300"),
        row!(TokenScopeArray, good(a, a.claim("scope")), "\"todos.read\"", "[\"todos.read\"]"),
        row!(TokenSubClient, good(a, a.claim("sub")), "\"user-123\"", "\"todo-app-at-todos\""),
        row!(RefreshTokenIssued, good(a, a.json["refresh_token"].is_string().to_string()), "false", "true"),
        row!(ExpiresInString, good(a, a.member("expires_in")), "7200", "\"7200\""),
        row!(ExpiresInMilliseconds, good(a, a.member("expires_in")), "7200", "7200000"),
        row!(NullMembers, good(a, a.member("refresh_token")), "-", "null"),
        row!(TokenTypeNA, good(a, a.member("token_type")), "\"Bearer\"", "\"N_A\""),
        row!(CacheControlMissing, good(a, a.header("cache-control").to_owned()), "no-store", "-"),
        row!(
            PragmaMissing,
            good(a, format!("{} {}", a.header("cache-control"), a.header("pragma"))),
            "no-store no-cache",
            "no-store -"
        ),
        row!(
            ContentTypeText,
            good(a, a.header("content-type").to_owned()),
            "application/json",
            "text/html; charset=utf-8"
        ),
        row!(ErrorHtml, bad(a, a.short()), GRANT, "400 text/html; charset=utf-8"),
        row!(InvalidGrant401, bad(a, a.short()), GRANT, "401 invalid_grant"),
        row!(Error200, bad(a, a.short()), GRANT, "200 invalid_grant"),
        row!(
            ErrorMemberMissing,
            bad(a, format!("{} {}", a.member("error"), a.json["message"].is_string())),
            "\"invalid_grant\" false",
            "- true"
        ),
        row!(ErrorCodeUndefined, bad(a, a.short()), GRANT, "400 invalid_assertion"),
        row!(
            ErrorDescriptionCharacters,
            bad(a, a.json["error_description"].as_str().unwrap().contains(['"', '\n', 'ü']).to_string()),
            "false",
            "true"
        ),
        row!(InvalidRequestForAssertion, bad(a, a.short()), GRANT, REQUEST),
        row!(ErrorLeaksInternals, bad(a, a.text.contains(".java:").to_string()), "false", "true"),
        row!(
            ErrorReflectsAssertion,
            look(b, {
                let bad = b.mint().claim("aud", "x").sign();
                b.ask(&bad).send().await.text.contains(&bad).to_string()
            }),
            "false",
            "true"
        ),
    ]
}
