//! Targets that throw back what they were sent, in every way that they could, and the search for it in every format.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::TcpStream,
    sync::{Arc, Mutex},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;

use crate::{
    Program,
    server::{Request, Server, around_tokens, metadata, send, send_json, token, token_endpoint},
};

// No six characters in a row of these stand in a report for another reason.
const SECRET: &str = "Zq7vXw2r-Kp9/+m>>>???T4n~B";
const OTHER_SECRET: &str = "jH5 q&8sL\"0x_Wd3y%41Y";
const THIRD_SECRET: &str = "pN3!vB7^cM9(kD5)gF1:hJ8";
const HEADER: &str = "Bearer gw6Rf1+Tk8~bU2e";
const GATEWAY_TOKEN: &str = "gw6Rf1+Tk8~bU2e";
const PEM: &str = include_str!("../../fixtures/keys/unpublished-p256.pem");
const JWK_D: &str = "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE";

const FORMATS: [&str; 8] = ["html", "json", "junit", "markdown", "sarif", "snapshot", "github", "har"];

/// Cases of each kind, and not so many that the search takes long.
const CASES: [&str; 6] = [
    "discovery::",
    "audience::well",
    "audience::second",
    "client-authentication::wrong",
    "client-binding::",
    "token-response::",
];

fn percent(text: &str, escape: fn(u8) -> String) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { escape(byte) }).collect()
}

/// Every form in which a target may have seen or made the secret.
fn spellings(secret: &str) -> Vec<String> {
    let form = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>();
    let credentials = STANDARD.encode(format!("ci:{secret}"));
    let json = serde_json::to_string(secret).unwrap();
    vec![
        secret.to_owned(),
        form.clone(),
        percent(secret, |byte| format!("%{byte:02x}")),
        secret.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        percent(&form, |byte| format!("%{byte:02X}")),
        json[1..json.len() - 1].to_owned(),
        secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect(),
        secret.replace('&', "&amp;").replace('>', "&gt;").replace('"', "&quot;"),
        secret.chars().map(|c| format!("&#{};", u32::from(c))).collect(),
        STANDARD.encode(secret),
        STANDARD.encode(format!("ci:{form}")),
        credentials.clone(),
        URL_SAFE_NO_PAD.encode(format!("ci:{secret}")),
        credentials.replace('/', "\\/"),
        credentials.replace('+', "\\u002B"),
        percent(&credentials, |byte| format!("%{byte:02X}")),
    ]
}

fn all_spellings() -> Vec<String> {
    [SECRET, OTHER_SECRET, THIRD_SECRET, HEADER].into_iter().flat_map(spellings).collect()
}

/// Everything that was sent, and the secrets in every spelling, in the body, in header fields and in their names.
fn reflect(request: &Request, stream: &mut TcpStream) {
    let spelled = all_spellings();
    let headers: Vec<_> = request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    // A description is cut: each has its turn to stand at the beginning of it, and of the error code.
    let first = &spelled[request.number % spelled.len()];
    let body = json!({
        "error": first,
        "error_description": format!("{first} {} {} {}", spelled.join(" "), request.body, headers.join("; ")),
        "request": { "headers": headers, "body": request.body },
        SECRET: OTHER_SECRET,
        "escaped": "ESCAPED",
        "keys": [{ "kty": "EC", "crv": "P-256", "d": JWK_D }],
        "key": PEM,
    });
    let echo = format!("X-Echo: {}", spelled.join(" "));
    let named = format!("X-gw6Rf1+Tk8~bU2e: {}", request.header("authorization"));
    let challenge = format!("WWW-Authenticate: Basic realm=\"{}\"", spelled[request.number % 9]);
    let headers = ["Content-Type: application/json", &echo, &named, &challenge];
    // As encoders of JSON write credentials that escape more than they must.
    let escaped = STANDARD.encode(format!("ci:{SECRET}"));
    assert!(escaped.contains('+') && escaped.contains('/'), "{escaped}");
    let escaped = escaped.replace('+', "\\u002B").replace('/', "\\/");
    send(stream, 401, &headers, body.to_string().replace("ESCAPED", &escaped));
}

