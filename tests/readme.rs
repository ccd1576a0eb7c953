//! The README holds: each of its commands is executed by a shell, with the exit status and the output that it
//! documents; its option, suite and run tables are the program's own. So are the commands of docs/baseline.md.
//!
//! How it is read: a fence is a reader's terminal, with a folder, a state folder and ports of its own. A line that
//! begins with `$ ` is a command, the lines below it are its output, `…` stands for lines that are left out. A comment
//! that ends in `exit N` is the exit status; it is 0 without. `excerpt=NAME` behind `console` makes the output that
//! excerpt, which UPDATE_DOCS=1 writes anew. A ```yaml fence whose first line is `# NAME.yaml` is that file.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

mod folder;
mod generated;

use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicU16, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use clap::{CommandFactory as _, Parser as _, error::ErrorKind};
use folder::Folder;
use generated::{assert_current, document};
use jagspec::{
    cli::Cli,
    suite::{load, registry::Registry},
};

const README: &str = "README.md";
/// The documents whose commands are executed.
const DOCUMENTS: [&str; 2] = [README, "docs/baseline.md"];
const JAGSPEC: &str = env!("CARGO_BIN_EXE_jagspec");

/// Addresses of the README and what they stand for.
const IDP: &str = "127.0.0.1:9555";
const TARGET: &str = "127.0.0.1:9556";
/// The host's name within a container, and a tunnel's public address: other names of this machine.
const CONTAINER: &str = "http://host.docker.internal:9555";
const TUNNEL: &str = "https://idp-tunnel.example";
/// Where the files of `idp export` are hosted.
const HOSTING: &str = "https://idp-files.example";

/// No command takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

// The README as blocks and commands

/// A fence.
struct Block {
    document: &'static str,
    line: usize,
    info: String,
    text: String,
}

impl Block {
    fn excerpt(&self) -> Option<&str> {
        self.info.split_whitespace().find_map(|word| word.strip_prefix("excerpt="))
    }
}

fn blocks(document: &'static str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (at, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some(Block { document, line: at + 1, info: info.to_owned(), text: String::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence of {document} is not closed");
    blocks
}

/// A command and its documented output.
#[derive(Debug)]
struct Step {
    command: String,
    output: Vec<String>,
}

impl Step {
    fn exit_status(&self) -> i32 {
        let comment = self.command.rsplit_once('#').map_or("", |(_, comment)| comment).trim_end();
        comment.rsplit_once("exit ").and_then(|(_, status)| status.parse().ok()).unwrap_or(0)
    }

    /// Serves until it is interrupted.
    fn serves(&self) -> bool {
        let words = |phrase: &str| self.command.contains(phrase);
        (words(" playground") && !words("--list-faults")) || words(" idp serve")
    }

    fn is_playground(&self) -> bool {
        self.serves() && self.command.contains(" playground")
    }
}

fn steps(block: &Block) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut goes_on = false;
    for line in block.text.lines() {
        if goes_on {
            let last = steps.last_mut().unwrap();
            last.command.push('\n');
            last.command.push_str(line);
        } else if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { command: command.to_owned(), output: Vec::new() });
        } else {
            let last = steps.last_mut();
            last.unwrap_or_else(|| panic!("{}:{}: output before a command", block.document, block.line))
                .output
                .push(line.to_owned());
            continue;
        }
        goes_on = line.ends_with('\\');
    }
    steps
}

fn command_blocks(document: &'static str, text: &str) -> Vec<Block> {
    let is_terminal = |block: &Block| block.info.starts_with("console") || block.info == "sh";
    blocks(document, text).into_iter().filter(is_terminal).collect()
}

/// The files that a document shows, by name.
fn files(document: &'static str, text: &str) -> BTreeMap<String, String> {
    let named = |block: Block| {
        let name = block.text.lines().next()?.strip_prefix("# ")?.to_owned();
        name.ends_with(".yaml").then_some((name, block.text))
    };
    blocks(document, text).into_iter().filter(|block| block.info == "yaml").filter_map(named).collect()
}

// A reader's terminal

