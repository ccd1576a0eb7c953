//! The JSON Schema of a suite file, for editors, made from the types of `file`.

use super::file::SuiteFile;

/// The JSON Schema (draft 2020-12) of a suite file, indented, with a line break at the end. It is checked in as
/// `schemas/suite.schema.json`; `UPDATE_SCHEMAS=1 cargo test --test suite_files` writes it anew.
pub fn suite_schema() -> String {
    let mut schema = schemars::generate::SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<SuiteFile>();
    schema.insert("title".to_owned(), "A suite file of jagspec".into());
    format!("{:#}\n", schema.to_value())
}
