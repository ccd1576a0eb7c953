//! The form of the ID-JAG, its type, signature and keys.

use super::*;

pub fn forms() -> Vec<Row> {
    vec![
        row!(MalformedAssertion500, ask(b, b.ask("x")), GRANT, "500 server_error"),
        row!(
            DuplicateMember500,
            look(b, { b.ask(&duplicate(b, "x")).send().await.short() }),
            GRANT,
            "500 server_error"
        ),
        row!(
            DuplicateClaimsFirstWins,
            look(b, { b.ask(&duplicate(b, "x")).send().await.short() }),
            GRANT,
            "token"
        ),
        row!(
            Base64TrailingBits,
            look(b, { b.ask(&with_trailing_bits(&b.mint().sign())).send().await.short() }),
            GRANT,
            "token"
        ),
        row!(
            Base64PaddingAccepted,
            look(b, { b.ask(&format!("{}==", b.mint().sign())).send().await.short() }),
            GRANT,
            "token"
        ),
        row!(
            WhitespaceAccepted,
            look(b, { b.ask(&format!(" {}\n", b.mint().sign())).send().await.short() }),
            GRANT,
            "token"
        ),
        row!(
            TruncatedSerialisation,
            look(b, { b.ask(&b.mint().signed_part()).send().await.short() }),
            GRANT,
            "token"
        ),
        row!(
            FourSegments,
            look(b, { b.ask(&format!("{}.x", b.mint().sign())).send().await.short() }),
            GRANT,
            "token"
        ),
        row!(
            JsonSerialisationAccepted,
            look(b, {
                let compact = b.mint().sign();
                let parts: Vec<_> = compact.split('.').collect();
                let flattened = json!({ "protected": parts[0], "payload": parts[1], "signature": parts[2] });
                b.ask(&flattened.to_string()).send().await.short()
            }),
            GRANT,
            "token"
        ),
    ]
}

