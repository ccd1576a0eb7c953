//! What each part of a request becomes on the command line, and what never stands there.

use super::*;

fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> RequestReport {
    RequestReport {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        body: body.to_owned(),
    }
}

fn plain(request: &RequestReport) -> String {
    curl(request, &[], &StandIns::default()).text
}

const ID_JAG: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln";
const MINT: &str = "jagspec mint --case 'a::b'";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn minted(source: Source) -> StandIns<'static> {
    StandIns { id_jag: Some((ID_JAG, source)), secrets: vec![("s3cr3t", "SECRET"), ("a b%", "OTHER")] }
}

fn made() -> StandIns<'static> {
    minted(Source::Command(MINT.to_owned()))
}

#[test]
fn a_token_request_is_one_line_without_what_curl_adds() {
    let line = plain(&request(
        "POST",
        "https://as.example/token",
        &[
            ("host", "as.example"),
            ("accept", "*/*"),
            FORM,
            ("content-length", "25"),
            ("authorization", "Basic YTpi"),
        ],
        "grant_type=urn%3Ax&assertion=y",
    ));
    assert_eq!(
        line,
        "curl -i -X POST --url https://as.example/token -H 'Content-Type: application/x-www-form-urlencoded' -u a:b \
         --data-urlencode 'grant_type=urn:x' --data-urlencode 'assertion=y'"
    );
}

#[test]
fn a_get_has_no_body_and_a_post_without_type_gets_none() {
    assert_eq!(plain(&request("GET", "https://as.example/a?b=c", &[], "")), {
        "curl -i -X GET --url 'https://as.example/a?b=c'"
    });
    assert_eq!(plain(&request("POST", "https://as.example/t", &[("x-empty", "")], "")), {
        "curl -i -X POST --url https://as.example/t -H 'x-empty;' -H Content-Type: --data-raw ''"
    });
}

#[test]
fn curl_itself_changes_nothing_of_the_url() {
    assert_eq!(plain(&request("HEAD", "http://[::1]:80/a/../b", &[], "")), {
        "curl -i --head --globoff --path-as-is --url 'http://[::1]:80/a/../b'"
    });
}

#[test]
fn a_host_that_the_url_does_not_name_is_sent() {
    let line = |host| plain(&request("GET", "https://as.example:8443/a", &[("Host", host)], ""));
    assert_eq!(line("as.example:8443"), "curl -i -X GET --url https://as.example:8443/a");
    assert_eq!(
        line("other.example"),
        "curl -i -X GET --url https://as.example:8443/a -H 'Host: other.example'"
    );
}

#[test]
fn a_body_with_control_characters_goes_through_a_pipe() {
    assert_eq!(plain(&request("POST", "https://as.example/t", &[("content-type", "a/b")], "a\0b%\n")), {
        r"printf 'a\000b%%\012' | curl -i -X POST --url https://as.example/t -H 'content-type: a/b' --data-binary @-"
    });
}

#[test]
fn what_curl_would_encode_otherwise_stands_there_encoded() {
    let line = plain(&request("POST", "https://a/", &[FORM], "a=b+c&d=%7E*&=e&f=%0A&%40g=%40h"));
    assert!(
        line.ends_with(
            "--data-raw 'a=b+c' --data-raw 'd=%7E*' --data-raw '=e' --data-raw 'f=%0A' --data-urlencode '%40g=@h'"
        ),
        "{line}"
    );
    // Written otherwise than this program writes forms: sent as it is.
    for body in ["a=b%20c", "a", "a=%7e", "{\"a\":1}"] {
        let line = plain(&request("POST", "https://a/", &[FORM], body));
        assert!(line.ends_with(&format!("--data-raw {}", quoted(body))), "{line}");
    }
}

