//! Patterns of case names: `*` stands for any text, also for none and also across `::` and `/`.

/// Whether this is a pattern, not a name.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains('*')
}

/// Whether a name fits a name or pattern.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else { return pattern == name };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut left) = name.strip_prefix(begin).and_then(|left| left.strip_suffix(end)) else {
        return false;
    };
    // The first place that fits leaves most for the others.
    middle.split('*').all(|part| match left.split_once(part) {
        Some((_, behind)) => {
            left = behind;
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, name, expected) in [
            ("audience::other", "audience::other", true),
            ("audience::other", "audience::other-server", false),
            ("audience::*", "audience::second/last", true),
            ("audience::*", "client-audience::second", false),
            ("*::second", "audience::second", true),
            ("*::second", "audience::second/last", false),
            ("*", "audience::second", true),
            ("**", "audience::second", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c", false),
            ("a*bc*c", "abc", false),
            ("aa*aa", "aaa", false),
            ("a*a", "a", false),
            ("*b*b*", "abab", true),
            ("*b*b*", "aba", false),
            ("a::*/ä*", "a::b/äö", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
