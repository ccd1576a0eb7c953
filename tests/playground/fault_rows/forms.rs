//! How the ID-JAG is written and what it is wrapped in: encodings, another JWS, a JWE.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral},
    digest::{SHA256, digest},
    rand::SystemRandom,
};

use super::*;

/// The ID-JAG with this payload in place of the claims, rightly signed.
fn with_payload(mint: &Mint, payload: impl FnOnce(String) -> Vec<u8>) -> String {
    let part = mint.signed_part();
    let (header, claims) = part.split_once('.').unwrap();
    let claims = String::from_utf8(B64URL.decode(claims).unwrap()).unwrap();
    mint.sign_part(&format!("{header}.{}", B64URL.encode(payload(claims))))
}

/// A JWE for the playground's own key, as RFC 7518 section 4.6 says for ECDH-ES with A256GCM.
async fn encrypted(bench: &Bench, content: &str, further: Value) -> String {
    let set = bench.get(&format!("{}/jwks", bench.server.issuer())).await.json;
    let jwk = set["keys"].as_array().unwrap().iter().find(|jwk| jwk["use"] == "enc").unwrap();
    let coordinate = |name: &str| B64URL.decode(jwk[name].as_str().unwrap()).unwrap();
    let ours = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).unwrap();
    let public = ours.compute_public_key().unwrap();
    let (x, y) = public.as_ref()[1..].split_at(32);
    let mut header = json!({
        "typ": "oauth-id-jag+jwt", "alg": "ECDH-ES", "enc": "A256GCM",
        "epk": { "kty": "EC", "crv": "P-256", "x": B64URL.encode(x), "y": B64URL.encode(y) },
    });
    header.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    let key = agree_ephemeral(ours, UnparsedPublicKey::new(&ECDH_P256, point), (), |secret| {
        let info = b"\0\0\0\x07A256GCM\0\0\0\0\0\0\0\0\0\0\x01\0";
        Ok(digest(&SHA256, &[b"\0\0\0\x01", secret, info].concat()))
    });
    sealed(&header, key.unwrap().as_ref(), content)
}

fn sealed(header: &Value, key: &[u8], content: &str) -> String {
    let header = B64URL.encode(header.to_string());
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
    let mut bytes = content.as_bytes().to_vec();
    let nonce = Nonce::assume_unique_for_key([3; 12]);
    let tag = cipher.seal_in_place_separate_tag(nonce, Aad::from(header.as_bytes()), &mut bytes).unwrap();
    let part = |bytes: &[u8]| B64URL.encode(bytes);
    format!("{header}..{}.{}.{}", part(&[3; 12]), part(&bytes), part(tag.as_ref()))
}

fn claims_text(mint: &Mint) -> String {
    Value::Object(mint.claims.clone()).to_string()
}