pub fn keys() -> Vec<Row> {
    vec![
        row!(TypNotChecked, id_jag(b, b.mint().without_header("typ")), GRANT, "token"),
        row!(
            ExpectsTypJwt,
            look(b, {
                let jwt = b.mint().header("typ", "JWT").sign();
                twice(b, &b.mint().sign(), &jwt).await
            }),
            "token, 400 invalid_grant",
            "400 invalid_grant, token"
        ),
        row!(TypValidGenericError, good(a, a.short()), "token", REQUEST),
        row!(
            TypReadFromClaims,
            id_jag(b, b.mint().header("typ", "JWT").claim("typ", "oauth-id-jag+jwt")),
            GRANT,
            "token"
        ),
        row!(TypAnyJwtSuffix, id_jag(b, b.mint().header("typ", "at+jwt")), GRANT, "token"),
        row!(IdTokenAsAssertion, id_jag(b, id_token(b.mint())), GRANT, "token"),
        row!(
            AlgOnlyEs256,
            look(b, {
                let es256 = b.mint().signed_by(&KEYS.p256, Algorithm::ES256).sign();
                twice(b, &b.mint().sign(), &es256).await
            }),
            "token, token",
            "400 invalid_grant, token"
        ),
        row!(
            AlgNone,
            ask(b, b.ask(&format!("{}.", b.mint().header("alg", "none").signed_part()))),
            GRANT,
            "token"
        ),
        row!(
            AlgNoneCase,
            look(b, {
                let none = |alg: &str| format!("{}.", b.mint().header("alg", alg).signed_part());
                twice(b, &none("none"), &none("nOnE")).await
            }),
            "400 invalid_grant, 400 invalid_grant",
            "400 invalid_grant, token"
        ),
        row!(AlgCaseInsensitive, id_jag(b, b.mint().header("alg", "rs256")), GRANT, "token"),
        row!(
            AlgConfusionGrant,
            ask(b, b.ask(&b.mint().mac(KEYS.rsa.public_key_pem().as_bytes()))),
            GRANT,
            "token"
        ),
        row!(AlgEmptyHmac, ask(b, b.ask(&b.mint().mac(b""))), GRANT, "token"),
        row!(
            CritIgnored,
            id_jag(b, b.mint().header("crit", json!(["urn:x"])).header("urn:x", 1)),
            GRANT,
            "token"
        ),
        row!(
            IssNotTrusted,
            look(b, {
                let answer = good(b).send().await.short();
                format!("{answer}, fetches: {}", b.idp.hits("/jwks"))
            }),
            "token, fetches: 1",
            "400 invalid_grant, fetches: 0"
        ),
        row!(
            IssSlashDemanded,
            look(b, {
                let slash = b.mint().claim("iss", format!("{}/", b.idp.issuer)).sign();
                twice(b, &b.mint().sign(), &slash).await
            }),
            "token, 400 invalid_grant",
            "400 invalid_grant, token"
        ),
        row!(IssMissingAccepted, id_jag(b, b.mint().without("iss")), GRANT, "token"),
        row!(
            IssUntrustedAccepted,
            look(b, {
                // Not below a trusted issuer, so that no prefix helps: the same IdP under its other name.
                let elsewhere = b.idp.issuer.replace("127.0.0.1", "localhost");
                let mint = b.mint().claim("iss", format!("{elsewhere}/untrusted"));
                b.ask(&mint.signed_by(&KEYS.untrusted, Algorithm::ES256).sign()).send().await.short()
            }),
            GRANT,
            "token"
        ),
        row!(IssPrefixMatch, id_jag(b, by_untrusted(b)), GRANT, "token"),
        row!(
            IssSlashNormalised,
            id_jag(b, b.mint().claim("iss", format!("{}/", b.idp.issuer))),
            GRANT,
            "token"
        ),
        row!(
            IssSingleProviderFallback,
            id_jag(b, b.mint().claim("iss", "https://foreign.example")),
            GRANT,
            "token"
        ),
        row!(IssNotBoundToKeys, id_jag(b, b.mint().signed_by(&KEYS.other, Algorithm::ES256)), GRANT, "token"),
        row!(
            KidBeforeIss,
            look(b, {
                // Both issuers publish a key under the same kid.
                let jwk = |key: &jagspec::keys::SigningKey| {
                    let mut jwk = key.jwk(None);
                    jwk["kid"] = json!("k1");
                    json!({ "keys": [jwk] })
                };
                b.idp.serve("/jwks", jwk(&KEYS.p256));
                b.idp.serve("/other/jwks", jwk(&KEYS.other));
                let first = b.mint().signed_by(&KEYS.p256, Algorithm::ES256).header("kid", "k1").sign();
                twice(b, &first, &by_other(b).header("kid", "k1").sign()).await
            }),
            "token, token",
            "token, 400 invalid_grant"
        ),
        row!(
            JwksUnreachable,
            look(b, {
                let answer = good(b).send().await.short();
                format!("{answer}, fetches: {}", b.idp.hits("/jwks"))
            }),
            "token, fetches: 1",
            "400 invalid_grant, fetches: 0"
        ),
        row!(
            JwksPoisonedByUnknownKty,
            look(b, {
                let with_okp = good(b).send().await.short();
                b.idp.publish("", &[&KEYS.rsa]);
                b.clock.advance(JWKS_LIFETIME);
                format!("{with_okp}, {}", good(b).send().await.short())
            }),
            "token, token",
            "400 invalid_grant, token"
        ),
        row!(
            UnknownKidNotRefetched,
            look(b, {
                let before = good(b).send().await.short();
                b.idp.publish("", &[&KEYS.rsa, &KEYS.unpublished]);
                let rotated = id_jag(b, |m| m.signed_by(&KEYS.unpublished, Algorithm::ES256));
                format!("{before}, {}", rotated.send().await.short())
            }),
            "token, token",
            "token, 400 invalid_grant"
        ),
        row!(
            RemovedKeyAccepted,
            look(b, {
                let before = good(b).send().await.short();
                b.idp.publish("", &[&KEYS.p256, &KEYS.unpublished]);
                b.clock.advance(JWKS_LIFETIME);
                let new =
                    id_jag(b, |m| m.signed_by(&KEYS.unpublished, Algorithm::ES256)).send().await.short();
                format!("{before}, {new}, {}", good(b).send().await.short())
            }),
            "token, token, 400 invalid_grant",
            "token, token, token"
        ),
        row!(
            UseEncKeyVerifies,
            id_jag(b, b.mint().signed_by(&KEYS.encryption, Algorithm::ES256)),
            GRANT,
            "token"
        ),
        row!(
            UnknownKidNotVerified,
            id_jag(b, b.mint().signed_by(&KEYS.unpublished, Algorithm::ES256)),
            GRANT,
            "token"
        ),
        row!(
            UnverifiedDecodeOk,
            look(b, {
                b.idp.withdraw("/jwks");
                id_jag(b, |m| m.signed_by(&KEYS.unpublished, Algorithm::ES256)).send().await.short()
            }),
            GRANT,
            "token"
        ),
        row!(
            SignatureNotChecked,
            id_jag(b, b.mint().signed_by(&KEYS.unpublished, Algorithm::ES256).header("kid", KEYS.p256.kid())),
            GRANT,
            "token"
        ),
        row!(EmptySignatureAccepted, ask(b, b.ask(&format!("{}.", b.mint().signed_part()))), GRANT, "token"),
        row!(
            PsychicSignature,
            look(b, {
                let part = b.mint().signed_by(&KEYS.p256, Algorithm::ES256).signed_part();
                b.ask(&format!("{part}.{}", B64URL.encode([0; 64]))).send().await.short()
            }),
            GRANT,
            "token"
        ),
        row!(
            JwkHeaderTrusted,
            id_jag(
                b,
                b.mint()
                    .signed_by(&KEYS.unpublished, Algorithm::ES256)
                    .header("jwk", KEYS.unpublished.jwk(None))
            ),
            GRANT,
            "token"
        ),
        row!(
            JkuX5uFetched,
            look(b, {
                b.idp.serve("/canary/jku", json!({ "keys": [KEYS.unpublished.jwk(None)] }));
                let jku = format!("{}/canary/jku", b.idp.issuer);
                let mint = b.mint().signed_by(&KEYS.unpublished, Algorithm::ES256).header("jku", jku);
                let answer =
                    b.ask(&mint.header("x5u", format!("{}/canary/x5u", b.idp.issuer)).sign()).send().await;
                format!(
                    "{}, hits: {} {}",
                    answer.short(),
                    b.idp.hits("/canary/jku"),
                    b.idp.hits("/canary/x5u")
                )
            }),
            "400 invalid_grant, hits: 0 0",
            "token, hits: 1 1"
        ),
        row!(
            KidInjection,
            ask(b, b.ask(&b.mint().header("kid", "../../../../dev/null").mac(b""))),
            GRANT,
            "token"
        ),
    ]
}

/// Two `aud`: first the right one, then another.
fn duplicate(bench: &Bench, second: &str) -> String {
    let mint = bench.mint();
    let part = mint.signed_part();
    let (header, payload) = part.split_once('.').unwrap();
    let mut claims = String::from_utf8(B64URL.decode(payload).unwrap()).unwrap();
    claims.truncate(claims.len() - 1);
    claims.push_str(&format!(",\"aud\":\"{second}\"}}"));
    mint.sign_part(&format!("{header}.{}", B64URL.encode(claims)))
}

/// An RSA signature has 256 bytes, so its last character has four unused bits.
fn with_trailing_bits(assertion: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (front, last) = assertion.split_at(assertion.len() - 1);
    let index = ALPHABET.iter().position(|c| [*c] == *last.as_bytes()).unwrap();
    format!("{front}{}", char::from(ALPHABET[index + 1]))
}
