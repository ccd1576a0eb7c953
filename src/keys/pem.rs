//! What people's PEM files look like: finding the key among other blocks, and naming what is there instead of one.
//! Parsing a key is `keys`' own business.

/// The block of the private key, where there are several: OpenSSL writes `EC PARAMETERS` in front of an EC key, and
/// many keep a certificate behind the key. Without a private key it is the text as given, so that the error names
/// what is there.
pub(super) fn private_key_block(pem: &str) -> &str {
    let labels = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];
    labels
        .iter()
        .find_map(|label| {
            let start = pem.find(&format!("-----BEGIN {label}-----"))?;
            let end_line = format!("-----END {label}-----");
            let end = start + pem[start..].find(&end_line)? + end_line.len();
            Some(&pem[start..end])
        })
        .unwrap_or_else(|| pem.trim_start())
}

/// Why no parser took this PKCS#8 key: people bring keys that are too small, or of a sibling type.
pub(super) fn refused_pkcs8(der: &[u8]) -> String {
    let Ok(info) = rsa::pkcs8::PrivateKeyInfoRef::try_from(der) else {
        return "the PKCS#8 key does not parse".into();
    };
    // The object identifiers of RFC 8017 appendix C, RFC 5480 section 2.1 and RFC 8410 section 3.
    match info.algorithm.oid.to_string().as_str() {
        "1.2.840.113549.1.1.1" => match rsa::pkcs1::RsaPrivateKeyRef::try_from(info.private_key.as_bytes()) {
            Ok(key) => {
                let bits = key.modulus.as_bytes().len() * 8;
                format!("the RSA key has {bits} bits, and 2048 to 8192 are taken (RFC 7518 section 3.3)")
            }
            Err(_) => "the RSA key does not parse".into(),
        },
        "1.2.840.113549.1.1.10" => {
            "the RSA key is restricted to PSS (id-RSASSA-PSS); a plain RSA key is needed".into()
        }
        "1.2.840.10045.2.1" => "the EC key is on another curve, or does not parse".into(),
        "1.3.101.110" | "1.3.101.111" => {
            "the key is for key agreement (X25519, X448), not for signatures".into()
        }
        "1.3.101.113" => "the key is an Ed448 key".into(),
        oid => format!("the key is of another type (object identifier {oid})"),
    }
}
