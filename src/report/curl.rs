//! A request as a command line: what a reader pastes into a shell to see the same answer. What has run out or is
//! secret is not in it: a command or a variable of the environment stands in its place. Everything else is there as it
//! was sent; the redactor goes over the line as over the rest of the report.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD as B64};

use super::{
    RequestReport,
    shell::{printf_format, quoted},
};

/// An ID-JAG is looked for within other texts from this length on; a shorter one, of a case that sends some other text
/// in its place, only where it is the whole value of a parameter.
const LONG: usize = 16;

/// A command line, and what a reader has to know before it is pasted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// One line for a POSIX shell.
    pub line: String,
    /// Sentences.
    pub hints: Vec<String>,
}

/// What a command line has in place of values of the request.
#[derive(Debug, Default)]
pub struct StandIns<'a> {
    /// The ID-JAG that was sent, and where the line has its own from.
    pub id_jag: Option<(&'a str, Source)>,
    /// Secrets of clients, and the variables of the environment that hold them.
    pub secrets: Vec<(&'a str, &'static str)>,
}

/// Where a line has its ID-JAG from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// This command prints it.
    Command(String),
    /// The same, and later lines use it too: it stays in the variable `id_jag`.
    Kept(String),
    /// An earlier line has left it in the variable `id_jag`.
    Earlier,
}

/// A line, and what became of the stand-ins.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The line.
    pub text: String,
    /// How often the ID-JAG's stand-in is in it.
    pub id_jags: usize,
    /// Whether the ID-JAG itself has stayed in it.
    pub keeps_id_jag: bool,
    /// The variables of the environment that it reads.
    pub variables: BTreeSet<&'static str>,
    /// Whether a secret is encoded by the line itself, byte for byte.
    pub encodes: bool,
}

/// One line for a POSIX shell that sends the same request. Whatever the method, URL, header fields and body hold,
/// the shell takes it as text: nothing in it is expanded, and no control character stands in the line itself.
/// `options` are words that every line of the run has.
///
/// A NUL can be sent in a body only; no command line can carry one.
pub fn curl(request: &RequestReport, options: &[String], stand_ins: &StandIns<'_>) -> Line {
    let mut words = Words { stand_ins, words: Vec::new(), line: Line::default() };
    words.plain("curl").plain("-i");
    if request.method.eq_ignore_ascii_case("HEAD") {
        // `-X HEAD` waits for a body that never comes.
        words.plain("--head");
    } else {
        words.plain("-X").plain(&request.method);
    }
    options.iter().for_each(|option| {
        words.plain(option);
    });
    if request.url.contains(['[', ']', '{', '}']) {
        words.plain("--globoff");
    }
    if ["/./", "/../"].iter().any(|dots| format!("{}/", request.url).contains(dots)) {
        words.plain("--path-as-is");
    }
    words.plain("--url").word("", &request.url);
    for (name, value) in &request.headers {
        // curl writes these itself; a length would be wrong once the line is edited.
        let is_own = match name.to_ascii_lowercase().as_str() {
            "content-length" => true,
            "host" => request.url.split('/').nth(2) == Some(value),
            "accept" => value == "*/*",
            _ => false,
        };
        if is_own {
            continue;
        }
        if name.eq_ignore_ascii_case("authorization") && words.basic(value) {
            continue;
        }
        // To curl `NAME:` means "without this header", `NAME;` is one with an empty value.
        let field = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        words.plain("-H").word("", &field);
    }
    let has_type = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let sends_body = !request.body.is_empty() || request.method.eq_ignore_ascii_case("POST");
    if sends_body && !has_type {
        // With data and no type curl would add the type of a form.
        words.plain("-H").plain("Content-Type:");
    }
    let mut piped = String::new();
    if let Some(form) = form(&request.body) {
        form.iter().for_each(|(name, value)| words.parameter(name, value));
    } else if request.body.contains(char::is_control) {
        words.plain("--data-binary").plain("@-");
        piped = format!("printf {} | ", printf_format(&request.body));
    } else if sends_body {
        // --data-raw, as --data would read a file where the body begins with `@`.
        words.plain("--data-raw").word("", &request.body);
    }
    words.finish(&piped, request)
}

