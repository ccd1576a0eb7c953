//! The claims of the ID-JAG.

use super::*;

pub fn claims() -> Vec<Row> {
    const FAR: i64 = 1_800_000_000 + 86_400;
    vec![
        row!(AudNotChecked, id_jag(b, b.mint().claim("aud", "https://other.example")), GRANT, "token"),
        row!(AudMissing, id_jag(b, b.mint().without("aud")), GRANT, "token"),
        row!(
            AudMultiElementArray,
            id_jag(b, b.mint().claim("aud", json!(["https://other.example", b.server.issuer()]))),
            GRANT,
            "token"
        ),
        row!(
            AudDuplicateSelfArray,
            id_jag(b, b.mint().claim("aud", json!([b.server.issuer(), b.server.issuer()]))),
            GRANT,
            "token"
        ),
        row!(
            AudOneElementArrayRefused,
            id_jag(b, b.mint().claim("aud", json!([b.server.issuer()]))),
            "token",
            GRANT
        ),
        row!(
            AudSlashNormalised,
            id_jag(b, b.mint().claim("aud", format!("{}/", b.server.issuer()))),
            GRANT,
            "token"
        ),
        row!(
            AudPrefixMatch,
            id_jag(b, b.mint().claim("aud", format!("{}.evil.example", b.server.issuer()))),
            GRANT,
            "token"
        ),
        row!(
            AudTokenEndpointAccepted,
            id_jag(b, b.mint().claim("aud", b.server.token_endpoint())),
            GRANT,
            "token"
        ),
        row!(AudOwnClientId, id_jag(b, b.mint().claim("aud", "todo-app-at-todos")), GRANT, "token"),
        row!(AudResourceAccepted, id_jag(b, b.mint().claim("aud", Playground::RESOURCES[0])), GRANT, "token"),
        row!(
            AudTokenEndpointDemanded,
            look(b, {
                let other = b.mint().claim("aud", b.server.token_endpoint()).sign();
                twice(b, &b.mint().sign(), &other).await
            }),
            "token, 400 invalid_grant",
            "400 invalid_grant, token"
        ),
        row!(
            AudSlashDemanded,
            look(b, {
                let other = b.mint().claim("aud", format!("{}/", b.server.issuer())).sign();
                twice(b, &b.mint().sign(), &other).await
            }),
            "token, 400 invalid_grant",
            "400 invalid_grant, token"
        ),
        row!(
            AudSiteUrlNotIssuer,
            look(b, {
                let other = b.mint().claim("aud", b.server.issuer().replace("127.0.0.1", "localhost")).sign();
                twice(b, &b.mint().sign(), &other).await
            }),
            "token, 400 invalid_grant",
            "400 invalid_grant, token"
        ),
        row!(ClientIdClaimAbsent, id_jag(b, b.mint().without("client_id")), GRANT, "token"),
        row!(
            ClientIdClaimNotString,
            id_jag(b, b.mint().claim("client_id", json!(["todo-app-at-todos"]))),
            GRANT,
            "token"
        ),
        row!(
            ClientIdAzpAccepted,
            id_jag(b, b.mint().without("client_id").claim("azp", "todo-app-at-todos")),
            GRANT,
            "token"
        ),
        row!(
            ClientIdComparedLoosely,
            id_jag(b, b.mint().claim("client_id", " Todo-App-At-Todos ")),
            GRANT,
            "token"
        ),
        row!(ClientBindingMissing, ask(b, good(b).other_client()), GRANT, "token"),
        row!(
            WrongClientExpected,
            look(b, {
                let other = b.mint().claim("client_id", "todo-app").sign();
                twice(b, &b.mint().sign(), &other).await
            }),
            "token, 400 invalid_grant",
            "400 invalid_grant, token"
        ),
        row!(
            ClockBehind,
            good(a, format!("{} {}", a.short(), a.header("date"))),
            "token Fri, 15 Jan 2027 08:00:00 GMT",
            "400 invalid_grant Fri, 15 Jan 2027 07:50:00 GMT"
        ),
        row!(
            ClockAhead,
            good(a, format!("{} {}", a.short(), a.header("date"))),
            "token Fri, 15 Jan 2027 08:00:00 GMT",
            "400 invalid_grant Fri, 15 Jan 2027 08:10:00 GMT"
        ),
        row!(
            ZeroLeeway,
            look(b, {
                let now = b.clock.now();
                let older = b.mint().claim("iat", now - 3).sign();
                twice(b, &b.mint().sign(), &older).await
            }),
            "token, token",
            "400 invalid_grant, token"
        ),
        row!(LeewayOneHour, id_jag(b, b.mint().claim("exp", 1_800_000_000 - 3599)), GRANT, "token"),
        row!(ExpMissingAccepted, id_jag(b, b.mint().without("exp")), GRANT, "token"),
        row!(ExpNotChecked, id_jag(b, b.mint().claim("exp", 1)), GRANT, "token"),
        row!(ExpWrongType, id_jag(b, b.mint().claim("exp", "1800000300")), GRANT, "token"),
        row!(ExpSaturates, id_jag(b, b.mint().claim("exp", 1e30)), GRANT, "token"),
        row!(ExpFarAccepted, id_jag(b, b.mint().claim("exp", FAR)), GRANT, "token"),
        row!(NbfIgnored, id_jag(b, b.mint().claim("nbf", FAR)), GRANT, "token"),
        row!(IatFuture, id_jag(b, b.mint().claim("iat", 1_800_000_000 + 200)), GRANT, "token"),
        row!(IatMissingAccepted, id_jag(b, b.mint().without("iat")), GRANT, "token"),
        row!(
            SubMissing,
            look(b, {
                let answer = id_jag(b, |m| m.without("sub")).send().await;
                if answer.short() == "token" { answer.claim("sub") } else { answer.short() }
            }),
            GRANT,
            "\"default-user\""
        ),
        row!(
            SubNotString,
            look(b, {
                let answer = id_jag(b, |m| m.claim("sub", 123)).send().await;
                if answer.short() == "token" { answer.claim("sub") } else { answer.short() }
            }),
            GRANT,
            "\"123\""
        ),
        row!(UnknownClaimsRefused, id_jag(b, b.mint().claim("https://x.example/c", 1)), "token", GRANT),
        row!(
            AuthorizationDetailsDropped,
            id_jag(b, b.mint().claim("authorization_details", json!([{ "type": "x" }]))),
            "400 invalid_authorization_details",
            "token"
        ),
    ]
}

