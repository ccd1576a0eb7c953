//! The compact serialisation of a JWS, read strictly: three segments of unpadded base64url, two JSON objects.
//! Nothing is verified here.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value};

use super::{
    faults::{Fault, Faults},
    refusal::Refusal,
    strict_json::{self, Duplicates, NotStrict},
};

/// base64url for which unused bits and padding do not matter: what the lax servers use.
const LAX_BITS: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);
const LAX_PADDING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A JWS taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Jwt {
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
    /// What is signed: header and payload as they were sent, with the dot between.
    pub(super) signed: String,
    /// The signature; none only where a fault lets an assertion without one pass.
    pub(super) signature: Option<Vec<u8>>,
}

impl Jwt {
    /// Reads an assertion.
    pub(super) fn parse(text: &str, faults: &Faults) -> Result<Self, Refusal> {
        Self::read(text, faults).map_err(|refusal| {
            if faults.has(Fault::MalformedAssertion500) { Refusal::crash(refusal.cause) } else { refusal }
        })
    }

    fn read(text: &str, faults: &Faults) -> Result<Self, Refusal> {
        let mut text = text.to_owned();
        if faults.has(Fault::WhitespaceAccepted) {
            text.retain(|c| !c.is_ascii_whitespace());
        }
        if faults.has(Fault::JsonSerialisationAccepted)
            && let Some(compact) = compact_of_flattened(&text)
        {
            text = compact;
        }
        // RFC 7519 section 7.2: a JWS has three segments. RFC 8725bis section 3.14: exactly three.
        let segments: Vec<&str> = text.splitn(7, '.').collect();
        let (header, payload, signature) = match segments.as_slice() {
            [header, payload, signature] => (*header, *payload, Some(*signature)),
            [header, payload] if faults.has(Fault::TruncatedSerialisation) => (*header, *payload, None),
            [header, payload, signature, ..] if faults.has(Fault::FourSegments) => {
                (*header, *payload, Some(*signature))
            }
            _ => return Err(Refusal::grant("the assertion does not have three segments")),
        };
        let members = object("header", &decoded(header, faults)?, faults)?;
        let content = decoded(payload, faults)?;
        let mut claims = None;
        if faults.has(Fault::NestedUnwrapped)
            && let Some(inner) =
                std::str::from_utf8(&content).ok().and_then(|text| Self::read(text, faults).ok())
        {
            if members.get("alg").is_some_and(|alg| alg == "none") {
                return Ok(inner);
            }
            claims = Some(inner.claims);
        }
        Ok(Self {
            header: members,
            claims: claims.map_or_else(|| object("payload", &content, faults), Ok)?,
            signed: format!("{header}.{payload}"),
            signature: signature.map(|signature| decoded(signature, faults)).transpose()?,
        })
    }

    /// Claims without a signature, out of a JWE: for the server that believes them.
    pub(super) fn unsigned(
        header: Map<String, Value>,
        claims: &[u8],
        faults: &Faults,
    ) -> Result<Self, Refusal> {
        let claims = object("payload", claims, faults)?;
        Ok(Self { header, claims, signed: String::new(), signature: None })
    }

    /// A member of the header that is a string.
    pub(super) fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }

    /// A claim that is a string.
    pub(super) fn claim_text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }
}

fn decoded(segment: &str, faults: &Faults) -> Result<Vec<u8>, Refusal> {
    if faults.has(Fault::Base64StandardAlphabet) {
        let url_safe = segment.replace('+', "-").replace('/', "_");
        return URL_SAFE_NO_PAD.decode(url_safe).map_err(|_| Refusal::grant("a segment is not base64"));
    }
    let engine = match () {
        () if faults.has(Fault::Base64TrailingBits) => LAX_BITS,
        () if faults.has(Fault::Base64PaddingAccepted) => LAX_PADDING,
        // RFC 7515 section 2: no padding; RFC 4648 section 3.5: unused bits are zero.
        () => URL_SAFE_NO_PAD,
    };
    engine.decode(segment).map_err(|error| Refusal::grant(format!("a segment is not base64url: {error}")))
}

