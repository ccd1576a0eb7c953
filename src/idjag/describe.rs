//! A change of the ID-JAG in words, for reports: one sentence fragment for each thing that differs.

use super::{
    CompactDefect, EncryptedContent, HmacSecret, IdJagChange, KeyChoice, Place, SignatureDefect, jwe, jws,
    payload,
};
use crate::{
    observation::clip,
    report::{ChangedMember, ChangedPart},
};

/// The longest value that is shown whole.
const SHOWN: usize = 100;

impl IdJagChange {
    /// What differs from the well-formed ID-JAG, in the order in which it is applied. Values are shown as the
    /// suite file has them, variables unreplaced.
    pub fn describe(&self) -> Vec<String> {
        let mut words = Vec::new();
        let parts = [
            ("claim", &self.claims, &self.raw_claims, &self.remove_claims, &self.duplicate_claims),
            ("header", &self.header, &self.raw_header, &self.remove_header, &self.duplicate_header),
        ];
        for (kind, set, raw, removed, duplicates) in parts {
            words
                .extend(set.iter().map(|(name, value)| {
                    format!("{kind} `{name}` is `{}`", clip(&value.to_string(), SHOWN))
                }));
            words.extend(
                raw.iter().map(|(name, text)| format!("{kind} `{name}` is the text `{}`", clip(text, SHOWN))),
            );
            words.extend(removed.iter().map(|name| format!("no {kind} `{name}`")));
            words.extend(duplicates.iter().map(|duplicate| {
                let place = match duplicate.place {
                    Place::First => "before",
                    Place::Last => "after",
                };
                let value = clip(&duplicate.value.to_string(), SHOWN);
                let escaped = if duplicate.escaped { " (its name written with an escape)" } else { "" };
                format!("a second {kind} `{}`{escaped} is `{value}`, {place} the right one", duplicate.name)
            }));
        }
        words.extend(
            self.escaped_claims.iter().map(|name| format!("the name `{name}` is written with an escape")),
        );
        words.extend(self.bulk.map(super::Bulk::describe));
        words.extend(self.encoding.map(|encoding| payload::describe(encoding).to_owned()));
        words.extend(self.payload.iter().map(|text| format!("the payload is `{}`", clip(text, SHOWN))));
        if let Some(algorithm) = self.algorithm {
            words.push(format!("signed with {algorithm}"));
        }
        if let Some(key) = self.key {
            words.push(
                match key {
                    KeyChoice::Published => "signed with the published key",
                    KeyChoice::Unpublished => "signed with a key that no JWKS holds",
                    KeyChoice::UntrustedIssuer => "signed with the untrusted issuer's key",
                    KeyChoice::OtherIssuer => "signed with the second issuer's key",
                    KeyChoice::Added => "signed with the key that was published since",
                    KeyChoice::Client => "signed with the client's own key",
                    KeyChoice::Short => "signed with an RSA key of 1024 bits that was published since",
                }
                .to_owned(),
            );
        }
        if self.self_signed_certificate {
            words.push("a self-signed certificate of that key in the header's `x5c`".into());
        }
        if let Some(signature) = &self.signature {
            words.push(describe_signature(signature));
        }
        words.extend(self.nested.map(|nesting| jwe::describe_nesting(nesting).to_owned()));
        words.extend(self.encrypted.map(jwe::describe));
        words.extend(self.compact.iter().map(describe_compact));
        words
    }

