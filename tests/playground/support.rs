//! A small IdP, ID-JAGs minted by hand, token requests, and answers in short.

use std::{
    collections::{BTreeSet, HashMap},
    net::Ipv4Addr,
    sync::{Arc, LazyLock, Mutex},
};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64URL},
};
use jagspec::{
    clock::Clock,
    keys::{Algorithm, KeyType, SigningKey, generate_pem},
    playground::{Fault, Playground, PlaygroundConfig, Policies},
    token_request::ClientAuthenticationMethod,
};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

pub const NOW: i64 = 1_800_000_000;
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
pub const JWT_BEARER_CLIENT: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The keys, made once for all tests.
pub struct Keys {
    pub rsa: SigningKey,
    pub p256: SigningKey,
    pub p384: SigningKey,
    pub ed25519: SigningKey,
    pub encryption: SigningKey,
    pub other: SigningKey,
    pub untrusted: SigningKey,
    pub unpublished: SigningKey,
    pub client: SigningKey,
}

pub static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let key = |key_type| SigningKey::from_pem(&generate_pem(key_type).unwrap()).unwrap();
    Keys {
        rsa: key(KeyType::Rsa),
        p256: key(KeyType::P256),
        p384: key(KeyType::P384),
        ed25519: key(KeyType::Ed25519),
        encryption: key(KeyType::P256),
        other: key(KeyType::P256),
        untrusted: key(KeyType::P256),
        unpublished: key(KeyType::P256),
        // With several algorithms.
        client: key(KeyType::Rsa),
    }
});

/// The IdP: documents by path, and how often each was asked for. Under `/other` is the second trusted issuer,
/// under `/untrusted` the one that nobody trusts.
#[derive(Clone)]
pub struct Idp {
    pub issuer: String,
    state: Arc<IdpState>,
}

#[derive(Default)]
struct IdpState {
    documents: Mutex<HashMap<String, Value>>,
    hits: Mutex<HashMap<String, usize>>,
}

impl Idp {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(IdpState::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let idp = Self { issuer, state };
        let base = &idp.issuer;
        idp.serve(
            "/.well-known/openid-configuration",
            json!({ "issuer": base, "jwks_uri": format!("{base}/jwks") }),
        );
        idp.publish("", &[&KEYS.rsa, &KEYS.p256, &KEYS.p384, &KEYS.ed25519]);
        idp.publish("/other", &[&KEYS.other]);
        idp.publish("/untrusted", &[&KEYS.untrusted]);
        idp.serve("/client-jwks", json!({ "keys": [KEYS.client.jwk(None)] }));
        idp
    }

    pub fn serve(&self, path: &str, document: Value) {
        self.state.documents.lock().unwrap().insert(path.to_owned(), document);
    }

    pub fn withdraw(&self, path: &str) {
        self.state.documents.lock().unwrap().remove(path);
    }

    pub fn publish(&self, issuer_path: &str, keys: &[&SigningKey]) {
        let mut keys: Vec<Value> = keys.iter().map(|key| key.jwk(None)).collect();
        if issuer_path.is_empty() {
            let mut encryption = KEYS.encryption.jwk(None);
            encryption["use"] = json!("enc");
            keys.push(encryption);
        }
        self.serve(&format!("{issuer_path}/jwks"), json!({ "keys": keys }));
    }

    pub fn hits(&self, path: &str) -> usize {
        self.state.hits.lock().unwrap().get(path).copied().unwrap_or(0)
    }
}

async fn answer(State(state): State<Arc<IdpState>>, request: Request) -> (StatusCode, String) {
    let path = request.uri().path();
    *state.hits.lock().unwrap().entry(path.to_owned()).or_default() += 1;
    match state.documents.lock().unwrap().get(path) {
        Some(document) => (StatusCode::OK, document.to_string()),
        None => (StatusCode::NOT_FOUND, String::new()),
    }
}

/// A playground with its IdP and a clock that stands still.
pub struct Bench {
    pub idp: Idp,
    pub clock: Clock,
    pub server: Playground,
    pub http: reqwest::Client,
}

impl Bench {
    pub async fn correct() -> Self {
        Self::with(&[], "", Policies::default()).await
    }

    pub async fn with(faults: &[Fault], issuer_path: &str, policies: Policies) -> Self {
        Self::with_client(faults, issuer_path, policies, None).await
    }

