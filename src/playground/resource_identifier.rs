//! Resource identifiers (RFC 8707 section 2): absolute URIs without a fragment, compared after the normalisation of
//! RFC 3986 section 6.2.2. `url::Url` is no help: it adds and drops slashes and ports, which that section does not.

/// The normal form of a resource identifier; none when the text is none.
pub(super) fn normalised(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':')?;
    let mut letters = scheme.bytes();
    let is_scheme = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !is_scheme || rest.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
        return None;
    }
    let rest = percent_normalised(rest)?;
    let (before_query, query) = match rest.split_once('?') {
        Some((before, query)) => (before.to_owned(), Some(query.to_owned())),
        None => (rest, None),
    };
    let hierarchical = match before_query.strip_prefix("//") {
        Some(after) => {
            let (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
            // User information keeps its case; a host has none.
            let (user, host) = match authority.rsplit_once('@') {
                Some((user, host)) => (format!("{user}@"), host),
                None => (String::new(), authority),
            };
            if host.is_empty() {
                return None;
            }
            format!("//{user}{}{}", host.to_ascii_lowercase(), without_dot_segments(path))
        }
        None => before_query,
    };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{}:{hierarchical}{query}", scheme.to_ascii_lowercase()))
}

/// Sections 6.2.2.1 and 6.2.2.2: upper-case hexadecimal digits; unreserved characters are not encoded.
fn percent_normalised(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let digits = after.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        let byte = u8::from_str_radix(digits, 16).ok()?;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&digits.to_ascii_uppercase());
        }
        rest = &after[2..];
    }
    out.push_str(rest);
    Some(out)
}

/// Section 5.2.4, for a path that begins with a slash.
fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    for (index, segment) in segments.iter().enumerate() {
        let is_last = index + 1 == segments.len();
        match *segment {
            "." | ".." => {
                if *segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    kept.iter().map(|segment| format!("/{segment}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_under_section_6_2_2() {
        for text in [
            "https://todos.example/api",
            "HTTPS://Todos.Example/api",
            "https://todos.example/x/../api",
            "https://todos.example/./%61pi",
        ] {
            assert_eq!(normalised(text).as_deref(), Some("https://todos.example/api"), "{text}");
        }
        assert_eq!(normalised("https://a.example/%7eb%2f").as_deref(), Some("https://a.example/~b%2F"));
        assert_eq!(normalised("urn:example:API").as_deref(), Some("urn:example:API"));
        assert_eq!(normalised("https://a.example?q=/../X").as_deref(), Some("https://a.example?q=/../X"));
    }

    #[test]
    fn different_under_section_6_2_2() {
        for text in
            ["https://todos.example/api/", "https://todos.example:443/api", "https://todos.example/API"]
        {
            assert_ne!(normalised(text).as_deref(), Some("https://todos.example/api"), "{text}");
        }
    }

    #[test]
    fn no_resource_identifier() {
        for text in [
            "",
            "foo",
            "/api",
            "https:",
            "https://",
            "https:///x",
            "a b:c",
            "https://a.example/#x",
            "https://a/%4",
        ] {
            assert_eq!(normalised(text), None, "{text}");
        }
    }
}
