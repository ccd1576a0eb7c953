//! `jagspec decode`: a token with its members explained. Nothing is sent or fetched, and no key is made.

use std::io::{IsTerminal as _, Read as _};

use anstyle::{AnsiColor, Style};

use super::{Stop, stop};
use crate::{
    cli::{DecodeArguments, Screen},
    clock::Clock,
    decode::{Decoded, Key, Kind, Member, Part, Signature, decode as take_apart, keys_of},
    idp::{Keyring, key_store},
    report::{
        json,
        page::{Page, Span},
    },
    suite::load,
};

/// No token is longer: servers take a few KiB.
const LONGEST: u64 = 1024 * 1024;

pub(super) fn decode(arguments: &DecodeArguments, screen: &Screen) -> Result<u8, Stop> {
    let text = match arguments.token.as_deref() {
        Some(token) if token != "-" => token.to_owned(),
        _ => standard_input()?,
    };
    // The line feed of whoever printed it is no part of it.
    let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    let keys = keys(arguments)?;
    let decoded = take_apart(text, Clock::System.now(), &keys).map_err(stop)?;
    screen.result(&if arguments.format == "json" {
        json::harmless(&decoded).map_err(stop)?
    } else {
        page(&decoded, screen)
    });
    Ok(0)
}

fn standard_input() -> Result<String, Stop> {
    let input = std::io::stdin();
    if input.is_terminal() {
        return Err(stop("there is no token: give it as an argument, or on standard input"));
    }
    let mut bytes = Vec::new();
    input
        .take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| stop(format!("standard input: {error}")))?;
    if bytes.len() as u64 > LONGEST {
        return Err(stop("standard input holds more than 1 MiB: no token is so long"));
    }
    String::from_utf8(bytes).map_err(|error| {
        stop(format!("standard input is no text: byte {} is no UTF-8", error.utf8_error().valid_up_to() + 1))
    })
}

/// The keys at hand: those of the file, those of this machine's IdP where it has some, and the public test keys that
/// the embedded playground trusts.
fn keys(arguments: &DecodeArguments) -> Result<Vec<Key>, Stop> {
    let mut keys = Vec::new();
    if let Some(path) = &arguments.jwks {
        let source = load::read(path)?;
        let name = path.display();
        let document = serde_json::from_str(&source.text)
            .map_err(|error| stop(format!("--jwks: {name} is no JSON ({error}); name a JWK Set")))?;
        let of_file = keys_of(&document, &format!("a key of {name}"));
        if of_file.is_empty() {
            return Err(stop(format!(
                "--jwks: {name} holds no public key that verifies a signature (RSA, P-256, P-384 or Ed25519)"
            )));
        }
        keys.extend(of_file);
    }
    let mut of_keyring = |keyring: &Keyring, where_from: &str| {
        for (whose, jwk) in keyring.public_keys() {
            keys.extend(keys_of(&jwk, &format!("{whose} {where_from}")));
        }
    };
    match &arguments.idp_key {
        Some(path) => {
            let key = key_store::from_file(path).map_err(stop)?;
            keys.extend(keys_of(&key.jwk(None), "the key of --idp-key"));
        }
        None => {
            if let Ok(folder) = key_store::state_folder()
                && let Some(keyring) = key_store::kept(&folder).map_err(stop)?
            {
                of_keyring(&keyring, "of this machine's IdP");
            }
            of_keyring(&key_store::fixed(), "of the public test keys");
        }
    }
    Ok(keys)
}

fn page(decoded: &Decoded, screen: &Screen) -> String {
    let mut page = Page::new(screen.columns().clamp(40, 100), screen.colour());
    let bold = Style::new().bold();
    let what = match decoded.kind {
        Kind::IdJag => "An ID-JAG",
        Kind::AccessToken => "An access token (RFC 9068)",
        Kind::IdToken => "An ID token (OpenID Connect)",
        Kind::Jwt => "A JWT of another kind",
        Kind::Jwe => "An encrypted token, a JWE (RFC 7516): only its header can be read",
    };
    let verdict = match decoded.count_problems() {
        0 => "nothing in it looks wrong".to_owned(),
        1 => "1 thing is wrong".to_owned(),
        many => format!("{many} things are wrong"),
    };
    page.paragraph(&[], 2, &[Span::new(bold, what), Span::plain(&format!(" · {verdict}"))]);
    problems(&mut page, "", &decoded.problems);
    part(&mut page, "Header", &decoded.header);
    if let Some(claims) = &decoded.claims {
        part(&mut page, "Claims", claims);
    }
    if let Some(it) = &decoded.signature {
        signature(&mut page, it);
    }
    page.finish()
}

fn part(page: &mut Page, heading: &str, part: &Part) {
    page.blank();
    page.paragraph(&[], 2, &[Span::new(Style::new().bold(), heading)]);
    problems(page, "  ", &part.problems);
    if let Some(text) = &part.text {
        page.paragraph(&[Span::plain("  ")], 2, &[Span::plain(text)]);
    }
    for it in &part.members {
        member(page, it);
    }
}

fn member(page: &mut Page, member: &Member) {
    let name = Span::new(Style::new().bold(), &format!("  {} ", member.name));
    // Where lines are wrapped, spaces in a row become one: the others are shown as the escapes are.
    let value = member.value.get().replace("  ", " \\x20");
    page.paragraph(&[name], 4, &[Span::plain(&value)]);
    let mut about: Vec<String> = Vec::new();
    about.extend(member.time.clone());
    about.extend(member.notes.iter().cloned());
    let said = [member.meaning.clone(), about.join(", ")];
    let said = said.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ");
    let source = if member.source.is_empty() { String::new() } else { format!(" ({})", member.source) };
    let said = if said.is_empty() { "no claim or member that jagspec knows".to_owned() } else { said };
    page.paragraph(
        &[Span::plain("    ")],
        4,
        &[Span::new(Style::new().dimmed(), &format!("{said}{source}"))],
    );
    problems(page, "    ", &member.problems);
}

fn signature(page: &mut Page, signature: &Signature) {
    page.blank();
    page.paragraph(&[], 2, &[Span::new(Style::new().bold(), "Signature")]);
    let cut = if signature.bytes > 0 { format!(", {}…", signature.beginning) } else { String::new() };
    let alg = signature.alg.as_deref().unwrap_or("no alg");
    page.paragraph(
        &[Span::plain("  ")],
        4,
        &[Span::plain(&format!("{alg}, {} bytes{cut}", signature.bytes))],
    );
    let sign = match signature.verifies {
        Some(true) => "✓ ",
        Some(false) => "✗ ",
        None => "– ",
    };
    page.paragraph(&[Span::plain("  "), Span::plain(sign)], 4, &[Span::plain(&signature.said)]);
    problems(page, "  ", &signature.problems);
}

fn problems(page: &mut Page, indentation: &str, problems: &[String]) {
    let red = Style::new().fg_color(Some(AnsiColor::Red.into()));
    for problem in problems {
        let lead = [Span::plain(indentation), Span::new(red, "✗ ")];
        page.paragraph(&lead, indentation.len() + 2, &[Span::new(red, problem)]);
    }
}