/// A port that nobody has, below those that the system gives out by itself.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = u16::try_from(process::id() % 500).unwrap() * 20;
    for _ in 0..1000 {
        let port = 20_000 + (begin + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if TcpListener::bind(("0.0.0.0", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}

/// A process that is stopped at the end.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Terminal {
    folder: Folder,
    idp_port: u16,
    files_port: u16,
    target_port: Option<u16>,
    /// Whether a command of it speaks with a target or serves: then the IdP's port is given to it.
    is_alone: bool,
    servers: Vec<Server>,
}

impl Terminal {
    fn new(block: &Block, files: &BTreeMap<String, String>) -> Self {
        let folder = Folder::new();
        let commands: String = steps(block).into_iter().map(|step| step.command + "\n").collect();
        let mut terminal = Terminal {
            folder,
            idp_port: free_port(),
            files_port: free_port(),
            target_port: None,
            is_alone: true,
            servers: Vec::new(),
        };
        let shown: Vec<_> = files.iter().filter(|(name, _)| commands.contains(name.as_str())).collect();
        let speaks_with_a_target =
            commands.contains(TARGET) || shown.iter().any(|(_, text)| text.contains(TARGET));
        terminal.is_alone =
            !speaks_with_a_target && !commands.contains(" idp ") && !commands.contains("doctor");
        if speaks_with_a_target && !steps(block).iter().any(Step::is_playground) {
            terminal.start_playground("jagspec playground", &commands);
        }
        for (name, text) in shown {
            terminal.folder.file(name, terminal.here(text));
        }
        terminal.shims();
        if commands.contains("idp export ") {
            terminal.host_files();
        }
        terminal
    }

    /// `cargo run` and `jagspec` as a reader has them.
    fn shims(&self) {
        let bin = self.folder.path("bin");
        fs::create_dir_all(&bin).unwrap();
        let cargo = format!(
            "#!/bin/sh\n[ \"$1\" = run ] || {{ echo \"not in this test: cargo $*\" >&2; exit 99; }}\nshift\n\
             [ \"$1\" = -- ] && shift\nexec '{JAGSPEC}' \"$@\"\n"
        );
        for (name, text) in [("cargo", cargo), ("jagspec", format!("#!/bin/sh\nexec '{JAGSPEC}' \"$@\"\n"))] {
            fs::write(bin.join(name), text).unwrap();
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    /// The README's addresses as they are here.
    fn here(&self, text: &str) -> String {
        let idp = self.idp_port;
        let mut text = text
            .replace(CONTAINER, &format!("http://localhost:{idp}"))
            .replace(TUNNEL, &format!("http://localhost:{idp}"))
            .replace(HOSTING, &format!("http://127.0.0.1:{}", self.files_port))
            .replace(":9555", &format!(":{idp}"));
        if let Some(port) = self.target_port {
            text = text.replace(TARGET, &format!("127.0.0.1:{port}"));
        }
        text
    }

    /// The output as in the README.
    fn there(&self, text: &str) -> String {
        let text = text.replace(&format!("127.0.0.1:{}", self.idp_port), IDP);
        match self.target_port {
            Some(port) => text.replace(&format!("127.0.0.1:{port}"), TARGET),
            None => text,
        }
    }

    fn shell(&self, command: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(self.folder.root()).stdin(Stdio::null());
        shell.stdout(Stdio::piped()).stderr(Stdio::piped());
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("JAGSPEC_")) {
            shell.env_remove(name);
        }
        let path = format!("{}:{}", self.folder.path("bin").display(), env::var("PATH").unwrap_or_default());
        shell.env("PATH", path).env("XDG_STATE_HOME", self.folder.path("state")).env("COLUMNS", "100");
        shell.env_remove("CLICOLOR_FORCE");
        if !self.is_alone {
            shell.env("JAGSPEC_IDP_LISTEN", format!("127.0.0.1:{}", self.idp_port));
        }
        shell
    }

    /// Starts what serves, and returns what it says up to the line that begins so.
    fn serve(&mut self, command: &str, until: &str) -> String {
        let mut child = self.shell(&format!("exec {command}")).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        self.servers.push(Server(child));
        let (sender, lines) = mpsc::channel();
        // It ends with the process, which ends with this test.
        thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut said = String::new();
        while let Ok(line) = lines.recv_timeout(PATIENCE) {
            let _ = writeln!(said, "{line}");
            if line.starts_with(until) {
                return said;
            }
        }
        panic!("`{command}` says no line that begins with `{until}`:\n{said}");
    }

    /// Starts a playground that trusts the IdP as the commands of the block name it.
    fn start_playground(&mut self, command: &str, commands: &str) -> String {
        self.shims();
        let words: Vec<&str> = commands.split_whitespace().collect();
        let issuer = words.iter().position(|word| *word == "--idp-issuer").and_then(|at| words.get(at + 1));
        let issuer = self.here(issuer.copied().unwrap_or("http://127.0.0.1:9555"));
        let command = command.split('#').next().unwrap_or_default().trim_end();
        let command = format!("{command} --listen 127.0.0.1:0 --idp-issuer {issuer}");
        let said = self.serve(&command, "issuer ");
        let port = said.lines().last().and_then(|line| line.rsplit_once(':')).unwrap().1;
        self.target_port = Some(port.parse().unwrap());
        said
    }

    /// Serves the folder `public` at the address that stands for the hosting.
    fn host_files(&self) {
        let listener = TcpListener::bind(("127.0.0.1", self.files_port)).unwrap();
        let public = self.folder.path("public");
        // It ends with the test's process.
        thread::spawn(move || listener.incoming().flatten().for_each(|stream| answer(stream, &public)));
    }

    /// Runs a command to its end: exit status and what it said, standard error last.
    fn run(&self, command: &str) -> (i32, String) {
        let mut child = self.shell(command).spawn().unwrap();
        let (sender, read) = mpsc::channel();
        let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let errors = sender.clone();
        thread::spawn(move || {
            let mut text = String::new();
            let _ = out.read_to_string(&mut text);
            sender.send((0, text))
        });
        thread::spawn(move || {
            let mut text = String::new();
            let _ = err.read_to_string(&mut text);
            errors.send((1, text))
        });
        let mut said = BTreeMap::new();
        while said.len() < 2 {
            match read.recv_timeout(PATIENCE) {
                Ok((at, text)) => said.insert(at, text),
                Err(_) => {
                    let _ = child.kill();
                    panic!("`{command}` does not end");
                }
            };
        }
        let status = child.wait().unwrap().code().unwrap_or(-1);
        (status, said.into_values().collect())
    }
}

/// Answers one request for a file, as a static host does.
fn answer(mut stream: TcpStream, public: &Path) {
    let mut line = String::new();
    let Ok(reading) = stream.try_clone() else { return };
    let mut reader = BufReader::new(reading);
    let _ = reader.read_line(&mut line);
    let mut header = String::new();
    while reader.read_line(&mut header).is_ok_and(|_| !header.trim().is_empty()) {
        header.clear();
    }
    let path = line.split_whitespace().nth(1).unwrap_or_default().trim_start_matches('/');
    let file: Option<Vec<u8>> = Some(public.join(path))
        .filter(|_| !path.contains(".."))
        .and_then(|file: PathBuf| fs::read(file).ok());
    let (status, body) = file.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

// The excerpts

/// What the README shows of a report.
fn excerpt(name: &str, report: &str) -> String {
    let lines: Vec<&str> = report.lines().collect();
    let at = |begin: &str| lines.iter().position(|line| line.starts_with(begin)).unwrap_or(lines.len());
    let blank_after = |from: usize| {
        lines.iter().skip(from).position(|line| line.is_empty()).map_or(lines.len(), |at| from + at)
    };
    // What is no report is short.
    let Some(end) = lines.iter().rposition(|line| line.contains(" cases: ")) else {
        return report.to_owned();
    };
    match name {
        // Up to the first failing case, and the end.
        "run" => {
            let verdict = at("✗ FAIL ");
            let first = lines.iter().skip(verdict + 1).position(|line| line.starts_with("✗ FAIL "));
            let first = first.map_or(lines.len(), |at| blank_after(verdict + 1 + at));
            [&lines[..first], &["", "…", ""], &lines[end..]].concat()
        }
        // The first diagnosis.
        "diagnosis" => lines[at("1. ")..blank_after(at("1. "))].to_vec(),
        "end" => [&["…"], &lines[end..]].concat(),
        other => panic!("no excerpt has the name {other}"),
    }
    .join("\n")
        + "\n"
}

/// Whether the documented lines are in the output, in this order and without gaps but where `…` stands.
fn shows(output: &str, documented: &[String]) -> Result<(), String> {
    let lines: Vec<&str> = output.lines().map(str::trim_end).collect();
    let mut from = 0;
    for part in documented.split(|line| line.trim() == "…") {
        let part: Vec<&str> = part.iter().map(|line| line.trim_end()).collect();
        if part.is_empty() {
            continue;
        }
        let found = lines[from..].windows(part.len()).position(|window| window == part.as_slice());
        from += found.ok_or_else(|| part.join("\n"))? + part.len();
    }
    Ok(())
}

// The tests

/// Carries out the commands of a block.
///
/// Returns what is wrong.
fn carry_out(block: &Block, files: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut terminal = Terminal::new(block, files);
    let commands: String =
        steps(block).iter().map(|step| step.command.as_str()).collect::<Vec<_>>().join("\n");
    for step in steps(block) {
        let place = format!("{}:{}: {}", block.document, block.line, step.command);
        if step.command.starts_with("cargo test") {
            // Not within itself: `tests/architecture.rs` sees to it that CI runs it.
            continue;
        }
        let (status, said) = if step.is_playground() {
            (0, terminal.start_playground(&step.command, &commands))
        } else if step.serves() {
            let command = terminal.here(&step.command);
            (0, terminal.serve(&command, "listening "))
        } else {
            terminal.run(&terminal.here(&step.command))
        };
        let said = terminal.there(&said);
        if status != step.exit_status() {
            wrong.push(format!("{place}\nexit status {status}, not {}:\n{said}", step.exit_status()));
        }
        let Some(name) = block.excerpt().filter(|_| !step.serves()) else {
            if let Err(part) = shows(&said, &step.output) {
                wrong.push(format!("{place}\ndoes not say\n{part}\nbut\n{said}"));
            }
            continue;
        };
        let (documented, fresh) = (step.output.join("\n") + "\n", excerpt(name, &said));
        if documented != fresh && generated::updating() {
            let old = format!("$ {}\n{}", step.command, documented.trim_start_matches('\n'));
            generated::replace(block.document, &old, &format!("$ {}\n{fresh}", step.command));
        } else if documented != fresh {
            wrong.push(format!(
                "{place}\nstale; UPDATE_DOCS=1 cargo test --test readme writes it anew:\n{fresh}"
            ));
        }
    }
    wrong
}

#[test]
fn every_command_does_what_its_document_says() {
    let mut blocks = Vec::new();
    for name in DOCUMENTS {
        let text = document(name);
        let files = files(name, &text);
        let found = command_blocks(name, &text);
        assert!(found.len() > if name == README { 5 } else { 1 }, "the commands of {name} are not found");
        blocks.extend(found.into_iter().map(|block| (block, files.clone())));
    }
    let waiting = Mutex::new(blocks.iter());
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap().next();
                    let Some((block, files)) = next else { break };
                    let found = carry_out(block, files);
                    wrong.lock().unwrap().extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Commands within a sentence are understood too.
#[test]
fn every_command_in_the_text_is_one() {
    let text = DOCUMENTS.map(document).join("\n");
    let prose = text.split("```").step_by(2).collect::<String>();
    for code in prose.split('`').skip(1).step_by(2) {
        let words: Vec<&str> = code.split_whitespace().collect();
        match words.as_slice() {
            ["cargo", "run"] | ["cargo", "run", "--"] | ["cargo", "test"] => {}
            ["cargo", ..] => panic!("`{code}` is not executed; put it into a console fence"),
            ["jagspec", ..] => {
                let mistake = Cli::try_parse_from(&words).err();
                // Help is asked for, and clap gives it as an error.
                if let Some(mistake) = mistake.filter(|mistake| mistake.kind() != ErrorKind::DisplayHelp) {
                    panic!("`{code}`: {mistake}");
                }
            }
            _ => {}
        }
    }
}

#[test]
fn every_option_is_in_the_table() {
    let mut command = Cli::command();
    command.build();
    let mut text = String::from("| option | environment | meaning |\n| --- | --- | --- |\n");
    let mut last_heading = None;
    for option in
        command.get_arguments().filter(|option| option.get_long().is_some() && !option.is_hide_set())
    {
        let long = option.get_long().unwrap_or_default();
        if ["help", "version"].contains(&long) {
            continue;
        }
        let heading = option.get_help_heading();
        if heading != last_heading {
            let _ = writeln!(text, "| **{}** | | |", heading.unwrap_or("Cases"));
            last_heading = heading;
        }
        let is_switch = option.get_num_args().is_some_and(|count| count.min_values() == 0)
            || !option.get_action().takes_values();
        let value = option.get_value_names().filter(|_| !is_switch).and_then(|names| names.first());
        let typed = value.map_or(format!("--{long}"), |name| format!("--{long} {name}"));
        let variable =
            option.get_env().map(|name| format!("`{}`", name.to_string_lossy())).unwrap_or_default();
        let help = option.get_help().map(ToString::to_string).unwrap_or_default().replace('|', "\\|");
        let _ = writeln!(text, "| `{typed}` | {variable} | {help} |");
    }
    assert_current(README, "options", &text);
}

#[test]
fn every_suite_is_in_the_table() {
    let registry = Registry::embedded().unwrap();
    let mut text = String::from("| suite | what it shows |\n| --- | --- |\n");
    for suite in load::shipped_suites(&registry).unwrap() {
        let _ = writeln!(text, "| [{0}](suites/{0}.yaml) | {1} |", suite.name, suite.title);
    }
    assert_current(README, "suites", &text);
}
