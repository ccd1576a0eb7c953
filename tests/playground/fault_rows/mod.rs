//! One row a fault: what is done, what the correct server shows, what the faulty one shows.

mod assertion;
mod claims;
mod client_assertions;
mod forms;
mod grant;
mod possession;
mod server;

use std::{pin::Pin, sync::LazyLock};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64URL},
};
use jagspec::token_request::ClientAuthenticationMethod;
use jagspec::{
    keys::{Algorithm, SigningKey},
    playground::{
        ClientAuthMethod, Fault, JWKS_LIFETIME, NoCommonScope, Playground, Policies, PublicClients,
    },
};
use serde_json::{Value, json};

use crate::support::{Answer, Bench, JWT_BEARER, KEYS, Mint, by_key, good, id_jag};

type Observation<'a> = Pin<Box<dyn Future<Output = String> + Send + 'a>>;

pub struct Row {
    pub fault: Fault,
    pub issuer_path: &'static str,
    pub policies: Policies,
    pub client_auth: Option<ClientAuthenticationMethod>,
    pub observe: fn(&Bench) -> Observation<'_>,
    pub right: &'static str,
    pub wrong: &'static str,
}

const GRANT: &str = "400 invalid_grant";
const CLIENT: &str = "401 invalid_client";
const REQUEST: &str = "400 invalid_request";
const HTML: &str = "200 text/html; charset=utf-8";

/// An RSA key of 1024 bits.
static SHORT: LazyLock<SigningKey> = LazyLock::new(|| {
    SigningKey::short_rsa_from_pem(include_str!("../../../fixtures/keys/small-rsa.pem")).unwrap()
});

fn by_other(bench: &Bench) -> Mint {
    bench.mint().claim("iss", format!("{}/other", bench.idp.issuer)).signed_by(&KEYS.other, Algorithm::ES256)
}

fn by_untrusted(bench: &Bench) -> Mint {
    let mint = bench.mint().claim("iss", format!("{}/untrusted", bench.idp.issuer));
    mint.signed_by(&KEYS.untrusted, Algorithm::ES256)
}

fn id_token(mint: Mint) -> Mint {
    let mint = mint.header("typ", "JWT").claim("nonce", "n").claim("aud", "todo-app-at-the-idp");
    mint.without("client_id").without("jti").without("scope").without("resource")
}

async fn twice(bench: &Bench, first: &str, second: &str) -> String {
    let first = bench.ask(first).send().await.short();
    format!("{first}, {}", bench.ask(second).send().await.short())
}

/// `id_jag`: a changed ID-JAG in the well-formed request. `ask`: a changed request, or whatever `Ask` it is.
/// `good`: something of the answer to the well-formed request. `look`: several steps.
macro_rules! row {
    ($fault:ident, id_jag($b:ident, $mint:expr), $right:expr, $wrong:expr) => {
        row!($fault, look($b, { $b.ask(&$mint.sign()).send().await.short() }), $right, $wrong)
    };
    ($fault:ident, ask($b:ident, $ask:expr), $right:expr, $wrong:expr) => {
        row!($fault, look($b, { $ask.send().await.short() }), $right, $wrong)
    };
    ($fault:ident, good($answer:ident, $show:expr), $right:expr, $wrong:expr) => {
        row!(
            $fault,
            look(bench, {
                let $answer: Answer = good(bench).send().await;
                $show
            }),
            $right,
            $wrong
        )
    };
    ($fault:ident, bad($answer:ident, $show:expr), $right:expr, $wrong:expr) => {
        row!(
            $fault,
            look(bench, {
                let $answer: Answer = bench.ask(&bench.mint().claim("aud", "x").sign()).send().await;
                $show
            }),
            $right,
            $wrong
        )
    };
    ($fault:ident, metadata($answer:ident, $show:expr), $right:expr, $wrong:expr) => {
        row!(
            $fault,
            look(bench, {
                let $answer: Answer = bench.metadata().await;
                $show
            }),
            $right,
            $wrong
        )
    };
    ($fault:ident, look($b:ident, $steps:block), $right:expr, $wrong:expr) => {
        Row {
            fault: Fault::$fault,
            issuer_path: "",
            policies: Policies::default(),
            client_auth: None,
            observe: |$b| Box::pin(async move { $steps }),
            right: $right,
            wrong: $wrong,
        }
    };
}

use row;

pub fn rows() -> Vec<Row> {
    [
        server::discovery(),
        server::requests(),
        server::clients(),
        client_assertions::client_assertions(),
        assertion::forms(),
        assertion::keys(),
        forms::forms(),
        forms::keys(),
        claims::claims(),
        claims::subjects(),
        possession::possession(),
        grant::grants(),
        grant::resources(),
        grant::replays(),
        grant::responses(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
