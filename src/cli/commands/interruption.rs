//! Ctrl-C. From the moment at which a command listens for it, the system does not end the process by itself.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{CtrlC, ctrl_c};
use tokio::sync::watch;

use crate::cli::Screen;

/// The exit status of an interrupted run.
const INTERRUPTED: i32 = 130;

/// The interruptions since it was made; none is missed between two of them.
pub(super) struct Interruptions {
    #[cfg(unix)]
    signals: io::Result<Signal>,
    #[cfg(windows)]
    signals: io::Result<CtrlC>,
}

impl Interruptions {
    /// Listens from now on. Needs a tokio runtime.
    pub(super) fn listen() -> Self {
        #[cfg(unix)]
        let signals = signal(SignalKind::interrupt());
        #[cfg(windows)]
        let signals = ctrl_c();
        Interruptions { signals }
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        let came = match &mut self.signals {
            Ok(signals) => signals.recv().await.is_some(),
            Err(_) => false,
        };
        // Without a handler nobody could interrupt: then the process ends as it does without one.
        if !came {
            std::future::pending::<()>().await;
        }
    }

    /// The first interruption ends the run, which then reports what it knows. The second ends the process, whatever
    /// holds it up.
    pub(super) async fn end(mut self, run: watch::Sender<bool>) {
        self.next().await;
        let screen = Screen::of_process();
        screen.clear_progress();
        screen.message("interrupted: what is known is reported; Ctrl-C once more ends at once\n");
        // The run may be over by now; then nobody listens any more.
        let _ = run.send(true);
        self.next().await;
        // What the system holds up, such as a report in a full pipe, ends in no other way.
        std::process::exit(INTERRUPTED);
    }
}
