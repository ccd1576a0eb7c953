//! Files that only their owner may read, written whole or not at all. On Windows the user's own folders are private
//! already; there no mode is set.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::Path,
    process,
};

/// Makes a folder with mode 0700, and those above it that are missing.
pub(super) fn create_private_folder(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Writes a file with mode 0600: whoever reads it at the same time sees the old one, none, or the whole new one.
pub(super) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", process::id()));
    let temporary = path.with_file_name(name);
    let written = (|| {
        let mut file = private().truncate(true).create(true).open(&temporary)?;
        file.write_all(text.as_bytes())?;
        // Else a crash of the machine could leave the new name with an empty file.
        file.sync_all()?;
        fs::rename(&temporary, path)
    })();
    if written.is_err() {
        // Nothing more can be done about a temporary file that does not go away.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Takes the exclusive lock of a lock file, waiting for it; none where the file system has no locks.
pub(super) fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = private().truncate(false).create(true).open(path)?;
    match file.lock() {
        Ok(()) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(None),
        Err(error) => Err(error),
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A warning when others than the owner can read the file.
#[cfg(unix)]
pub(super) fn readable_by_others(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o066 != 0).then(|| {
        format!(
            "others than its owner can read or change the private key `{path}` (mode {mode:04o}): run `chmod 600 \
             {path}`, or delete it if somebody may have read it",
            path = path.display()
        )
    })
}

/// Files in the user's own folders are private.
#[cfg(not(unix))]
pub(super) fn readable_by_others(_: &Path) -> Option<String> {
    None
}
