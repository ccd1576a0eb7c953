//! Parts of documents that are made from the program: `<!-- generated: NAME -->` … `<!-- end -->`. A test compares
//! them; with UPDATE_DOCS=1 it writes them anew.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on may panic")]

pub(crate) mod tables;

use std::{
    env, fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

/// Tests of one file run at once and write one document.
static WRITING: Mutex<()> = Mutex::new(());

/// The text of a document of the repository.
pub(crate) fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Whether documents are to be written anew.
pub(crate) fn updating() -> bool {
    env::var_os("UPDATE_DOCS").is_some()
}

/// Replaces `old` by `new` in a document.
pub(crate) fn replace(name: &str, old: &str, new: &str) {
    let _one_at_a_time = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let text = document(name);
    assert_eq!(text.matches(old).count(), 1, "{name} holds this once:\n{old}");
    fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(name), text.replacen(old, new, 1)).unwrap();
}

/// Fails when the part of this name is not `fresh`.
pub(crate) fn assert_current(name: &str, part: &str, fresh: &str) {
    let text = document(name);
    let begin = format!("<!-- generated: {part} -->\n");
    let (_, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{name} has no line {begin}"));
    let (old, _) = rest.split_once("<!-- end -->").unwrap_or_else(|| panic!("{name}: {part} has no end"));
    let fresh = format!("\n{}\n\n", fresh.trim_matches('\n'));
    if updating() && old != fresh {
        replace(name, &format!("{begin}{old}"), &format!("{begin}{fresh}"));
    } else {
        assert!(
            old == fresh,
            "{name}, {part}: stale; UPDATE_DOCS=1 with the same test writes it anew (CONTRIBUTING.md)"
        );
    }
}
