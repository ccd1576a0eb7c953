//! A request as a command line: what a reader pastes into a shell to see the same answer. Nothing is redacted here;
//! the redactor goes over the line as over the rest of the report.

use super::RequestReport;

/// Header fields that curl writes itself, or that would be wrong once the line is edited.
const OWN_HEADERS: [&str; 2] = ["content-length", "host"];

/// One line for a POSIX shell that sends the same request. Whatever the method, URL, header fields and body hold,
/// the shell takes it as text: nothing in it is expanded, and no control character stands in the line itself.
///
/// A NUL can be sent in a body only; no command line can carry one.
pub fn curl(request: &RequestReport) -> String {
    let mut words = vec!["curl".to_owned(), "-i".to_owned()];
    if request.method.eq_ignore_ascii_case("HEAD") {
        // `-X HEAD` waits for a body that never comes.
        words.push("--head".to_owned());
    } else {
        words.extend(["-X".to_owned(), quoted(&request.method)]);
    }
    if request.url.contains(['[', ']', '{', '}']) {
        words.push("--globoff".to_owned());
    }
    if ["/./", "/../"].iter().any(|dots| format!("{}/", request.url).contains(dots)) {
        words.push("--path-as-is".to_owned());
    }
    words.extend(["--url".to_owned(), quoted(&request.url)]);

    for (name, value) in &request.headers {
        let own = OWN_HEADERS.iter().any(|own| name.eq_ignore_ascii_case(own));
        if own || (name.eq_ignore_ascii_case("accept") && value == "*/*") {
            continue;
        }
        // To curl `NAME:` means "without this header", `NAME;` is one with an empty value.
        let field = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        words.extend(["-H".to_owned(), quoted(&field)]);
    }

    let has_type = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let sends_body = !request.body.is_empty() || request.method.eq_ignore_ascii_case("POST");
    if sends_body && !has_type {
        // With data and no type curl would add the type of a form.
        words.extend(["-H".to_owned(), quoted("Content-Type:")]);
    }
    if !sends_body {
        return words.join(" ");
    }
    if request.body.contains(char::is_control) {
        words.extend(["--data-binary".to_owned(), "@-".to_owned()]);
        return format!("printf {} | {}", printf_format(&request.body), words.join(" "));
    }
    // --data-raw, as --data would read a file where the body begins with `@`.
    words.extend(["--data-raw".to_owned(), quoted(&request.body)]);
    words.join(" ")
}

/// A word of a shell's command line. Inside single quotes a POSIX shell changes nothing (XCU 2.2.2).
pub(crate) fn quoted(text: &str) -> String {
    if text.contains(char::is_control) {
        return format!("\"$(printf {})\"", printf_format(text));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The format operand of printf(1) that prints this text: control characters as octal escapes.
fn printf_format(text: &str) -> String {
    let mut format = String::from("'");
    for (index, c) in text.chars().enumerate() {
        match c {
            // Else printf would look for an option.
            '-' if index == 0 => format.push_str("\\055"),
            '\'' => format.push_str(r"'\''"),
            '\\' => format.push_str(r"\\"),
            '%' => format.push_str("%%"),
            c if c.is_control() => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    format.push_str(&format!("\\{byte:03o}"));
                }
            }
            c => format.push(c),
        }
    }
    format.push('\'');
    format
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> RequestReport {
        RequestReport {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            body: body.to_owned(),
        }
    }

    #[test]
    fn a_token_request_is_one_line_without_what_curl_adds() {
        let line = curl(&request(
            "POST",
            "https://as.example/token",
            &[
                ("host", "as.example"),
                ("accept", "*/*"),
                ("content-type", "application/x-www-form-urlencoded"),
                ("content-length", "25"),
                ("authorization", "Basic YTpi"),
            ],
            "grant_type=x&assertion=y",
        ));
        assert_eq!(
            line,
            "curl -i -X POST --url https://as.example/token \
             -H 'content-type: application/x-www-form-urlencoded' \
             -H 'authorization: Basic YTpi' --data-raw 'grant_type=x&assertion=y'"
        );
    }

    #[test]
    fn a_get_has_no_body_and_a_post_without_type_gets_none() {
        assert_eq!(curl(&request("GET", "https://as.example/a?b=c", &[], "")), {
            "curl -i -X GET --url 'https://as.example/a?b=c'"
        });
        assert_eq!(curl(&request("POST", "https://as.example/t", &[("x-empty", "")], "")), {
            "curl -i -X POST --url https://as.example/t -H 'x-empty;' -H Content-Type: --data-raw ''"
        });
    }

    #[test]
    fn curl_itself_changes_nothing_of_the_url() {
        assert_eq!(curl(&request("HEAD", "http://[::1]:80/a/../b", &[], "")), {
            "curl -i --head --globoff --path-as-is --url 'http://[::1]:80/a/../b'"
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_gives_back_every_text_as_it_was() {
        let hostile = [
            "plain",
            "",
            "it's",
            "'; rm -rf / #",
            "$(id) `id` $HOME \\ \" ! * ? ~ & | < > ; %s %",
            "two\nlines\r\n\tand a tab",
            "\x1b[31mred\u{9b}0m",
            "-n",
            "@/etc/passwd",
            "ünï 日本",
        ];
        for text in hostile {
            let script = format!("printf '%s|' {}", quoted(text));
            assert!(!script.contains(char::is_control), "{script:?}");
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{text}|"));

            let script = format!("printf {}", printf_format(text));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
        }
    }

    #[test]
    fn a_body_with_control_characters_goes_through_a_pipe() {
        assert_eq!(curl(&request("POST", "https://as.example/t", &[("content-type", "a/b")], "a\0b%\n")), {
            r"printf 'a\000b%%\012' | curl -i -X POST --url https://as.example/t -H 'content-type: a/b' --data-binary @-"
        });
    }
}
