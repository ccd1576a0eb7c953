//! Texts as words of a POSIX shell's command line.

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

/// Words as a command line.
pub(crate) fn command(words: &[impl AsRef<str>]) -> String {
    words.iter().map(|word| quoted(word.as_ref())).collect::<Vec<_>>().join(" ")
}

/// The format operand of printf(1) that prints this text: control characters as octal escapes.
pub(super) fn printf_format(text: &str) -> String {
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
    #[cfg(unix)]
    #[test]
    fn a_shell_gives_back_every_text_as_it_was() {
        use super::{printf_format, quoted};

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
}
