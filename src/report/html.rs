//! The HTML report: one file that holds all it needs and asks for nothing. It is read without a script too, which
//! only filters, opens and copies.
//!
//! The page is a template (`html/report.html`); what it shows is prepared in `html/view.rs`. Every text that the
//! template writes is made harmless and escaped by the formatter, so that no place can forget it, and the page's
//! Content-Security-Policy allows this style and this script alone, by their hashes.

mod cases;
mod http;
mod json_text;
mod markup;
#[cfg(test)]
mod tests;
mod token;
mod view;

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use minijinja::{
    Environment, Error, UndefinedBehavior, Value, context, escape_formatter, syntax::SyntaxConfig,
};

use super::Report;
use crate::suite::registry::Registry;

const TEMPLATE: &str = include_str!("html/report.html");
const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// The HTML report.
///
/// # Errors
///
/// None with the template as it is; minijinja reports what a wrong name in it would cause.
pub fn render(report: &Report, registry: &Registry) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()?;
    environment.set_syntax(syntax);
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => out.write_str(&markup::escape(text)).map_err(Error::from),
        _ => escape_formatter(out, state, value),
    });
    environment.add_filter("prose", markup::prose);
    environment.add_template("report.html", TEMPLATE)?;

    let (style, script) = (inline(STYLE), inline(SCRIPT));
    environment.get_template("report.html")?.render(context! {
        policy => policy(&style, &script),
        style => Value::from_safe_string(style),
        script => Value::from_safe_string(script),
        page => view::page(report, registry),
    })
}

/// A text as the browser hashes it: HTML knows no carriage return before a line feed, a checkout on Windows does.
fn inline(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// What the page may load: this style, this script, and the empty icon that keeps a browser from asking for one.
fn policy(style: &str, script: &str) -> String {
    let hash = |text: &str| STANDARD.encode(digest::digest(&digest::SHA256, text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; \
         form-action 'none'",
        hash(style),
        hash(script)
    )
}
