//! An exchange as HTTP messages: header fields in wire order, bodies indented where they are JSON.

use minijinja::Value;
use serde::Serialize;

use super::{
    json_text,
    markup::Code,
    token::{self, TokenPart},
};
use crate::report::{ChangedMember, ChangedPart, ExchangeReport, RequestReport, ResponseReport};

/// A message of so many bytes is shown in a box that scrolls.
const LONG: usize = 3000;

/// An exchange as it is shown.
#[derive(Debug, Serialize)]
pub(super) struct Exchange {
    number: usize,
    line: String,
    answer: String,
    elapsed_ms: u64,
    token: Vec<TokenPart>,
    request: Value,
    request_is_long: bool,
    response: Option<Value>,
    response_is_long: bool,
    truncated: bool,
    error: Option<String>,
    curl: String,
    curl_hints: Vec<String>,
}

/// An exchange, with what the case changes marked.
pub(super) fn exchange(number: usize, exchange: &ExchangeReport, changed: &[ChangedMember]) -> Exchange {
    let ExchangeReport { request, response, error, elapsed_ms, curl, curl_hints } = exchange;
    let assertion = token::assertion(request);
    Exchange {
        number,
        line: format!("{} {}", request.method, request.url),
        answer: response.as_ref().map_or_else(|| "no answer".to_owned(), |it| it.status.to_string()),
        elapsed_ms: *elapsed_ms,
        token: assertion.map(|text| token::parts(&text, changed)).unwrap_or_default(),
        request: request_code(request, changed),
        request_is_long: request.body.len() > LONG,
        response: response.as_ref().map(response_code),
        response_is_long: response.as_ref().is_some_and(|response| response.body.len() > LONG),
        truncated: response.as_ref().is_some_and(|response| response.body_truncated),
        error: error.clone(),
        curl: curl.clone(),
        curl_hints: curl_hints.clone(),
    }
}

fn request_code(request: &RequestReport, changed: &[ChangedMember]) -> Value {
    let of_request =
        |name: &str| changed.iter().any(|member| member.part == ChangedPart::Request && member.name == name);
    let mut code = Code::default();
    let line = format!("{} {}", request.method, request.url);
    mark_if(&mut code, of_request("method") || of_request("query"), &line);
    for (name, value) in &request.headers {
        code.text("\n");
        mark_if(&mut code, of_request(&name.to_ascii_lowercase()), &format!("{name}: {value}"));
    }
    if request.body.is_empty() {
        if of_request("body") {
            code.text("\n\n").removed("body");
        }
        return code.finish();
    }
    code.text("\n\n");
    let parameters: Vec<_> = changed
        .iter()
        .filter(|member| member.part == ChangedPart::Parameter)
        .map(|member| (member.name.as_str(), member.removed))
        .collect();
    if let Some(lines) = json_text::lines(&request.body) {
        json_text::write(&mut code, &lines, &parameters);
    } else if has_form(request) {
        form(&mut code, &request.body, &parameters);
    } else {
        code.text(&request.body);
    }
    code.finish()
}

fn response_code(response: &ResponseReport) -> Value {
    let mut code = Code::default();
    code.text(&format!("HTTP {}", response.status));
    for (name, value) in &response.headers {
        code.text(&format!("\n{name}: {value}"));
    }
    if !response.body.is_empty() {
        code.text("\n\n");
        match json_text::lines(&response.body) {
            Some(lines) => json_text::write(&mut code, &lines, &[]),
            None => {
                code.text(&response.body);
            }
        }
    }
    code.finish()
}

fn mark_if(code: &mut Code, changed: bool, text: &str) {
    if changed {
        code.changed(text, "", true);
    } else {
        code.text(text);
    }
}

fn has_form(request: &RequestReport) -> bool {
    request.headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("content-type")
            && value.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
    })
}

/// A form, one parameter a line; the line breaks are not in the body.
fn form(code: &mut Code, body: &str, marked: &[json_text::Marked<'_>]) {
    let mut present = Vec::new();
    for (index, parameter) in body.split('&').enumerate() {
        code.text(if index > 0 { "\n&" } else { "" });
        let name =
            url::form_urlencoded::parse(parameter.as_bytes()).next().map(|(name, _)| name.into_owned());
        mark_if(code, marked.iter().any(|(marked, _)| Some(*marked) == name.as_deref()), parameter);
        present.extend(name);
    }
    for (name, _) in marked.iter().filter(|(name, removed)| *removed && !present.iter().any(|it| it == name))
    {
        code.text("\n").removed(name);
    }
}
