//! Mistakes in a config file without the secrets in their lines: messages end up in logs.

use crate::problem::{Place, Problem, SourceText};

/// Options whose values are secrets, and those that may be taken for them.
const SECRETS: [&str; 7] = [
    "client-secret",
    "other-client-secret",
    "unauthorized-client-secret",
    "header",
    "client-secret-env",
    "other-client-secret-env",
    "unauthorized-client-secret-env",
];

/// The mistake without what stands in its line, where that is a secret: messages end up in logs.
pub(super) fn without_secrets(problem: Problem, source: &SourceText) -> Problem {
    let mut hidden = String::with_capacity(source.text.len());
    // The indentation of the secret's key, as long as its value goes on.
    let mut secret: Option<usize> = None;
    let mut in_secret_line = false;
    for (number, line) in source.text.split_inclusive('\n').enumerate() {
        let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
        let content = line[indentation..].trim_end();
        // What is indented more, and the items of a list, belong to the key above.
        let goes_on =
            |key: usize| indentation > key || content.is_empty() || content.starts_with(['-', '#', ']', '}']);
        secret = secret.filter(|key| goes_on(*key));
        let visible = match (secret, secret_value(line)) {
            (Some(_), _) => "",
            (None, Some(value)) => {
                secret = Some(indentation);
                &line[..value]
            }
            (None, None) => line,
        };
        in_secret_line |= secret.is_some() && number + 1 == problem.line();
        hidden.push_str(visible);
        // As long as it was, so that places stay right.
        hidden.extend(line[visible.len()..].bytes().map(|byte| match byte {
            b'\n' | b'\r' | b' ' => char::from(byte),
            _ => '*',
        }));
    }
    if !in_secret_line {
        return problem;
    }
    let (message, _) = problem.message.split_once(", found").unwrap_or((&problem.message, ""));
    let hidden = SourceText::new(source.name.clone(), hidden);
    let place = Place::new(&hidden, problem.place.span());
    Problem { place, message: message.to_owned(), also: Vec::new(), ..problem }
}

/// Where in a line the value of a secret begins: behind the colon of its key, wherever in the line that stands.
fn secret_value(line: &str) -> Option<usize> {
    let values = SECRETS.into_iter().flat_map(|key| {
        line.match_indices(key).filter_map(move |(at, _)| {
            let alone = line[..at].chars().next_back().is_none_or(|c| " \t{,\"'-".contains(c));
            let whole = !["other-", "unauthorized-"].iter().any(|word| line[..at].ends_with(word));
            let rest = line[at + key.len()..].trim_start_matches(['"', '\'']).trim_start();
            (alone && whole && rest.starts_with(':')).then(|| line.len() - rest.len() + 1)
        })
    });
    values.min()
}