#[test]
fn a_command_makes_the_id_jag() {
    let body = format!("grant_type=x&assertion={ID_JAG}");
    let line = curl(&request("POST", "https://a/", &[FORM], &body), &[], &made());
    assert!(
        line.text.ends_with(r#"--data-urlencode "assertion=$(jagspec mint --case 'a::b')""#),
        "{}",
        line.text
    );
    assert_eq!((line.id_jags, line.keeps_id_jag), (1, false));
    // Elsewhere than in its parameter, and in a text of another form.
    for (url, headers, body) in [
        (format!("https://a/?assertion={ID_JAG}"), vec![FORM], String::new()),
        ("https://a/".to_owned(), vec![("Authorization", "Bearer ID_JAG")], String::new()),
        ("https://a/".to_owned(), vec![], format!("{{\"assertion\":\"{ID_JAG}\"}}")),
        ("https://a/".to_owned(), vec![FORM], format!("client_assertion={ID_JAG}")),
    ] {
        let headers: Vec<_> = headers.into_iter().map(|(n, v)| (n, v.replace("ID_JAG", ID_JAG))).collect();
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let line = curl(&request("POST", &url, &headers, &body), &[], &made());
        assert!(line.text.contains(r#""$(jagspec mint --case 'a::b')""#), "{}", line.text);
        assert!(!line.text.contains(ID_JAG), "{}", line.text);
    }
}

#[test]
fn one_that_is_used_twice_is_made_once() {
    let body = format!("assertion={ID_JAG}&assertion={ID_JAG}");
    let line = curl(&request("POST", "https://a/", &[FORM], &body), &[], &made()).text;
    assert!(line.starts_with("id_jag=$(jagspec mint --case 'a::b') && curl "), "{line}");
    assert_eq!(line.matches("\"assertion=$id_jag\"").count(), 2, "{line}");

    let once = request("POST", "https://a/", &[FORM], &format!("assertion={ID_JAG}"));
    let line = curl(&once, &[], &minted(Source::Kept(MINT.into()))).text;
    assert!(line.starts_with("id_jag=$(") && line.contains("\"assertion=$id_jag\""), "{line}");
    let line = curl(&once, &[], &minted(Source::Earlier)).text;
    assert!(line.starts_with("curl ") && line.contains("\"assertion=${id_jag:?"), "{line}");
    let without = request("POST", "https://a/", &[FORM], "grant_type=x");
    assert!(curl(&without, &[], &minted(Source::Kept(MINT.into()))).text.starts_with("curl "));
}

#[test]
fn a_text_that_is_no_token_is_replaced_in_its_parameter_only() {
    let stand_ins = StandIns { id_jag: Some(("x", Source::Command(MINT.into()))), secrets: Vec::new() };
    let line = curl(&request("POST", "https://ax/x", &[FORM], "grant_type=x&assertion=x"), &[], &stand_ins);
    assert!(
        line.text.contains("--data-urlencode 'grant_type=x' --data-urlencode \"assertion=$("),
        "{}",
        line.text
    );
    assert_eq!((line.id_jags, line.keeps_id_jag), (1, false));
}

#[test]
fn one_that_no_command_can_hand_over_stays_and_that_is_said() {
    let id_jag = format!("{ID_JAG}\n");
    let stand_ins = StandIns { id_jag: Some((&id_jag, Source::Command(MINT.into()))), secrets: Vec::new() };
    let line =
        curl(&request("POST", "https://a/", &[FORM], &format!("assertion={ID_JAG}%0A")), &[], &stand_ins);
    assert!(line.keeps_id_jag && !line.text.contains("jagspec"), "{}", line.text);
}

#[test]
fn secrets_are_read_from_the_environment() {
    let basic = |credentials: &str| format!("Basic {}", B64.encode(credentials));
    for (credentials, words, encodes) in [
        ("id:s3cr3t", "-u id:\"$SECRET\"", false),
        ("id:s3cr3", "-u id:\"${SECRET%?}\"", false),
        ("id:wrong", "-u id:wrong", false),
        ("id:", "-u id:", false),
        (":", "-u :", false),
        ("i%3Ad:a+b%25", "-u i%3Ad:\"$(printf %s \"$OTHER\" | od -An -v -tx1 | ", true),
    ] {
        let headers = [("Authorization", basic(credentials))];
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let line = curl(&request("POST", "https://a/", &headers, "a=b"), &[], &made());
        assert!(line.text.contains(&format!(" {words}")), "{}", line.text);
        assert_eq!(line.encodes, encodes, "{}", line.text);
    }
    // What curl would not write so stays a header field.
    for value in ["Basic", "Basic %%%", "Basic bm9jb2xvbg==", "Bearer x", "basic YTpi"] {
        let line = plain(&request("POST", "https://a/", &[("Authorization", value)], "a=b"));
        assert!(line.contains(&format!("-H 'Authorization: {value}'")), "{line}");
    }
    let body = "client_id=id&client_secret=a+b%25";
    let line = curl(&request("POST", "https://a/?client_secret=s3cr3t&x=1", &[FORM], body), &[], &made());
    assert!(line.text.contains("--url 'https://a/?client_secret='\"$SECRET\"'&x=1'"), "{}", line.text);
    assert!(line.text.ends_with("--data-urlencode 'client_secret='\"$OTHER\""), "{}", line.text);
    let line_of_another = plain(&request("POST", "https://a/", &[FORM], "client_secret=wr%26ong"));
    assert!(line_of_another.ends_with("--data-raw 'client_secret=''wr%26ong'"), "{line_of_another}");
    assert_eq!(line.variables.into_iter().collect::<Vec<_>>(), ["OTHER", "SECRET"]);
}

#[cfg(unix)]
#[test]
fn a_shell_puts_the_stand_ins_where_they_belong() {
    let body = format!("assertion={ID_JAG}&assertion={ID_JAG}&client_secret=a+b%25");
    let headers = [FORM, ("Authorization", "Basic aWQ6YStiJTI1")];
    let line = curl(&request("POST", "https://a/?x='", &headers, &body), &[], &made());
    let script =
        format!("curl() {{ printf '<%s>' \"$@\"; }}; jagspec() {{ printf '%s\\n' \"$3\"; }}; {}", line.text);
    let output =
        std::process::Command::new("sh").args(["-c", &script]).env("OTHER", "a b%").output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "<-i><-X><POST><--url><https://a/?x='><-H><Content-Type: application/x-www-form-urlencoded><-u>\
         <id:%61%20%62%25><--data-urlencode><assertion=a::b><--data-urlencode><assertion=a::b>\
         <--data-urlencode><client_secret=a b%>"
    );
}
