//! The panes in a pseudo-terminal, read as a person would see them.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::program::{Home, PROGRAM};

/// A wait that takes longer than this is considered a hang.
const PATIENCE: Duration = Duration::from_mins(3);
const COLUMNS: u16 = 126;
const ROWS: u16 = 36;

/// The program in a terminal. It is killed at the end of the test.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    // Closed with the terminal.
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
}

impl Terminal {
    /// Starts the panes in a home, with additional environment variables.
    pub fn start(home: &Home, args: &[&str], more: &[(&str, String)]) -> Self {
        let mut command = CommandBuilder::new(PROGRAM);
        command.env_clear();
        command.cwd(home.path(""));
        command.args(args);
        for (name, value) in home.environment() {
            command.env(name, value);
        }
        for (name, value) in more {
            command.env(name, value);
        }
        let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let cells = |count| NonZeroU16::new(count).unwrap();
        let parser = vt100::Parser::new(cells(ROWS), cells(COLUMNS), 0);
        Self { child, _master: pair.master, keys, output, parser }
    }

    /// Types keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Reads until a text is on the screen.
    pub fn wait_for(&mut self, text: &str) {
        self.wait_until(text, |screen| screen.contains(text));
    }

    /// Reads until the text of the screen satisfies a condition.
    pub fn wait_until(&mut self, what: &str, is_wanted: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_wanted(&self.parser.screen().contents()) {
            let remaining = deadline.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.output.recv_timeout(remaining) else {
                panic!("never seen: {what:?}; the screen:\n{}", self.parser.screen().contents());
            };
            self.parser.process(&bytes);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
