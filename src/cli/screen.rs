//! The terminal: standard output and standard error, colour where a person sees it, one line of progress. The only
//! place that prints.

use std::{
    io::{ErrorKind, IsTerminal as _, Write as _},
    sync::atomic::{AtomicBool, Ordering},
};

use crate::{report::terminal, run::Progress};

/// Columns where the terminal does not tell.
const COLUMNS: usize = 100;

/// Where a command speaks.
#[derive(Debug)]
pub struct Screen {
    /// Standard output belongs to a report: people are told on standard error.
    pub results_on_stderr: bool,
    colour_out: bool,
    colour_err: bool,
    progress: bool,
    columns: usize,
    /// Something was said that nobody can read.
    lost: AtomicBool,
}

impl Screen {
    /// The screen of this process. `NO_COLOR` and the like are heeded (anstream).
    pub fn of_process() -> Self {
        let colour = |choice| !matches!(choice, anstream::ColorChoice::Never);
        Screen {
            results_on_stderr: false,
            colour_out: colour(anstream::AutoStream::choice(&std::io::stdout())),
            colour_err: colour(anstream::AutoStream::choice(&std::io::stderr())),
            progress: std::io::stderr().is_terminal(),
            columns: columns(),
            lost: AtomicBool::new(false),
        }
    }

    /// Columns to wrap at.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Whether results may be coloured.
    pub fn colour(&self) -> bool {
        if self.results_on_stderr { self.colour_err } else { self.colour_out }
    }

    /// Whether messages may be coloured.
    pub fn colour_messages(&self) -> bool {
        self.colour_err
    }

    /// Says what the command was asked for. A reader that has gone away (`jagspec list | head`) ends the output,
    /// not the command; a full disk is an error, which [`Screen::has_lost_a_result`] remembers.
    pub fn result(&self, text: &str) {
        if self.results_on_stderr {
            return self.message(text);
        }
        match self.report(text) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                self.lost.store(true, Ordering::Relaxed);
                self.message(&format!("error: standard output: {error}\n"));
            }
            _ => {}
        }
    }

    /// Whether a result could not be written.
    pub fn has_lost_a_result(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Writes a report to standard output.
    ///
    /// # Errors
    /// What the system says.
    pub fn report(&self, text: &str) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Says what is wrong, or what should be known, on standard error.
    pub fn message(&self, text: &str) {
        let _ = std::io::stderr().write_all(text.as_bytes());
    }

    /// Shows how far the run is, on one line that is written over; nothing where nobody looks.
    pub fn progress(&self, progress: Progress<'_>) {
        if self.progress {
            let width = self.columns.saturating_sub(1);
            let line = terminal::progress(progress.done, progress.total, progress.case, width);
            let _ = write!(std::io::stderr(), "\r\x1b[2K{line}");
        }
    }

    /// Clears the line of progress.
    pub fn clear_progress(&self) {
        if self.progress {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }
}

/// The width of the terminal: of `COLUMNS` where that is set, else as the terminal says.
fn columns() -> usize {
    std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok())
        .or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
        .filter(|columns| *columns > 0)
        .unwrap_or(COLUMNS)
}