fn object(place: &str, bytes: &[u8], faults: &Faults) -> Result<Map<String, Value>, Refusal> {
    let rewritten = lax(bytes, faults);
    let bytes = rewritten.as_deref().unwrap_or(bytes);
    if faults.has(Fault::DeepNesting500) && bytes.windows(100).any(|window| window == [b'['; 100]) {
        return Err(Refusal::crash("maximum recursion depth exceeded"));
    }
    if faults.has(Fault::EscapedNameNotRead) && bytes.windows(4).any(|window| window == b"\"\\u0") {
        return Err(Refusal::grant(format!("the {place} lacks a member")));
    }
    let duplicates =
        if faults.has(Fault::DuplicateClaimsFirstWins) { Duplicates::FirstWins } else { Duplicates::Refused };
    strict_json::object(bytes, duplicates).map_err(|error| match error {
        NotStrict::NotAnObject => Refusal::grant(format!("the {place} is no JSON object")),
        NotStrict::Duplicate if faults.has(Fault::DuplicateMember500) => {
            Refusal::crash(format!("the {place} repeats a member"))
        }
        NotStrict::Duplicate => Refusal::grant(format!("the {place} repeats a member")),
    })
}

/// What lax servers read as strict JSON in UTF-8; none where they do not differ.
fn lax(bytes: &[u8], faults: &Faults) -> Option<Vec<u8>> {
    if faults.has(Fault::AnyEncodingRead) {
        let text = match bytes {
            [0xff, 0xfe, rest @ ..] => {
                let units: Vec<u16> =
                    rest.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
                String::from_utf16_lossy(&units)
            }
            _ => String::from_utf8_lossy(bytes).trim_start_matches('\u{feff}').to_owned(),
        };
        return Some(text.into_bytes());
    }
    if faults.has(Fault::LaxJsonRead) {
        let text = String::from_utf8_lossy(bytes);
        let text = text.replace('\'', "\"").replace("NaN", "null").replace("/* one */", "");
        return Some(text.replace(",,", ",").replace(",}", "}").into_bytes());
    }
    None
}

/// RFC 7515 section 7.2.2.
fn compact_of_flattened(text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    let part = |name: &str| value.get(name).and_then(Value::as_str);
    Some(format!("{}.{}.{}", part("protected")?, part("payload")?, part("signature")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "eyJhbGciOiJub25lIn0"; // {"alg":"none"}
    const PAYLOAD: &str = "eyJhIjoxfQ"; // {"a":1}

    #[test]
    fn three_strict_segments_are_read() {
        let jwt = Jwt::parse(&format!("{HEADER}.{PAYLOAD}.AQI"), &Faults::default()).unwrap();
        assert_eq!(jwt.header_text("alg"), Some("none"));
        assert_eq!(jwt.claims["a"], 1);
        assert_eq!(jwt.signature, Some(vec![1, 2]));
        assert_eq!(jwt.signed, format!("{HEADER}.{PAYLOAD}"));
    }

    #[test]
    fn everything_else_is_refused() {
        let texts = [
            String::new(),
            "x".to_owned(),
            "a.b.c".to_owned(),
            format!("{HEADER}.{PAYLOAD}"),
            format!("{HEADER}.{PAYLOAD}.AQI."),
            format!("{HEADER}.{PAYLOAD}.AQI.x"),
            format!("{HEADER}.{PAYLOAD}.AQI=="),
            format!("{HEADER}.{PAYLOAD}.AQJ"), // the unused bits of the last character are set
            format!("{HEADER}..AQI"),
            format!(" {HEADER}.{PAYLOAD}.AQI"),
            format!("{HEADER}.{PAYLOAD}.A+I"),
        ];
        for text in texts {
            assert!(Jwt::parse(&text, &Faults::default()).is_err(), "{text}");
        }
    }
}