/// Descriptions and bodies that are cut in the middle of a secret, each time at another place.
fn cut(request: &Request, stream: &mut TcpStream) {
    let spelled = all_spellings();
    let (spelling, kept) = (&spelled[request.number % spelled.len()], request.number % 31);
    let description = format!("{}{spelling}", "y".repeat(160_usize.saturating_sub(kept)));
    let start =
        format!("{{\"error\":\"invalid_grant\",\"error_description\":{},\"pad\":\"", json!(description));
    let pad = (16 * 1024_usize).saturating_sub(start.len() + kept);
    let body = format!("{start}{}{}\"}}", "z".repeat(pad), json!(spelling).to_string().trim_matches('"'));
    send(stream, 400, &["Content-Type: application/json"], body);
}

/// A redirect that carries everything, and a page that shows it.
fn redirect_or_page(request: &Request, stream: &mut TcpStream) {
    let spelled = all_spellings();
    let form = percent(&request.body, |byte| format!("%{byte:02X}"));
    if request.number.is_multiple_of(2) {
        let first = percent(&spelled[request.number % spelled.len()], |byte| format!("%{byte:02X}"));
        let location =
            format!("Location: https://as.example/login?first={first}&was={form}&client_secret={SECRET}");
        send(stream, 302, &[&location], "");
    } else {
        let page = format!("<html>{PEM}<p>{}<p>{}<p>{form}", spelled.join("<p>"), request.body);
        send(stream, 500, &["Content-Type: text/html"], page);
    }
}

/// Metadata and keys that say more than they should.
fn talkative_metadata(request: &Request, stream: &mut TcpStream) {
    if request.path.starts_with("/.well-known/oauth") {
        let mut document = metadata(&request.issuer);
        document["issuer"] = json!(format!("{}/?client_secret={SECRET}", request.issuer));
        document["token_endpoint"] = json!(format!("{}/token?key={SECRET}", request.issuer));
        document["scopes_supported"] = json!(all_spellings());
        document[SECRET] = json!(PEM);
        send_json(stream, 200, &document);
    } else if request.path == "/jwks" {
        send_json(stream, 200, &json!({ "keys": [{ "kty": "EC", "crv": "P-256", "d": JWK_D }] }));
    } else {
        reflect(request, stream);
    }
}

fn program(target: &str) -> Program {
    let options =
        FORMATS.iter().flat_map(|format| ["--report".to_owned(), format!("{format}=report.{format}")]);
    Program::new(["--target", target, "--client-id", "ci", "--other-client-id", "other"])
        .with(["--idp-listen", "127.0.0.1:0", "--timeout", "2", "--keep-exchanges"])
        .with(CASES)
        .with(options)
        .variable("JAGSPEC_CLIENT_SECRET", SECRET)
        .variable("JAGSPEC_OTHER_CLIENT_SECRET", OTHER_SECRET)
        .variable("JAGSPEC_UNAUTHORIZED_CLIENT_ID", "without-the-grant")
        .variable("JAGSPEC_UNAUTHORIZED_CLIENT_SECRET", THIRD_SECRET)
        .variable("JAGSPEC_HEADER", format!("X-Gateway-Key: {HEADER}"))
}