    /// The same, with a client that is registered for this method.
    pub async fn with_client(
        faults: &[Fault],
        issuer_path: &str,
        policies: Policies,
        client_auth: Option<ClientAuthenticationMethod>,
    ) -> Self {
        let idp = Idp::start().await;
        let clock = Clock::at(NOW);
        let config = PlaygroundConfig {
            issuer_path: issuer_path.to_owned(),
            faults: faults.iter().copied().collect::<BTreeSet<_>>(),
            clock: clock.clone(),
            policies,
            client_auth,
            ..PlaygroundConfig::new([idp.issuer.clone(), format!("{}/other", idp.issuer)])
        };
        let server = Playground::start(config).await.unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { idp, clock, server, http }
    }

    /// The well-formed ID-JAG.
    pub fn mint(&self) -> Mint {
        let now = self.clock.now();
        let claims = json!({
            "iss": self.idp.issuer,
            "sub": "user-123",
            "aud": self.server.issuer(),
            "client_id": Playground::CLIENT.id,
            "jti": format!("{:x}", rand::random::<u128>()),
            "iat": now,
            "exp": now + 300,
            "scope": "todos.read",
            "resource": Playground::RESOURCES[0],
        });
        let Value::Object(claims) = claims else { unreachable!() };
        Mint { header: Map::new(), removed: Vec::new(), claims, key: &KEYS.rsa, algorithm: Algorithm::RS256 }
    }

    /// The well-formed client assertion.
    pub fn client_assertion(&self) -> Mint {
        let now = self.clock.now();
        let claims = json!({
            "iss": Playground::CLIENT.id,
            "sub": Playground::CLIENT.id,
            "aud": self.server.issuer(),
            "jti": format!("{:x}", rand::random::<u128>()),
            "iat": now,
            "exp": now + 60,
        });
        let Value::Object(claims) = claims else { unreachable!() };
        let mint = Mint { claims, ..self.mint() };
        mint.header("typ", "client-authentication+jwt").signed_by(&KEYS.client, Algorithm::RS256)
    }

    /// The well-formed token request.
    pub fn ask(&self, assertion: &str) -> Ask {
        Ask {
            url: self.server.token_endpoint().to_owned(),
            method: reqwest::Method::POST,
            parameters: vec![
                ("grant_type".to_owned(), JWT_BEARER.to_owned()),
                ("assertion".to_owned(), assertion.to_owned()),
            ],
            headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
            body: None,
            in_query: false,
            http: self.http.clone(),
        }
        .basic(Playground::CLIENT.id, Playground::CLIENT.secret.unwrap())
    }

    pub async fn get(&self, url: &str) -> Answer {
        Answer::of(self.http.get(url).send().await.unwrap()).await
    }

    pub async fn metadata(&self) -> Answer {
        self.get(&self.well_known("oauth-authorization-server")).await
    }

    /// The inserted well-known address.
    pub fn well_known(&self, name: &str) -> String {
        let issuer = self.server.issuer();
        let path = issuer[7..].find('/').map_or("", |slash| &issuer[7 + slash..]);
        format!("{}/.well-known/{name}{path}", &issuer[..issuer.len() - path.len()])
    }
}

/// An ID-JAG in the making.
#[derive(Clone)]
pub struct Mint {
    header: Map<String, Value>,
    removed: Vec<&'static str>,
    pub claims: Map<String, Value>,
    key: &'static SigningKey,
    algorithm: Algorithm,
}

impl Mint {
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    pub fn without_header(mut self, name: &'static str) -> Self {
        self.removed.push(name);
        self
    }

    pub fn signed_by(mut self, key: &'static SigningKey, algorithm: Algorithm) -> Self {
        (self.key, self.algorithm) = (key, algorithm);
        self
    }

    pub fn text(&self, claim: &str) -> String {
        self.claims[claim].as_str().unwrap().to_owned()
    }

    pub fn signed_part(&self) -> String {
        let mut header = Map::new();
        header.insert("typ".to_owned(), json!("oauth-id-jag+jwt"));
        header.insert("alg".to_owned(), json!(self.algorithm.name()));
        header.insert("kid".to_owned(), json!(self.key.kid()));
        header.extend(self.header.clone());
        header.retain(|name, _| !self.removed.contains(&name.as_str()));
        format!("{}.{}", encoded(&Value::Object(header)), encoded(&Value::Object(self.claims.clone())))
    }

    pub fn sign(&self) -> String {
        self.sign_part(&self.signed_part())
    }

    /// A right signature over this header and payload.
    pub fn sign_part(&self, part: &str) -> String {
        format!("{part}.{}", B64URL.encode(self.key.sign(self.algorithm, part.as_bytes()).unwrap()))
    }

