//! A secret that is known by its value, found in every encoding in which it may stand in a text.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use super::{Cut, SECRET, TOKEN, decode};

/// A secret made of letters alone is a word that texts may contain for other reasons, unless it is this long.
const LONGEST_WORD: usize = 15;

/// Runs of base64 shorter than this are not looked into.
const SHORTEST_RUN: usize = 6;

/// So much of the beginning of a value is taken for it where a text was cut.
const SHORTEST_PART: usize = 4;

/// So many times a text may be percent-encoded, or escaped for JSON, beyond the first.
const NESTED: usize = 2;

/// What stands where a text was cut.
pub(super) const CUT: char = '…';

/// A value to be found.
pub(super) struct Needle {
    /// What each character looks like in the encodings that are known.
    spellings: Vec<Vec<Vec<u8>>>,
    raw: String,
    whole_word: bool,
    marker: &'static str,
}

impl Needle {
    /// A secret that was given to the harness: whatever a target makes of it is looked for.
    pub(super) fn secret(value: &str) -> Self {
        let whole_word =
            value.chars().count() <= LONGEST_WORD && value.chars().all(|c| c.is_ascii_alphabetic());
        let spellings = value.chars().map(spellings).collect();
        Self { spellings, raw: value.to_owned(), whole_word, marker: SECRET }
    }

    /// An access token that a target has issued. There may be hundreds, made of characters that no encoding changes.
    pub(super) fn token(value: &str) -> Self {
        let unchanged = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        let spell = |c: char| if unchanged(c) { vec![c.to_string().into_bytes()] } else { spellings(c) };
        let spellings = value.chars().map(spell).collect();
        Self { spellings, raw: value.to_owned(), whole_word: false, marker: TOKEN }
    }

    /// The two bytes with which a spelling of the value can begin.
    fn starts(&self) -> BTreeSet<[u8; 2]> {
        let mut starts = BTreeSet::new();
        for spelling in self.spellings.first().into_iter().flatten() {
            match spelling[..] {
                [one] => {
                    let next = self.spellings.get(1).into_iter().flatten();
                    starts.extend(next.filter_map(|spelling| Some([one, *spelling.first()?])));
                }
                // An escape, in either case.
                [one, two, ..] => {
                    starts.extend([[one, two.to_ascii_lowercase()], [one, two.to_ascii_uppercase()]]);
                    starts.insert([one, two]);
                }
                [] => {}
            }
        }
        starts
    }