/// What the escapes of JSON, HTML, forms and shells stand for.
fn unescaped(text: &str) -> String {
    let mut out = Vec::new();
    let bytes = text.as_bytes();
    let hex = |from: usize, length: usize| {
        let digits = std::str::from_utf8(bytes.get(from..from + length)?).ok()?;
        u32::from_str_radix(digits, 16).ok()
    };
    let mut at = 0;
    while at < bytes.len() {
        let entity = || {
            let end = bytes[at..].iter().take(10).position(|byte| *byte == b';')? + at;
            let number = match &text[at + 1..end] {
                "lt" => 0x3c,
                "gt" => 0x3e,
                "amp" => 0x26,
                "quot" => 0x22,
                other => other.strip_prefix('#')?.parse().ok()?,
            };
            Some((number, end + 1 - at))
        };
        let found = match &bytes[at..] {
            [b'&', ..] => entity(),
            [b'%', ..] => hex(at + 1, 2).map(|number| (number, 3)),
            [b'\\', b'u', ..] => hex(at + 2, 4).map(|number| (number, 6)),
            [b'\\', b'n', ..] => Some((0x20, 2)),
            [b'\\', other, ..] if other.is_ascii_punctuation() => Some((u32::from(*other), 2)),
            _ => None,
        };
        let (number, length) = found.unwrap_or((u32::from(bytes[at]), 1));
        out.push(u8::try_from(number).unwrap_or(b'?'));
        at += length;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A text as its readers see it: with escapes taken off any number of times, and however its lines were broken.
fn views(text: &str) -> Vec<String> {
    let mut views = vec![text.to_owned()];
    while views.len() < 5 {
        let next = unescaped(&views[views.len() - 1]);
        if views.contains(&next) {
            break;
        }
        views.push(next);
    }
    views.iter().map(|view| view.split_whitespace().collect()).collect()
}

/// What is looked for: each stretch of six characters of a secret, and each stretch of eight of what it becomes in
/// base64, by itself and behind the client's identifier.
fn stretches(secrets: &[(&'static str, String)]) -> HashMap<Vec<u8>, &'static str> {
    let mut stretches = HashMap::new();
    for (name, secret) in secrets {
        let joined: String = secret.split_whitespace().collect();
        let mut add = |text: &str, length| {
            stretches.extend(text.as_bytes().windows(length).map(|stretch| (stretch.to_vec(), *name)));
        };
        add(&joined, 6);
        // As the names of header fields are read.
        add(&joined.to_lowercase(), 6);
        for prefix in ["", "ci:"] {
            // Eight characters of base64 are six of the secret, where none are of what stands before it.
            let encoded = STANDARD.encode(format!("{prefix}{secret}"));
            let own = &encoded[prefix.len() / 3 * 4..];
            add(own, 8);
            add(&own.replace('+', "-").replace('/', "_"), 8);
        }
    }
    stretches
}

/// Which secrets are in a text, each with a place.
fn found(text: &str, stretches: &HashMap<Vec<u8>, &'static str>) -> BTreeMap<&'static str, String> {
    let mut found = BTreeMap::new();
    // Almost every place is passed by without a look into the map.
    let pair = |bytes: &[u8]| usize::from(bytes[0]) << 8 | usize::from(bytes[1]);
    let mut begins = vec![false; 1 << 16];
    stretches.keys().for_each(|stretch| begins[pair(stretch)] = true);
    for view in views(text) {
        let bytes = view.as_bytes();
        for (at, two) in bytes.windows(2).enumerate() {
            if !begins[pair(two)] {
                continue;
            }
            let stretch = |length| stretches.get(bytes.get(at..at + length)?);
            for name in [stretch(6), stretch(8)].into_iter().flatten() {
                found.entry(*name).or_insert_with(|| {
                    let around = &bytes[at.saturating_sub(60)..bytes.len().min(at + 40)];
                    String::from_utf8_lossy(around).into_owned()
                });
            }
        }
    }
    found
}

/// Signatures of the ID-JAGs that a target got.
type Signatures = Arc<Mutex<Vec<String>>>;

/// Remembers the signatures.
fn remembering(
    signatures: &Signatures,
    answer: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static,
) -> impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static {
    let signatures = Arc::clone(signatures);
    move |request, stream| {
        let parameters = url::form_urlencoded::parse(request.body.as_bytes());
        for (_, value) in parameters.filter(|(name, _)| name == "assertion") {
            // Of a whole token: defects leave signatures out, or put something else there.
            let segments: Vec<_> = value.split('.').collect();
            if let [_, _, signature] = segments[..]
                && signature.len() >= 64
            {
                signatures.lock().unwrap().push(signature[..32].to_owned());
            }
        }
        answer(request, stream)
    }
}

/// A run against a server, and for each output by name what secrets are in it.
fn search(
    server: &Server,
    signatures: &Mutex<Vec<String>>,
    shown: bool,
) -> Vec<(String, BTreeMap<&'static str, String>)> {
    let mut program = program(&server.url());
    if shown {
        program = program.with(["--show-secrets"]);
    }
    let finished = program.run();
    let pem: String = PEM.lines().filter(|line| !line.contains("-----")).collect();
    let mut secrets = vec![
        ("client secret", SECRET.to_owned()),
        ("other client secret", OTHER_SECRET.to_owned()),
        ("third client secret", THIRD_SECRET.to_owned()),
        ("gateway header", GATEWAY_TOKEN.to_owned()),
        ("private key", pem),
        ("private JWK", JWK_D.to_owned()),
    ];
    secrets.extend(signatures.lock().unwrap().iter().take(40).map(|text| ("signature", text.clone())));
    let mut outputs =
        vec![("standard output".to_owned(), finished.stdout), ("standard error".to_owned(), finished.stderr)];
    outputs.extend(FORMATS.map(|format| (format.to_owned(), program.read(&format!("report.{format}")))));
    if !shown {
        let report = &outputs.iter().find(|(name, _)| name == "json").unwrap().1;
        assert!(report.contains("redacted]"), "something was thrown back: {report}");
    }
    let stretches = stretches(&secrets);
    outputs.into_iter().map(|(name, text)| (name, found(&text, &stretches))).collect()
}

/// Every server, by what it does, with the signatures that it sees.
fn servers() -> Vec<(&'static str, Server, Signatures)> {
    type Answer = Box<dyn Fn(&Request, &mut TcpStream) + Send + Sync>;
    let after_acceptance = |answer: fn(&Request, &mut TcpStream)| {
        move |request: &Request, stream: &mut TcpStream| {
            if request.number.is_multiple_of(3) {
                answer(request, stream);
            } else {
                send_json(stream, 200, &token());
            }
        }
    };
    let answers: [(&str, Answer); 6] = [
        ("refuses from the beginning", Box::new(token_endpoint(reflect))),
        ("refuses after the baseline was accepted", Box::new(token_endpoint(after_acceptance(reflect)))),
        ("throws back from everywhere", Box::new(reflect)),
        ("has talkative metadata", Box::new(talkative_metadata)),
        ("is cut", Box::new(token_endpoint(after_acceptance(cut)))),
        ("redirects", Box::new(token_endpoint(after_acceptance(redirect_or_page)))),
    ];
    let start = |(name, answer): (&'static str, Answer)| {
        let signatures = Signatures::default();
        (name, Server::start(remembering(&signatures, answer)), signatures)
    };
    answers.into_iter().map(start).collect()
}

#[test]
fn no_output_holds_a_secret() {
    let mut leaks = Vec::new();
    for (what, server, signatures) in servers() {
        for (output, found) in search(&server, &signatures, false) {
            leaks.extend(
                found.into_iter().map(|(secret, place)| format!("{what}: {output}: {secret}: {place}")),
            );
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

/// The same search finds them all where they are to be shown, so that it would find one that leaks.
#[test]
fn secrets_are_shown_to_those_who_ask() {
    let mut anywhere = BTreeSet::new();
    let mut outputs = BTreeSet::new();
    for (_, server, signatures) in servers() {
        for (output, found) in search(&server, &signatures, true) {
            if found.contains_key("client secret") {
                outputs.insert(output);
            }
            anywhere.extend(found.into_keys());
        }
    }
    let all = [
        "client secret",
        "gateway header",
        "other client secret",
        "private JWK",
        "private key",
        "signature",
        "third client secret",
    ];
    assert_eq!(anywhere, BTreeSet::from(all));
    for format in FORMATS.into_iter().chain(["standard output"]) {
        assert!(outputs.contains(format), "{format} shows no secret: {outputs:?}");
    }
}

#[test]
fn the_page_says_that_it_shows_secrets() {
    let server = Server::start(token_endpoint(reflect));
    let program = program(&server.url()).with(["--show-secrets"]);
    program.run();
    assert!(program.read("report.html").contains("<strong>Secrets shown</strong>"));
}

#[test]
fn doctor_shows_no_secret_either() {
    let server = Server::start(|request: &Request, stream| {
        if request.method == "POST" { reflect(request, stream) } else { around_tokens(request, stream) }
    });
    let finished = Program::new(["doctor", "--target", &server.url(), "--idp-listen", "127.0.0.1:0"])
        .with(["--client-id", "ci", "--header", &format!("X-Gateway-Key: {HEADER}")])
        .variable("JAGSPEC_CLIENT_SECRET", SECRET)
        .run();
    finished.says(0, &["[secret redacted]"]);
    let secrets = [("client secret", SECRET.to_owned()), ("gateway header", GATEWAY_TOKEN.to_owned())];
    assert_eq!(found(&finished.stdout, &stretches(&secrets)), BTreeMap::new(), "{}", finished.stdout);
}

#[test]
fn a_redirect_or_a_foreign_address_gets_no_gateway_header() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let foreign = Server::start(move |request, stream| {
        log.lock().unwrap().push((request.path.clone(), request.header("x-gateway-key").to_owned()));
        send_json(stream, 200, &json!({ "keys": [] }));
    });
    let jwks = format!("{}/jwks", foreign.url());
    let server = Server::start(move |request, stream| {
        if request.path.starts_with("/.well-known/oauth") {
            let mut document = metadata(&request.issuer);
            document["jwks_uri"] = json!(jwks);
            send_json(stream, 200, &document);
        } else {
            token_endpoint(|_, stream| send_json(stream, 200, &token()))(request, stream);
        }
    });
    program(&server.url()).with(["--skip", "client-", "--skip", "audience", "--skip", "error"]).run();
    assert_eq!(*seen.lock().unwrap(), [("/jwks".to_owned(), String::new())]);
}
