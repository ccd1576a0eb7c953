//! A secret that is known by its value, found in every encoding in which it may stand in a text.

use std::collections::{BTreeSet, HashMap};

use super::{Cut, SECRET, decode};

/// A secret made of letters alone is a word that texts may contain for other reasons, unless it is this long.
const LONGEST_WORD: usize = 15;

/// Runs of base64 shorter than this are not looked into.
const SHORTEST_RUN: usize = 6;

/// A value to be found.
pub(super) struct Needle {
    /// What each character looks like in the encodings that are known.
    spellings: Vec<Vec<Vec<u8>>>,
    /// The bytes with which a spelling of the first character begins.
    first: Vec<u8>,
    raw: String,
    whole_word: bool,
    marker: &'static str,
}

impl Needle {
    pub(super) fn new(value: &str, marker: &'static str) -> Self {
        let count = value.chars().count();
        let spellings: Vec<_> = value.chars().map(spellings).collect();
        let first = spellings.iter().take(1).flatten().filter_map(|spelling| spelling.first().copied());
        let first: BTreeSet<u8> = first.collect();
        Self {
            first: first.into_iter().collect(),
            spellings,
            raw: value.to_owned(),
            whole_word: count <= LONGEST_WORD && value.chars().all(|c| c.is_ascii_alphabetic()),
            marker,
        }
    }

    /// The stretch that begins at `at` and spells the value, each character in an encoding of its own choice: so
    /// every mixture is found too, such as a form encoding that leaves more characters alone than most.
    fn find(&self, text: &str, at: usize) -> Cut {
        let bytes = text.as_bytes();
        let mut ends = vec![at];
        for spellings in &self.spellings {
            let mut next = Vec::new();
            for end in ends {
                let rest = bytes.get(end..).unwrap_or_default();
                for spelling in spellings {
                    if starts_with(rest, spelling) && !next.contains(&(end + spelling.len())) {
                        next.push(end + spelling.len());
                    }
                }
            }
            if next.is_empty() {
                return None;
            }
            ends = next;
        }
        let end = ends.into_iter().max().filter(|end| *end > at && text.is_char_boundary(*end))?;
        if self.whole_word && (continues_word(text, at) || text[end..].starts_with(is_word)) {
            return None;
        }
        Some((at..end, self.marker))
    }
}

/// Values to be found at once. There may be hundreds: a target issues an access token in each exchange.
#[derive(Default)]
pub(super) struct Needles {
    all: Vec<Needle>,
    /// The places in `all` of those that can begin with a byte.
    by_first: HashMap<u8, Vec<usize>>,
}

impl Needles {
    pub(super) fn new(mut all: Vec<Needle>) -> Self {
        // The longest first, so that a secret within another does not leave the rest of it behind.
        all.sort_by(|a, b| b.raw.len().cmp(&a.raw.len()).then_with(|| a.raw.cmp(&b.raw)));
        all.dedup_by(|a, b| a.raw == b.raw);
        let mut by_first: HashMap<u8, Vec<usize>> = HashMap::new();
        for (index, needle) in all.iter().enumerate() {
            for first in &needle.first {
                by_first.entry(*first).or_default().push(index);
            }
        }
        Self { all, by_first }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The stretch that begins at `at` and spells one of the values.
    pub(super) fn find(&self, text: &str, at: usize) -> Cut {
        // Almost every place ends here.
        let possible = self.by_first.get(text.as_bytes().get(at)?)?;
        possible.iter().find_map(|index| self.all[*index].find(text, at))
    }

    /// Whether these bytes hold a value, raw or as HTTP Basic has it (RFC 6749 section 2.3.1: form-encoded).
    fn are_in(&self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        text.char_indices().any(|(at, _)| self.find(&text, at).is_some())
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether the place follows a letter that belongs to a word, and not to an escape such as `%3D` or `\n`.
pub(super) fn continues_word(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[..at];
    match before {
        [.., b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => false,
        [.., b'\\', b'n' | b'r' | b't' | b'"'] => false,
        [.., last] => is_word(char::from(*last)),
        [] => false,
    }
}

/// Like `[u8]::starts_with`; hex digits of an escape in either case.
fn starts_with(text: &[u8], spelling: &[u8]) -> bool {
    let is_escape = spelling.len() > 1 && matches!(spelling[0], b'%' | b'\\' | b'&');
    match text.get(..spelling.len()) {
        Some(start) if is_escape => start.eq_ignore_ascii_case(spelling),
        Some(start) => start == spelling,
        None => false,
    }
}

/// One character as it stands in plain text, percent- or form-encoded, in JSON, in HTML or XML, in a shell's quotes.
fn spellings(c: char) -> Vec<Vec<u8>> {
    let utf8 = c.encode_utf8(&mut [0; 4]).to_owned();
    let mut all = vec![
        utf8.clone().into_bytes(),
        utf8.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>().into_bytes(),
        c.encode_utf16(&mut [0; 2])
            .iter()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect::<String>()
            .into_bytes(),
        format!("&#{};", u32::from(c)).into_bytes(),
        format!("&#x{:x};", u32::from(c)).into_bytes(),
    ];
    let more: &[&str] = match c {
        ' ' => &["+"],
        // The longer ones are JSON within a JSON string.
        '"' => &["\\\"", "\\\\\\\"", "&quot;"],
        '\'' => &["&apos;", "'\\''"],
        '&' => &["&amp;"],
        '<' => &["&lt;"],
        '>' => &["&gt;"],
        '\\' => &["\\\\", "\\\\\\\\"],
        '/' => &["\\/"],
        '%' => &["%%"],
        '\n' => &["\\n"],
        '\t' => &["\\t"],
        _ => &[],
    };
    all.extend(more.iter().map(|spelling| spelling.as_bytes().to_vec()));
    all
}

/// A run of base64 or base64url in which one of the needles is hidden, wherever in the run it begins: the
/// credentials of HTTP Basic with whatever client identifier, a claim of a token, a dump of a request.
pub(super) fn in_base64(text: &str, at: usize, needles: &Needles) -> Cut {
    let bytes = text.as_bytes();
    // Only where a run begins: else its end would be looked into again at each of its characters.
    let reaches = |back: usize| {
        at.checked_sub(back)
            .and_then(|start| base64_at(bytes, start))
            .is_some_and(|(_, length)| length == back)
    };
    if base64_at(bytes, at).is_none() || reaches(1) || reaches(3) {
        return None;
    }
    let mut run = Vec::new();
    let mut end = at;
    while let Some((byte, length)) = base64_at(bytes, end) {
        run.push(byte);
        end += length;
    }
    if run.len() < SHORTEST_RUN {
        return None;
    }
    // What stands before the credentials may look like base64 too: each of the four alignments is tried.
    let hidden = (0..4).any(|skip| decode(&run[skip..]).is_some_and(|decoded| needles.are_in(&decoded)));
    if !hidden {
        return None;
    }
    while bytes.get(end) == Some(&b'=') {
        end += 1;
    }
    Some((at..end, SECRET))
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The character of either alphabet that stands here, also percent-encoded, and how long it is.
fn base64_at(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    match bytes.get(at..)? {
        [b'%', b'2', b'b' | b'B', ..] => Some((b'+', 3)),
        [b'%', b'2', b'f' | b'F', ..] => Some((b'/', 3)),
        // The digits of another escape are no base64.
        _ if at > 0 && bytes[at - 1] == b'%' => None,
        _ if at > 1 && bytes[at - 2] == b'%' && bytes[at - 1].is_ascii_hexdigit() => None,
        [byte, ..] if is_base64(*byte) => Some((*byte, 1)),
        _ => None,
    }
}