    /// The members that differ from the well-formed ID-JAG, those included that follow from a change: another
    /// algorithm is another `alg`, another key another `kid`.
    pub fn changed_members(&self) -> Vec<ChangedMember> {
        let mut members = Vec::new();
        let parts = [
            (ChangedPart::Claim, &self.claims, &self.raw_claims, &self.remove_claims, &self.duplicate_claims),
            (
                ChangedPart::Header,
                &self.header,
                &self.raw_header,
                &self.remove_header,
                &self.duplicate_header,
            ),
        ];
        for (part, set, raw, removed, duplicates) in parts {
            let twice = duplicates.iter().map(|duplicate| &duplicate.name);
            let names = set.keys().chain(raw.keys()).chain(twice);
            members.extend(names.map(|name| ChangedMember::set(part, name)));
            members.extend(removed.iter().map(|name| ChangedMember::removed(part, name)));
        }
        let mut also = |part, name: &str| members.push(ChangedMember::set(part, name));
        self.escaped_claims.iter().for_each(|name| also(ChangedPart::Claim, name));
        match self.bulk {
            Some(super::Bulk::Scopes(_)) => also(ChangedPart::Claim, "scope"),
            Some(super::Bulk::Certificate(_)) => also(ChangedPart::Header, "x5c"),
            Some(_) => also(ChangedPart::Token, "payload"),
            None => {}
        }
        if self.payload.is_some() || self.encoding.is_some() || self.nested.is_some() {
            also(ChangedPart::Token, "payload");
        }
        if self.self_signed_certificate {
            also(ChangedPart::Header, "x5c");
        }
        match self.encrypted.map(|encryption| encryption.content) {
            Some(EncryptedContent::Claims) => also(ChangedPart::Token, "signature"),
            Some(_) => also(ChangedPart::Token, "serialisation"),
            None => {}
        }
        if self.algorithm.is_some() {
            also(ChangedPart::Header, "alg");
        }
        if self.algorithm.is_some() || self.key.is_some_and(|key| key != KeyChoice::Published) {
            also(ChangedPart::Header, "kid");
        }
        if let Some(signature) = &self.signature {
            also(ChangedPart::Token, "signature");
            if matches!(signature, SignatureDefect::Hmac(_)) {
                also(ChangedPart::Header, "alg");
            }
        }
        if !self.compact.is_empty() {
            also(ChangedPart::Token, "serialisation");
        }
        members
    }
}

fn describe_signature(signature: &SignatureDefect) -> String {
    match signature {
        SignatureDefect::Flipped => "one bit of the signature flipped".into(),
        SignatureDefect::Empty => "no signature".into(),
        SignatureDefect::Zeros => "a signature of zeros".into(),
        SignatureDefect::Truncated => "the signature's last byte cut off".into(),
        SignatureDefect::OfUnchangedClaims => {
            "the signature is the one of the claims before the change".into()
        }
        SignatureDefect::ZeroAndOne => "a signature with r = 0 and s = 1".into(),
        SignatureDefect::GroupOrder => "a signature whose r and s are the order of the group".into(),
        SignatureDefect::Der => "the signature in DER".into(),
        SignatureDefect::Hmac(hmac) => {
            let secret = match &hmac.secret {
                HmacSecret::PublicKeyPem => "the public key in PEM".to_owned(),
                HmacSecret::PublicKeyPemTrimmed => {
                    "the public key in PEM without its final newline".to_owned()
                }
                HmacSecret::PublicKeyDer => "the public key in DER".to_owned(),
                HmacSecret::PublicKeyJwk => "the public key as JWK".to_owned(),
                HmacSecret::Empty => "the empty key".to_owned(),
                HmacSecret::PublishedSymmetricKey => "a symmetric key of the IdP's JWK Set".to_owned(),
                HmacSecret::ClientSecret => "the client's secret".to_owned(),
                HmacSecret::Text(text) => format!("`{}`", clip(text, SHOWN)),
            };
            format!("{} keyed with {secret} in place of the signature", jws::hmac_name(hmac.algorithm))
        }
    }
}

fn describe_compact(defect: &CompactDefect) -> String {
    match defect {
        CompactDefect::WithoutSignatureSegment => "header and payload only, no last dot".into(),
        CompactDefect::WithoutHeaderSegment => "payload and signature only".into(),
        CompactDefect::TrailingDot => "a dot at the end".into(),
        CompactDefect::FourthSegment => "a fourth segment".into(),
        CompactDefect::SixSegments => "six segments".into(),
        CompactDefect::EmptyPayload => "an empty payload".into(),
        CompactDefect::PaddedSignature => "the signature's base64url padded with `=`".into(),
        CompactDefect::SignatureTrailingBits => {
            "the unused bits of the signature's last character set".into()
        }
        CompactDefect::NegatedS => "the second form of the same signature: n - s in place of s".into(),
        CompactDefect::StandardAlphabet => "the signature in base64 with `+` and `/`".into(),
        CompactDefect::CutPayload => "the payload cut so that it is no base64url".into(),
        CompactDefect::LeadingSpace => "a space in front".into(),
        CompactDefect::NewlineInPayload => "a line feed in the payload's base64url".into(),
        CompactDefect::FlattenedJson => "the flattened JSON serialisation".into(),
        CompactDefect::GeneralJson => "the general JSON serialisation".into(),
        CompactDefect::Replaced(text) => format!("the assertion is `{}`", clip(text, SHOWN)),
    }
}