    /// The stretch that begins at `at` and spells the value, each character in an encoding of its own choice: so
    /// every mixture is found too, such as a form encoding that leaves more characters alone than most. Where the
    /// text was cut the beginning of the value is enough.
    fn find(&self, text: &str, at: usize) -> Cut {
        let bytes = text.as_bytes();
        let mut ends = vec![at];
        let mut part = None;
        for (matched, spellings) in self.spellings.iter().enumerate() {
            if matched >= SHORTEST_PART {
                part = end_of_part(text, &ends, spellings).or(part);
            }
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
                let end = part.filter(|_| !self.whole_word || !continues_word(text, at))?;
                return Some((at..end, self.marker));
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

/// Where the text was cut, if that is at or in the middle of the character that should follow at one of these places.
fn end_of_part(text: &str, ends: &[usize], spellings: &[Vec<u8>]) -> Option<usize> {
    let longest = spellings.iter().map(Vec::len).max().unwrap_or_default();
    ends.iter().filter(|end| text.is_char_boundary(**end)).find_map(|end| {
        let cut = text[*end..].char_indices().take(longest + 1).find(|(_, c)| *c == CUT)?.0;
        let part = &text.as_bytes()[*end..*end + cut];
        spellings.iter().any(|spelling| starts_with(spelling, part)).then_some(*end + cut)
    })
}

/// Values to be found at once. There may be hundreds: a target issues an access token in each exchange.
#[derive(Default)]
pub(super) struct Needles {
    all: Vec<Needle>,
    /// The places in `all` of those that can begin with these two bytes.
    by_start: HashMap<[u8; 2], Vec<usize>>,
    /// Values too short to be looked for everywhere, as they end the credentials of HTTP Basic: `:abc`.
    tails: Vec<String>,
}

impl Needles {
    pub(super) fn new(mut all: Vec<Needle>) -> Self {
        // The longest first, so that a secret within another does not leave the rest of it behind.
        all.sort_by(|a, b| b.raw.len().cmp(&a.raw.len()).then_with(|| a.raw.cmp(&b.raw)));
        all.dedup_by(|a, b| a.raw == b.raw);
        let mut by_start: HashMap<[u8; 2], Vec<usize>> = HashMap::new();
        for (index, needle) in all.iter().enumerate() {
            for start in needle.starts() {
                by_start.entry(start).or_default().push(index);
            }
        }
        Self { all, by_start, tails: Vec::new() }
    }

    /// These values too, but only where they end the credentials of HTTP Basic.
    pub(super) fn with_short<'s>(mut self, values: impl Iterator<Item = &'s str>) -> Self {
        self.tails = values.filter(|value| !value.is_empty()).map(|value| format!(":{value}")).collect();
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty() && self.tails.is_empty()
    }

    /// The stretch that begins at `at` and spells one of the values.
    pub(super) fn find(&self, text: &str, at: usize) -> Cut {
        // Almost every place ends here.
        let possible = self.by_start.get(text.as_bytes().get(at..at + 2)?)?;
        possible.iter().find_map(|index| self.all[*index].find(text, at))
    }

    /// Whether these bytes hold a value, raw or as HTTP Basic has it (RFC 6749 section 2.3.1: form-encoded). Where
    /// they were cut they may end within a value, and within a character.
    fn are_in(&self, bytes: &[u8], cut: bool) -> bool {
        let mut text = String::from_utf8_lossy(bytes).into_owned();
        if cut {
            text.truncate(text.trim_end_matches(char::REPLACEMENT_CHARACTER).len());
            text.push(CUT);
        }
        self.tails.iter().any(|tail| text.ends_with(tail))
            || text.char_indices().any(|(at, _)| self.find(&text, at).is_some())
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

/// One character as it stands in plain text, percent- or form-encoded, in JSON, in HTML or XML, in a shell's quotes; in
/// small letters too, which is what becomes of the names of header fields and of hosts. Each of these may be
/// percent-encoded again: a form that is thrown back in a redirect, which is a parameter of another one.
fn spellings(c: char) -> Vec<Vec<u8>> {
    let of_utf16 = |escape: fn(u16) -> String| {
        c.encode_utf16(&mut [0; 2]).iter().map(|unit| escape(*unit)).collect::<String>()
    };
    let number = u32::from(c);
    let mut all = vec![
        c.to_string(),
        c.to_ascii_lowercase().to_string(),
        percent(&c.to_string(), |_| true),
        of_utf16(|unit| format!("\\u{unit:04x}")),
        of_utf16(|unit| format!("\\\\u{unit:04x}")),
        format!("\\x{number:02x}"),
        format!("&#{number};"),
        format!("&#{number:03};"),
        format!("&#x{number:x};"),
    ];
    let more: &[&str] = match c {
        ' ' => &["+"],
        // The longer ones are JSON within a JSON string, and JSON in HTML.
        '"' => &["\\\"", "\\\\\\\"", "&quot;", "\\&quot;"],
        '\'' => &["&apos;", "'\\''", "\\'"],
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
    all.extend(more.iter().map(|spelling| (*spelling).to_owned()));
    let is_reserved = |byte: u8| !byte.is_ascii_alphanumeric() && !b"-._~".contains(&byte);
    let mut nested = all.clone();
    for _ in 0..NESTED {
        nested = nested.iter().map(|spelling| percent(spelling, is_reserved)).collect();
        all.extend_from_slice(&nested);
    }
    all.sort_unstable();
    all.dedup();
    all.into_iter().map(String::into_bytes).collect()
}

/// The text with these bytes of it percent-encoded.
fn percent(text: &str, is_encoded: impl Fn(u8) -> bool) -> String {
    let byte = |byte| if is_encoded(byte) { format!("%{byte:02x}") } else { char::from(byte).to_string() };
    text.bytes().map(byte).collect()
}

/// A run of base64 or base64url in which one of the needles is hidden, wherever in the run it begins: the
/// credentials of HTTP Basic with whatever client identifier, a claim of a token, a dump of a request.
pub(super) fn in_base64(text: &str, at: usize, needles: &Needles) -> Cut {
    let bytes = text.as_bytes();
    // Only where a run begins: else its end would be looked into again at each of its characters.
    let goes_on = |back: usize| {
        let before = at.checked_sub(back).and_then(|start| base64_at(bytes, start));
        before.is_some_and(|(_, length)| length >= back)
    };
    if base64_at(bytes, at).is_none() || (1..=LONGEST_ESCAPE).any(goes_on) {
        return None;
    }
    let (run, mut end) = base64_run(bytes, at);
    if run.len() < SHORTEST_RUN {
        return None;
    }
    let cut = text[end..].starts_with(CUT);
    // What stands before the credentials may look like base64 too: each of the four alignments is tried.
    let hidden = (0..4).any(|skip| decode(&run[skip..]).is_some_and(|decoded| needles.are_in(&decoded, cut)));
    if !hidden {
        return None;
    }
    while bytes.get(end) == Some(&b'=') {
        end += 1;
    }
    Some((at..end, SECRET))
}

/// The run of base64 that stands here, without escapes, and where it ends.
pub(super) fn base64_run(bytes: &[u8], at: usize) -> (Vec<u8>, usize) {
    let (mut run, mut end) = (Vec::new(), at);
    while let Some((byte, length)) = base64_at(bytes, end) {
        run.push(byte);
        end += length;
    }
    (run, end)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The length of the longest escape of one character: `\\\\u002b`, in which the backslash is escaped twice.
const LONGEST_ESCAPE: usize = (1 << NESTED) + 5;

/// The one of the two special characters of base64 that stands here escaped, as forms and as encoders of JSON do it, and
/// how long that is: `%2B`, `%252B`; `\/`, `\u002B`, `\\/`.
fn escape(bytes: &[u8]) -> Option<(u8, usize)> {
    let (start, endings): (_, [&[u8]; 2]) = match bytes.first()? {
        b'%' => {
            let nested = bytes[1..].chunks(2).take(NESTED).take_while(|two| *two == b"25").count();
            (1 + 2 * nested, [b"2b", b"2f"])
        }
        b'\\' => {
            let slashes = bytes.iter().take(1 << NESTED).take_while(|byte| **byte == b'\\').count();
            if bytes.get(slashes) == Some(&b'/') {
                return Some((b'/', slashes + 1));
            }
            (slashes, [b"u002b", b"u002f"])
        }
        _ => return None,
    };
    let found = endings.iter().zip(*b"+/").find(|(ending, _)| {
        bytes.get(start..start + ending.len()).is_some_and(|end| end.eq_ignore_ascii_case(ending))
    });
    found.map(|(ending, byte)| (byte, start + ending.len()))
}

/// The character of either alphabet that stands here, also escaped, and how long it is.
fn base64_at(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let here = bytes.get(at..)?;
    if matches!(here[..], [b'%' | b'\\', ..]) {
        return escape(here);
    }
    match here {
        // The digits of another escape are no base64.
        _ if at > 0 && bytes[at - 1] == b'%' => None,
        _ if at > 1 && bytes[at - 2] == b'%' && bytes[at - 1].is_ascii_hexdigit() => None,
        [byte, ..] if is_base64(*byte) => Some((*byte, 1)),
        _ => None,
    }
}