pub fn forms() -> Vec<Row> {
    vec![
        row!(
            Base64StandardAlphabet,
            look(b, {
                let assertion = b.mint().sign();
                let (front, signature) = assertion.rsplit_once('.').unwrap();
                let other = signature.replace('-', "+").replace('_', "/");
                assert_ne!(other, signature, "256 random bytes");
                b.ask(&format!("{front}.{other}")).send().await.short()
            }),
            GRANT,
            "token"
        ),
        row!(
            AnyEncodingRead,
            look(b, {
                let utf16 = |text: String| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
                let marked = with_payload(&b.mint(), |text| [b"\xff\xfe", utf16(text).as_slice()].concat());
                let bom = with_payload(&b.mint(), |text| [b"\xef\xbb\xbf", text.as_bytes()].concat());
                twice(b, &marked, &bom).await
            }),
            "400 invalid_grant, 400 invalid_grant",
            "token, token"
        ),
        row!(
            AnyEncodingRead,
            look(b, {
                let assertion = with_payload(&b.mint(), |text| {
                    [text.strip_suffix('}').unwrap().as_bytes(), b",\"x\":\"\xff\"}"].concat()
                });
                b.ask(&assertion).send().await.short()
            }),
            GRANT,
            "token"
        ),
        row!(
            LaxJsonRead,
            look(b, {
                let quotes = with_payload(&b.mint(), |text| text.replace('"', "'").into_bytes());
                let comma = with_payload(&b.mint(), |text| text.replace('}', ",}").into_bytes());
                twice(b, &quotes, &comma).await
            }),
            "400 invalid_grant, 400 invalid_grant",
            "token, token"
        ),
        row!(
            EscapedNameNotRead,
            look(b, {
                let escaped =
                    with_payload(&b.mint(), |text| text.replace("\"aud\"", "\"\\u0061ud\"").into_bytes());
                b.ask(&escaped).send().await.short()
            }),
            "token",
            GRANT
        ),
        row!(
            DeepNesting500,
            look(b, {
                let deep = format!(",\"x\":{}{}}}", "[".repeat(1000), "]".repeat(1000));
                let assertion = with_payload(&b.mint(), |text| text.replace('}', &deep).into_bytes());
                b.ask(&assertion).send().await.short()
            }),
            GRANT,
            "500 server_error"
        ),
        row!(
            LongAssertion500,
            id_jag(b, b.mint().claim("x", "x".repeat(40_000))),
            "token",
            "500 server_error"
        ),
        row!(
            LargeBody500,
            id_jag(b, b.mint().claim("x", "x".repeat(100_000))),
            "413 invalid_request",
            "500 server_error"
        ),
        row!(
            EncryptedIdJagRefused,
            look(b, {
                let jwe = encrypted(b, &b.mint().sign(), json!({ "cty": "JWT" })).await;
                b.ask(&jwe).send().await.short()
            }),
            "token",
            GRANT
        ),
        row!(
            NestedUnwrapped,
            look(b, {
                let outer = json!({ "typ": "oauth-id-jag+jwt", "alg": "none", "cty": "JWT" }).to_string();
                let unsigned = format!("{}.{}.", B64URL.encode(outer), B64URL.encode(b.mint().sign()));
                let inner = format!("{}.", b.mint().header("alg", "none").signed_part());
                let signed = with_payload(&b.mint().header("cty", "JWT"), |_| inner.into_bytes());
                twice(b, &unsigned, &signed).await
            }),
            "400 invalid_grant, 400 invalid_grant",
            "token, token"
        ),
        row!(
            JweForSignature,
            look(b, {
                let to_target = encrypted(b, &claims_text(&b.mint()), json!({})).await;
                let secret = Playground::CLIENT.secret.unwrap();
                let header = json!({ "typ": "oauth-id-jag+jwt", "alg": "dir", "enc": "A256GCM" });
                let key = digest(&SHA256, secret.as_bytes());
                let direct = sealed(&header, key.as_ref(), &claims_text(&b.mint()));
                twice(b, &to_target, &direct).await
            }),
            "400 invalid_grant, 400 invalid_grant",
            "token, token"
        ),
        row!(
            JweBomb500,
            look(b, {
                let zip = encrypted(b, "x", json!({ "zip": "DEF" })).await;
                let header = json!({ "alg": "PBES2-HS256+A128KW", "enc": "A256GCM", "p2c": 100_000_000 });
                twice(b, &zip, &sealed(&header, &[0; 32], "x")).await
            }),
            "400 invalid_grant, 400 invalid_grant",
            "500 server_error, 500 server_error"
        ),
    ]
}

pub fn keys() -> Vec<Row> {
    vec![
        row!(
            PsychicSignature,
            look(b, {
                let part = b.mint().signed_by(&KEYS.p256, Algorithm::ES256).signed_part();
                let mut one = [0; 64];
                one[63] = 1;
                let order = jagspec::keys::ecdsa::order(jagspec::keys::KeyType::P256).unwrap();
                let with = |signature: &[u8]| format!("{part}.{}", B64URL.encode(signature));
                twice(b, &with(&one), &with(&[order, order].concat())).await
            }),
            "400 invalid_grant, 400 invalid_grant",
            "token, 400 invalid_grant" // the same jti again
        ),
        row!(
            DerSignatureAccepted,
            look(b, {
                let part = b.mint().signed_by(&KEYS.p256, Algorithm::ES256).signed_part();
                let signature = KEYS.p256.sign(Algorithm::ES256, part.as_bytes()).unwrap();
                let der = jagspec::keys::ecdsa::to_der(&signature);
                b.ask(&format!("{part}.{}", B64URL.encode(der))).send().await.short()
            }),
            GRANT,
            "token"
        ),
        row!(
            X5cTrusted,
            look(b, {
                let der = jagspec::keys::certificate::self_signed(&KEYS.unpublished).unwrap();
                let mint = b.mint().signed_by(&KEYS.unpublished, Algorithm::ES256);
                b.ask(&mint.header("x5c", json!([STANDARD.encode(der)])).sign()).send().await.short()
            }),
            GRANT,
            "token"
        ),
        row!(
            ShortRsaKeyAccepted,
            look(b, {
                b.idp.publish("", &[&SHORT]);
                id_jag(b, |m| m.signed_by(&SHORT, Algorithm::RS256)).send().await.short()
            }),
            GRANT,
            "token"
        ),
        row!(
            SymmetricJwkAccepted,
            look(b, {
                let k = B64URL.encode("a secret of the IdP");
                let jwk = json!({ "kty": "oct", "kid": "s", "alg": "HS256", "k": k });
                b.idp.serve("/jwks", json!({ "keys": [jwk] }));
                b.ask(&b.mint().header("kid", "s").mac(b"a secret of the IdP")).send().await.short()
            }),
            GRANT,
            "token"
        ),
    ]
}