/// The parameters of a body that is a form, as this program writes forms; none of any other body.
fn form(body: &str) -> Option<Vec<(String, String)>> {
    let parameters: Vec<(String, String)> =
        url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let again = parameters.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    (!body.is_empty() && again.collect::<Vec<_>>().join("&") == body).then_some(parameters)
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A part of a word.
enum Piece {
    /// As it is.
    Text(String),
    /// The same, in quotes whether or not it needs them; it has none itself.
    Quoted(String),
    /// What the shell is to put in, and how.
    Shell(String),
    /// The ID-JAG.
    IdJag,
}

struct Words<'a> {
    stand_ins: &'a StandIns<'a>,
    words: Vec<Vec<Piece>>,
    line: Line,
}

impl Words<'_> {
    fn plain(&mut self, text: &str) -> &mut Self {
        self.words.push(vec![Piece::Text(text.to_owned())]);
        self
    }

    /// A word in which the ID-JAG and a secret in a query may stand; of `before` nothing is replaced.
    fn word(&mut self, before: &str, text: &str) {
        let mut word = vec![Piece::Text(before.to_owned())];
        let mut rest = text;
        while let Some((at, length, piece)) = self.first_stand_in(rest) {
            word.push(Piece::Text(rest[..at].to_owned()));
            word.push(piece);
            rest = &rest[at + length..];
        }
        word.push(Piece::Text(rest.to_owned()));
        word.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        self.words.push(word);
    }

    /// The first stretch of a text that something stands in for: where, how long, and what.
    fn first_stand_in(&mut self, text: &str) -> Option<(usize, usize, Piece)> {
        const PARAMETER: &str = "client_secret=";
        let id_jag = self.stand_ins.id_jag.as_ref().map(|(id_jag, _)| *id_jag);
        let id_jag = id_jag.filter(|id_jag| id_jag.len() >= LONG);
        let id_jag = id_jag.and_then(|id_jag| Some((text.find(id_jag)?, id_jag.len())));
        let secret = text.find(PARAMETER).map(|at| {
            let at = at + PARAMETER.len();
            (at, text[at..].find(['&', '#', ' ']).unwrap_or(text.len() - at))
        });
        let secret = secret.filter(|(at, length)| *length > 0 && id_jag.is_none_or(|(other, _)| *at < other));
        if let Some((at, length)) = secret
            && let Some(expression) = self.encoded_secret(&text[at..at + length])
        {
            return Some((at, length, Piece::Shell(expression)));
        }
        let (at, length) = id_jag?;
        self.line.id_jags += 1;
        Some((at, length, Piece::IdJag))
    }

    /// A parameter of a form. curl encodes as this program does, except a space, `*` and `~`.
    fn parameter(&mut self, name: &str, value: &str) {
        let encoded_name = encoded(name);
        let before = format!("{encoded_name}=");
        let is_id_jag = self.stand_ins.id_jag.as_ref().is_some_and(|(id_jag, _)| {
            (name == "assertion" && value == *id_jag) || (id_jag.len() >= LONG && value.contains(id_jag))
        });
        // A shell has no NUL, and takes the line feeds at the end of what a command prints away.
        let survives = !value.contains('\0') && !value.ends_with('\n');
        if is_id_jag && survives && value.len() < LONG {
            self.plain("--data-urlencode");
            self.words.push(vec![Piece::Text(before), Piece::IdJag]);
            self.line.id_jags += 1;
        } else if is_id_jag && survives {
            self.plain("--data-urlencode").word(&before, value);
        } else if name == "client_secret"
            && let Some(secret) = self.secret(value)
        {
            self.plain("--data-urlencode");
            self.words.push(vec![Piece::Text(before), Piece::Shell(secret)]);
        } else if name == "client_secret" {
            // Nobody's: one that a case makes up. Else the redactor would take it for one that is somebody's.
            self.plain("--data-raw");
            self.words.push(vec![Piece::Text(before), Piece::Quoted(encoded(value))]);
        } else if name.is_empty() || value.contains(|c: char| c.is_control() || " *~".contains(c)) {
            self.plain("--data-raw").plain(&format!("{before}{}", encoded(value)));
        } else {
            self.plain("--data-urlencode").plain(&format!("{before}{value}"));
        }
    }

    /// What stands in place of the secret of a client, or of one without its last character.
    fn secret(&mut self, secret: &str) -> Option<String> {
        if secret.is_empty() {
            return None;
        }
        let (variable, is_cut) = self.stand_ins.secrets.iter().find_map(|(whole, variable)| {
            let mut cut = whole.chars();
            cut.next_back();
            let is_cut = secret == cut.as_str();
            (is_cut || secret == *whole).then_some((*variable, is_cut))
        })?;
        self.line.variables.insert(variable);
        Some(if is_cut { format!("${{{variable}%?}}") } else { format!("${variable}") })
    }

    /// The same of a form-encoded secret. Where the encoding changes it, the line encodes each of its bytes, which is
    /// read back to the same.
    fn encoded_secret(&mut self, text: &str) -> Option<String> {
        let pair = format!("s={text}");
        let (_, secret) = url::form_urlencoded::parse(pair.as_bytes()).next()?;
        if encoded(&secret) != text {
            return None;
        }
        let expression = self.secret(&secret)?;
        if secret == text {
            return Some(expression);
        }
        self.line.encodes = true;
        Some(format!("$(printf %s \"{expression}\" | od -An -v -tx1 | tr -dc 0-9a-f | sed 's/../%&/g')"))
    }

    /// The credentials of HTTP Basic (RFC 7617), form-encoded (RFC 6749 section 2.3.1), for curl to write; false where
    /// it would write others.
    fn basic(&mut self, value: &str) -> bool {
        let Some(text) = value.strip_prefix("Basic ") else { return false };
        let decoded = B64.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((id, password)) = decoded.as_deref().and_then(|text| text.split_once(':')) else {
            return false;
        };
        if id.contains(char::is_control) || password.contains(char::is_control) {
            return false;
        }
        let before = Piece::Text(format!("{id}:"));
        let password =
            self.encoded_secret(password).map_or_else(|| Piece::Text(password.to_owned()), Piece::Shell);
        self.plain("-u");
        self.words.push(vec![before, password]);
        true
    }

    fn finish(mut self, piped: &str, request: &RequestReport) -> Line {
        let source = self.stand_ins.id_jag.as_ref().map(|(_, source)| source);
        let (mut before, id_jag) = match source {
            Some(Source::Command(command)) if self.line.id_jags == 1 => {
                (String::new(), format!("$({command})"))
            }
            Some(Source::Command(command) | Source::Kept(command)) => {
                (format!("id_jag=$({command}) && "), "$id_jag".to_owned())
            }
            Some(Source::Earlier) => {
                (String::new(), "${id_jag:?the line of an earlier request makes it}".to_owned())
            }
            None => (String::new(), String::new()),
        };
        if self.line.id_jags == 0 {
            before.clear();
            self.line.keeps_id_jag = self.stand_ins.id_jag.as_ref().is_some_and(|(id_jag, _)| {
                let texts = [&request.url, &request.body];
                id_jag.len() >= LONG
                    && texts.iter().any(|text| text.contains(id_jag) || text.contains(&encoded(id_jag)))
            });
        }
        let words: Vec<String> = self.words.iter().map(|word| shown(word, &id_jag)).collect();
        self.line.text = format!("{before}{piped}{}", words.join(" "));
        self.line
    }
}

/// A word as the shell reads it.
fn shown(word: &[Piece], id_jag: &str) -> String {
    if let [Piece::Text(before), Piece::IdJag] = word
        && before == "assertion="
    {
        return format!("\"assertion={id_jag}\"");
    }
    let pieces = word.iter().map(|piece| match piece {
        // An empty text is a word only where nothing else is in it.
        Piece::Text(text) if text.is_empty() => String::new(),
        Piece::Text(text) => quoted(text),
        Piece::Quoted(text) => format!("'{text}'"),
        Piece::Shell(text) => format!("\"{text}\""),
        Piece::IdJag => format!("\"{id_jag}\""),
    });
    let text: String = pieces.collect();
    if text.is_empty() { quoted("") } else { text }
}

#[cfg(test)]
mod tests;
