//! Proofs of possession: DPoP (RFC 9449), and ID-JAGs that are bound to a key.

use super::*;

/// A DPoP proof, changed.
fn proof(bench: &Bench, change: impl FnOnce(&mut Value, &mut Value)) -> String {
    let mut jwk = KEYS.unpublished.jwk(None);
    jwk.as_object_mut().unwrap().retain(|name, _| ["kty", "crv", "x", "y"].contains(&name.as_str()));
    let mut header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk });
    let mut claims = json!({
        "jti": format!("{:x}", rand::random::<u128>()), "htm": "POST", "htu": bench.server.token_endpoint(),
        "iat": bench.clock.now(),
    });
    change(&mut header, &mut claims);
    signed(&header, &claims)
}

fn signed(header: &Value, claims: &Value) -> String {
    let part = format!("{}.{}", B64URL.encode(header.to_string()), B64URL.encode(claims.to_string()));
    let signature = KEYS.unpublished.sign(Algorithm::ES256, part.as_bytes()).unwrap();
    format!("{part}.{}", B64URL.encode(signature))
}

/// The good request with a proof.
async fn with_proof(bench: &Bench, change: impl FnOnce(&mut Value, &mut Value)) -> String {
    good(bench).header("dpop", &proof(bench, change)).send().await.short()
}

/// The same with an ID-JAG that is bound to the key of this thumbprint.
async fn bound(bench: &Bench, jkt: &str) -> Answer {
    let request = id_jag(bench, |m| m.claim("cnf", json!({ "jkt": jkt })));
    request.header("dpop", &proof(bench, |_, _| {})).send().await
}

const PROOF: &str = "400 invalid_dpop_proof";

pub fn possession() -> Vec<Row> {
    vec![
        row!(CnfIgnored, id_jag(b, b.mint().claim("cnf", json!({ "jkt": "x" }))), GRANT, "token"),
        row!(
            DpopIgnored,
            look(b, { with_proof(b, |_, claims| claims["htm"] = json!("GET")).await }),
            PROOF,
            "token"
        ),
        row!(DpopKeyNotCompared, look(b, { bound(b, "another").await.short() }), GRANT, "token"),
        row!(
            DpopBearer,
            look(b, {
                let answer = bound(b, KEYS.unpublished.kid()).await;
                let cnf = answer.token_part(1)["cnf"]["jkt"] == KEYS.unpublished.kid();
                format!("{} {cnf}", answer.member("token_type"))
            }),
            "\"DPoP\" true",
            "\"Bearer\" true"
        ),
        row!(
            DpopSignatureNotChecked,
            look(b, {
                let mut forged = proof(b, |_, _| {});
                forged.truncate(forged.rfind('.').unwrap() + 1);
                good(b).header("dpop", &format!("{forged}{}", B64URL.encode([1; 64]))).send().await.short()
            }),
            PROOF,
            "token"
        ),
        row!(
            DpopAlgOpen,
            look(b, {
                let mut none = proof(b, |header, _| header["alg"] = json!("none"));
                none.truncate(none.rfind('.').unwrap() + 1);
                good(b).header("dpop", &none).send().await.short()
            }),
            PROOF,
            "token"
        ),
        row!(
            DpopTypNotChecked,
            look(b, { with_proof(b, |header, _| header["typ"] = json!("JWT")).await }),
            PROOF,
            "token"
        ),
        row!(
            DpopPrivateKeyAccepted,
            look(b, { with_proof(b, |header, _| header["jwk"]["d"] = json!("AA")).await }),
            PROOF,
            "token"
        ),
        row!(
            DpopHtmNotChecked,
            look(b, { with_proof(b, |_, claims| claims["htm"] = json!("GET")).await }),
            PROOF,
            "token"
        ),
        row!(
            DpopHtuNotChecked,
            look(b, {
                with_proof(b, |_, claims| claims["htu"] = json!("https://other.example/token")).await
            }),
            PROOF,
            "token"
        ),
        row!(
            DpopIatNotChecked,
            look(b, {
                let at = |seconds: i64| b.clock.now() + seconds;
                let old = with_proof(b, |_, claims| claims["iat"] = json!(at(-61))).await;
                format!("{old}, {}", with_proof(b, |_, claims| claims["iat"] = json!(at(-60))).await)
            }),
            "400 invalid_dpop_proof, token",
            "token, token"
        ),
        row!(
            DpopTwoProofsAccepted,
            look(b, {
                let two = [proof(b, |_, _| {}), proof(b, |_, _| {})];
                good(b).header("dpop", &two[0]).further_header("dpop", &two[1]).send().await.short()
            }),
            PROOF,
            "token"
        ),
        row!(
            DpopReplay,
            look(b, {
                let same = proof(b, |_, _| {});
                let first = good(b).header("dpop", &same).send().await.short();
                format!("{first}, {}", good(b).header("dpop", &same).send().await.short())
            }),
            "token, 400 invalid_dpop_proof",
            "token, token"
        ),
        row!(
            DpopNonceWithheld,
            look(b, {
                let answer = good(b).header("dpop", &proof(b, |_, _| {})).send().await;
                format!("{} {}", answer.short(), answer.header("dpop-nonce"))
            }),
            "token -",
            "400 use_dpop_nonce -"
        ),
    ]
}