/// The user: almost the right name, another claim that names one.
pub fn subjects() -> Vec<Row> {
    fn subject<'a>(bench: &'a Bench, change: impl FnOnce(Mint) -> Mint + Send + 'a) -> Observation<'a> {
        let request = id_jag(bench, change);
        Box::pin(async move { request.send().await.claim("sub") })
    }
    vec![
        row!(
            SubNormalised,
            look(b, {
                let upper = subject(b, |m| m.claim("sub", "USER-123 ")).await;
                format!("{upper} {}", subject(b, |m| m.claim("sub", "rene\u{301}")).await)
            }),
            "\"USER-123 \" \"rene\u{301}\"",
            "\"user-123\" \"ren\u{e9}\""
        ),
        row!(SubPattern, look(b, { subject(b, |m| m.claim("sub", "*")).await }), "\"*\"", "\"user-123\""),
        row!(
            EmailUnverifiedKey,
            look(b, { subject(b, |m| m.claim("sub", "new").claim("email", Playground::EMAIL)).await }),
            "\"new\"",
            "\"user-123\""
        ),
        row!(
            SubIdWins,
            look(b, {
                let sub_id = json!({ "format": "opaque", "id": "other" });
                subject(b, |m| m.claim("sub_id", sub_id)).await
            }),
            "\"user-123\"",
            "\"other\""
        ),
        row!(
            TenantIgnored,
            look(b, { (subject(b, |m| m.claim("tenant", "b")).await == "\"user-123\"").to_string() }),
            "false",
            "true"
        ),
    ]
}