    /// A MAC in place of the signature.
    pub fn mac(self, secret: &[u8]) -> String {
        let part = self.header("alg", "HS256").signed_part();
        let key = jsonwebtoken::EncodingKey::from_secret(secret);
        let mac = jsonwebtoken::crypto::sign(part.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
        format!("{part}.{mac}")
    }
}

fn encoded(value: &Value) -> String {
    B64URL.encode(value.to_string())
}

/// A token request in the making.
#[derive(Clone)]
pub struct Ask {
    url: String,
    pub method: reqwest::Method,
    parameters: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    in_query: bool,
    http: reqwest::Client,
}

impl Ask {
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.parameters.retain(|(known, _)| known != name);
        self.add(name, value)
    }

    pub fn add(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(known, _)| known != name);
        self
    }

    pub fn rename(mut self, name: &str, new: &str) -> Self {
        for (known, _) in &mut self.parameters {
            if known == name {
                *known = new.to_owned();
            }
        }
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// One field more of a name that is there already.
    pub fn further_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn no_client(mut self) -> Self {
        self.headers.retain(|(known, _)| known != "authorization");
        self
    }

    pub fn basic(self, id: &str, secret: &str) -> Self {
        let credentials = format!("{}:{}", form_encoded(id), form_encoded(secret));
        self.header("authorization", &format!("Basic {}", STANDARD.encode(credentials)))
    }

    pub fn post(self, id: &str, secret: &str) -> Self {
        self.no_client().set("client_id", id).set("client_secret", secret)
    }

    pub fn by_assertion(self, assertion: &str) -> Self {
        self.no_client().set("client_assertion_type", JWT_BEARER_CLIENT).set("client_assertion", assertion)
    }

    pub fn other_client(self) -> Self {
        self.basic(Playground::OTHER_CLIENT.id, Playground::OTHER_CLIENT.secret.unwrap())
    }

    pub fn method(mut self, method: &str) -> Self {
        self.method = method.parse().unwrap();
        self
    }

    pub fn to(mut self, url: &str) -> Self {
        self.url = url.to_owned();
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub fn json_body(self) -> Self {
        let body: Map<_, _> =
            self.parameters.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        self.header("content-type", "application/json").body(Value::Object(body).to_string())
    }

    /// The parameters in the query instead of the body.
    pub fn in_query(mut self) -> Self {
        self.in_query = true;
        self
    }

    pub async fn send(self) -> Answer {
        let pairs: Vec<_> = self
            .parameters
            .iter()
            .map(|(name, value)| format!("{}={}", form_encoded(name), form_encoded(value)))
            .collect();
        let form = pairs.join("&");
        let (url, form) =
            if self.in_query { (format!("{}?{form}", self.url), String::new()) } else { (self.url, form) };
        let mut request = self.http.request(self.method, url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let body = self.body.unwrap_or_else(|| form.into_bytes());
        Answer::of(request.body(body).send().await.unwrap()).await
    }
}

pub fn form_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            byte if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// An answer.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Answer {
    async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let json = serde_json::from_str(&text).unwrap_or_default();
        Self { status, headers, text, json }
    }

    /// `token`, or the status with the error code.
    pub fn short(&self) -> String {
        match self.json["error"].as_str() {
            _ if self.json["access_token"].is_string() => "token".to_owned(),
            Some(error) => format!("{} {error}", self.status),
            None => format!("{} {}", self.status, self.header("content-type")),
        }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("-", |value| value.to_str().unwrap())
    }

    /// A member of the body, as JSON text; `-` when it is absent.
    pub fn member(&self, name: &str) -> String {
        self.json.get(name).map_or_else(|| "-".to_owned(), Value::to_string)
    }

    /// A claim of the access token, as JSON text; `-` when it is absent.
    pub fn claim(&self, name: &str) -> String {
        self.token_part(1).get(name).map_or_else(|| "-".to_owned(), Value::to_string)
    }

    /// The header (0) or the payload (1) of the access token.
    pub fn token_part(&self, index: usize) -> Value {
        let token = self.json["access_token"].as_str().unwrap_or_else(|| panic!("no token: {}", self.text));
        serde_json::from_slice(&B64URL.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
    }
}

/// The well-formed ID-JAG, changed, in the well-formed request.
pub fn id_jag(bench: &Bench, change: impl FnOnce(Mint) -> Mint) -> Ask {
    bench.ask(&change(bench.mint()).sign())
}

/// The well-formed ID-JAG in the well-formed request.
pub fn good(bench: &Bench) -> Ask {
    bench.ask(&bench.mint().sign())
}

/// The well-formed ID-JAG, in a request that the client authenticates with its own assertion, changed.
pub fn by_key(bench: &Bench, change: impl FnOnce(Mint) -> Mint) -> Ask {
    good(bench).by_assertion(&change(bench.client_assertion()).sign())
}
