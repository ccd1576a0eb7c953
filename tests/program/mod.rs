//! The binary as a user runs it: in a working folder of its own, without the `JAGSPEC_…` of whoever runs the tests,
//! and with a bound after which it counts as hung.

#![allow(dead_code, reason = "each test file uses a part")]

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{OnceLock, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::folder::Folder;

/// No command of these tests takes so long, however busy the machine.
const HUNG: Duration = Duration::from_secs(40);

/// A call of the binary, made ready.
pub(crate) struct Program {
    pub(crate) folder: Folder,
    arguments: Vec<OsString>,
    input: Option<Vec<u8>>,
    variables: Vec<(OsString, OsString)>,
}

impl Program {
    /// A call with these arguments.
    pub(crate) fn new<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Self {
        let program =
            Self { folder: Folder::new(), arguments: Vec::new(), input: None, variables: Vec::new() };
        program.with(arguments).variable("XDG_STATE_HOME", state_folder())
    }

    pub(crate) fn with<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// The same with this on standard input.
    pub(crate) fn input(self, input: impl Into<Vec<u8>>) -> Self {
        Self { input: Some(input.into()), ..self }
    }

    /// The same with a file in the working folder.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.folder.file(name, content);
        self
    }

    pub(crate) fn start(&self) -> Started {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jagspec"));
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("JAGSPEC_") || ["COLUMNS", "NO_COLOR", "CLICOLOR_FORCE"].contains(&&*text) {
                command.env_remove(name);
            }
        }
        command
            .args(&self.arguments)
            .envs(self.variables.iter().cloned())
            .current_dir(self.folder.root())
            .stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        if let (Some(input), Some(mut stdin)) = (self.input.clone(), child.stdin.take()) {
            // A program that has read enough goes away.
            thread::spawn(move || stdin.write_all(&input));
        }
        Started::new(child)
    }

    pub(crate) fn run(&self) -> Finished {
        self.start().finish()
    }

    /// The file of the working folder as text.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path(name)).unwrap()
    }

    /// The JSON report that the call has written to `report.json`.
    pub(crate) fn report(&self) -> Value {
        serde_json::from_str(&self.read("report.json")).unwrap()
    }
}

/// A process that runs. It is killed when it is dropped.
pub(crate) struct Started {
    child: Child,
    lines: mpsc::Receiver<Vec<u8>>,
    errors: Option<JoinHandle<Vec<u8>>>,
    until: Instant,
    shown: Vec<u8>,
}

impl Started {
    fn new(mut child: Child) -> Self {
        let (out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            let mut out = BufReader::new(out);
            let mut line = Vec::new();
            while out.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                // The test may have seen enough.
                let _ = sender.send(std::mem::take(&mut line));
            }
        });
        let errors = thread::spawn(move || {
            let mut bytes = Vec::new();
            err.read_to_end(&mut bytes).unwrap();
            bytes
        });
        Self { child, lines, errors: Some(errors), until: Instant::now() + HUNG, shown: Vec::new() }
    }

    /// The next line of standard output; none at its end.
    fn next_line(&mut self) -> Option<Vec<u8>> {
        match self.lines.recv_timeout(self.until.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                self.shown.extend_from_slice(&line);
                Some(line)
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                panic!("it hangs; so far: {}", String::from_utf8_lossy(&self.shown))
            }
        }
    }

    /// What follows `label` in the line of standard output that begins with it.
    pub(crate) fn value(&mut self, label: &str) -> String {
        while let Some(line) = self.next_line() {
            let line = String::from_utf8(line).unwrap();
            if let Some(value) = line.strip_prefix(label) {
                return value.trim().to_owned();
            }
        }
        let errors = self.errors.take().unwrap().join().unwrap();
        panic!("no line `{label}…`: {}", String::from_utf8_lossy(&errors));
    }

    /// Ctrl-C.
    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        let kill = format!("kill -INT {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Ctrl-C until the process ends: signals that come close together count as one.
    #[cfg(unix)]
    pub(crate) fn interrupt_until_it_ends(&mut self) {
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < self.until, "it hangs");
            self.interrupt();
        }
    }

    pub(crate) fn finish(mut self) -> Finished {
        while self.next_line().is_some() {}
        let stderr = String::from_utf8(self.errors.take().unwrap().join().unwrap()).unwrap();
        let stdout = String::from_utf8(std::mem::take(&mut self.shown)).unwrap();
        let status = self.child.wait().unwrap().code();
        assert!(!stderr.contains("panicked"), "{stderr}");
        Finished { status: status.unwrap_or(-1), stdout, stderr }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It has ended by itself as a rule.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a process has said.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// The status, and words that must stand in the output, wherever lines are broken.
    #[track_caller]
    pub(crate) fn says(&self, status: i32, words: &[&str]) -> &Self {
        let all = format!("{}\n{}", self.stdout, self.stderr);
        assert_eq!(self.status, status, "{all}");
        let unfolded = all.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(unfolded.contains(word), "`{word}` is not in:\n{all}");
        }
        self
    }

    /// A wrong call: status 2, the words on standard error, nothing on standard output.
    #[track_caller]
    pub(crate) fn refuses(&self, words: &[&str]) {
        self.says(2, words);
        assert_eq!(self.stdout, "");
    }
}

/// A state folder with all the keys, so that no test waits for keys to be made.
pub(crate) fn state_folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("state");
        if !folder.exists() {
            // Made aside and moved, since other test files do the same at the same time.
            let aside = Folder::new();
            let keys = aside.path("state/jagspec/keys");
            fs::create_dir_all(&keys).unwrap();
            for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/keys")).unwrap() {
                let from = entry.unwrap().path();
                if from.extension().is_some_and(|extension| extension == "pem") {
                    let to = keys.join(from.file_name().unwrap());
                    fs::copy(&from, &to).unwrap();
                    private(&to);
                }
            }
            if fs::rename(aside.path("state"), &folder).is_err() {
                assert!(folder.exists());
            }
        }
        folder
    })
}

#[cfg(unix)]
fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn private(_: &Path) {}
