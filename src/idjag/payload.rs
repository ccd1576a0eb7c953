//! How the payload is written as bytes: what no list of members can say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the claims are written as bytes. The signature is right, over these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PayloadEncoding {
    /// UTF-8 with a byte order mark in front (RFC 8259 section 8.1: not to be written, and may be passed over).
    ByteOrderMark,
    /// UTF-16 with its byte order mark (RFC 7519 section 7.2: it has to be UTF-8).
    Utf16,
    /// UTF-8, but for one byte in the text of a further claim.
    InvalidUtf8,
    /// Apostrophes in place of the quotation marks.
    SingleQuotes,
}

/// The bytes of a payload.
pub(super) fn bytes(text: String, encoding: Option<PayloadEncoding>) -> Vec<u8> {
    match encoding {
        None => text.into_bytes(),
        Some(PayloadEncoding::ByteOrderMark) => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        Some(PayloadEncoding::Utf16) => {
            std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
        }
        Some(PayloadEncoding::InvalidUtf8) => {
            let members = text.strip_suffix('}').unwrap_or(&text).as_bytes();
            [members, b",\"https://claims.example/note\":\"\xff\"}"].concat()
        }
        Some(PayloadEncoding::SingleQuotes) => text.replace('"', "'").into_bytes(),
    }
}

/// What differs, in words.
pub(super) fn describe(encoding: PayloadEncoding) -> &'static str {
    match encoding {
        PayloadEncoding::ByteOrderMark => "the payload begins with a byte order mark",
        PayloadEncoding::Utf16 => "the payload is UTF-16",
        PayloadEncoding::InvalidUtf8 => "a further claim holds a byte that is no UTF-8",
        PayloadEncoding::SingleQuotes => "the payload has apostrophes in place of quotation marks",
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64URL};
    use serde_json::{Value, json};

    use crate::idjag::tests::with;

    fn payload(encoding: &str) -> Vec<u8> {
        let (token, _) = with(json!({ "encoding": encoding }));
        B64URL.decode(token.split('.').nth(1).unwrap()).unwrap()
    }

    #[test]
    fn each_encoding_is_in_the_bytes() {
        let (plain, _) = with(json!({}));
        let plain = B64URL.decode(plain.split('.').nth(1).unwrap()).unwrap();
        assert_eq!(payload("byte-order-mark"), [b"\xef\xbb\xbf", plain.as_slice()].concat());
        let utf16 = payload("utf16");
        assert_eq!(utf16[..4], [0xff, 0xfe, b'{', 0]);
        let units: Vec<u16> =
            utf16[2..].chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        assert_eq!(String::from_utf16(&units).unwrap().into_bytes(), plain);
        let invalid = payload("invalid-utf8");
        assert_eq!(invalid.iter().filter(|byte| **byte == 0xff).count(), 1);
        let repaired: Value = serde_json::from_str(&String::from_utf8_lossy(&invalid)).unwrap();
        assert_eq!(repaired["https://claims.example/note"], "\u{fffd}");
        let single = String::from_utf8(payload("single-quotes")).unwrap();
        assert!(single.starts_with("{'iss':'https://idp.example'") && !single.contains('"'), "{single}");
    }
}
