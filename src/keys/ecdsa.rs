//! What can be said and done with ECDSA signatures in the form of RFC 7518 section 3.4: r and s, each at the full
//! length of the curve.

use super::KeyType;

/// The order of a curve's group, big-endian (SEC 2 sections 2.4.2 and 2.5.1).
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
const P384_ORDER: [u8; 48] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a,
    0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];

/// The order of the group in which keys of this type sign; none where they do not sign with ECDSA.
pub fn order(key_type: KeyType) -> Option<&'static [u8]> {
    match key_type {
        KeyType::P256 => Some(&P256_ORDER),
        KeyType::P384 => Some(&P384_ORDER),
        KeyType::Rsa | KeyType::Ed25519 => None,
    }
}

/// The second signature that is as valid as the first: s replaced by n − s. None where this is no signature of the
/// curve.
pub fn with_negated_s(signature: &[u8], key_type: KeyType) -> Option<Vec<u8>> {
    let order = order(key_type)?;
    let (r, s) = signature.split_at_checked(order.len()).filter(|(_, s)| s.len() == order.len())?;
    let mut difference = vec![0; order.len()];
    let mut borrow = false;
    for ((digit, n), s) in difference.iter_mut().zip(order).zip(s).rev() {
        let (once, first) = n.overflowing_sub(*s);
        let (twice, second) = once.overflowing_sub(u8::from(borrow));
        *digit = twice;
        borrow = first || second;
    }
    // A borrow that is left over: s is greater than n, so that it was no signature.
    (!borrow).then(|| [r, &difference].concat())
}

/// The DER form of a signature (RFC 3279 section 2.2.3), which X.509 has and JOSE has not.
pub fn to_der(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    let integers = [integer(r), integer(s)].concat();
    // At most 2 · 51 bytes: the short form of a length always does.
    [&[0x30, short(integers.len())], integers.as_slice()].concat()
}

/// An unsigned number as a DER INTEGER: no needless zero in front, one where the first bit would be a sign.
fn integer(number: &[u8]) -> Vec<u8> {
    let first = number.iter().position(|byte| *byte != 0).unwrap_or(number.len().saturating_sub(1));
    let digits = &number[first..];
    let sign: &[u8] = if digits.first().is_some_and(|byte| *byte >= 0x80) { &[0] } else { &[] };
    [&[0x02, short(sign.len() + digits.len())], sign, digits].concat()
}

fn short(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_is_negated_in_the_group() {
        let mut one = [0; 64];
        one[63] = 1;
        let negated = with_negated_s(&one, KeyType::P256).unwrap();
        let mut expected = P256_ORDER;
        expected[31] -= 1;
        assert_eq!(negated[32..], expected);
        assert_eq!(with_negated_s(&negated, KeyType::P256).unwrap(), one);
        // Through every digit: n - n is 0, and more than n is no s.
        let order = [[0; 32], P256_ORDER].concat();
        assert_eq!(with_negated_s(&order, KeyType::P256).unwrap(), [0; 64]);
        assert_eq!(with_negated_s(&[0xff; 64], KeyType::P256), None);
        assert_eq!(with_negated_s(&[1; 64], KeyType::P384), None);
        assert_eq!(with_negated_s(&[1; 64], KeyType::Ed25519), None);
    }

    #[test]
    fn numbers_are_written_as_der_wants_them() {
        let mut signature = [0; 64];
        signature[31] = 0x80;
        assert_eq!(to_der(&signature), [0x30, 7, 0x02, 2, 0x00, 0x80, 0x02, 1, 0x00]);
        assert_eq!(to_der(&[0xff; 96])[..6], [0x30, 102, 0x02, 49, 0x00, 0xff]);
    }
}
