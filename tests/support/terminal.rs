//! The real program in a pseudo-terminal, read as a person would see it.
//!
//! Tests wait for text on the screen, with a deadline that only a hang can reach.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

use super::wait::PATIENCE;

/// A program in a pseudo-terminal.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    output: Receiver<Vec<u8>>,
    /// Bytes that have arrived after the last frame that was processed.
    rest: Vec<u8>,
    /// Whether the last frame is not complete yet.
    is_in_frame: bool,
    parser: vt100::Parser,
    cut: Arc<AtomicBool>,
    /// The input modes of the terminal before the program began.
    pub initial: String,
    /// Everything the program has written.
    pub written: Vec<u8>,
    /// When something last arrived.
    pub last_output: Instant,
}

/// A link between the program and the terminal. It buffers data that it can't send yet.
#[derive(Clone, Copy)]
pub struct Link {
    /// How many bytes a second reach the terminal.
    pub bytes_a_second: u32,
    /// How long each byte is on its way, in each direction.
    pub delay: Duration,
}

/// Bytes and when they are due.
type Due = (Instant, Vec<u8>);

/// Writes sent data to the program, once it is due.
struct DelayedKeys {
    sender: Sender<Due>,
    delay: Duration,
}

impl Write for DelayedKeys {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let due = Instant::now() + self.delay;
        self.sender.send((due, bytes.to_vec())).map_err(std::io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// How a frame begins and ends (synchronized update).
const FRAME_BEGIN: &[u8] = b"\x1b[?2026h";
const FRAME_END: &[u8] = b"\x1b[?2026l";

fn sleep_until(due: Instant) {
    std::thread::sleep(due.saturating_duration_since(Instant::now()));
}

/// The queries to a terminal, and its answers.
const ANSWERS: [(&[u8], &[u8]); 3] = [
    (b"\x1b[5n", b"\x1b[0n"),
    (b"\x1b[6n", b"\x1b[2;3R"),
    (b"\x1b]11;?\x1b\\", b"\x1b]11;rgb:1010/1212/1818\x1b\\"),
];

/// Puts a link between a program and its terminal, which answers queries.
fn put_between(
    link: Link,
    written: Receiver<Vec<u8>>,
    mut keys: Box<dyn Write + Send>,
) -> (Receiver<Vec<u8>>, Box<dyn Write + Send>) {
    let (key_sender, key_receiver) = channel::<Due>();
    std::thread::spawn(move || {
        for (due, bytes) in key_receiver {
            sleep_until(due);
            if keys.write_all(&bytes).is_err() {
                return;
            }
        }
    });
    // Data in transit: sent piece by piece, and shown after the delay.
    let (sent_sender, sent) = channel::<Due>();
    std::thread::spawn(move || {
        let mut sent_at = Instant::now();
        for bytes in written {
            sent_at = sent_at.max(Instant::now());
            for piece in bytes.chunks(16) {
                let count = u32::try_from(piece.len()).expect("a short piece");
                sent_at += Duration::from_secs(1) * count / link.bytes_a_second;
                if sent_sender.send((sent_at + link.delay, piece.to_vec())).is_err() {
                    return;
                }
            }
        }
    });
    let (shown_sender, shown) = channel();
    let mut answers = DelayedKeys { sender: key_sender.clone(), delay: link.delay };
    std::thread::spawn(move || {
        let mut tail = Vec::new();
        for (due, piece) in sent {
            sleep_until(due);
            for byte in &piece {
                tail.push(*byte);
                if let Some((_, answer)) = ANSWERS.iter().find(|(ask, _)| tail.ends_with(ask)) {
                    tail.clear();
                    let _ = answers.write_all(answer);
                }
            }
            let excess = tail.len().saturating_sub(16);
            tail.drain(..excess);
            if shown_sender.send(piece).is_err() {
                return;
            }
        }
    });
    (shown, Box::new(DelayedKeys { sender: key_sender, delay: link.delay }))
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a screen has cells")
}

impl Terminal {
    /// Starts a command on a screen of that size.
    pub fn start(command: CommandBuilder, columns: u16, rows: u16) -> Self {
        Self::spawn_in(command, columns, rows, None)
    }

    /// Starts a command on a terminal at the other end of a link.
    pub fn start_remote(command: CommandBuilder, columns: u16, rows: u16, link: Link) -> Self {
        Self::spawn_in(command, columns, rows, Some(link))
    }

    fn spawn_in(command: CommandBuilder, columns: u16, rows: u16, link: Option<Link>) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).expect("a pseudo-terminal");
        let initial = modes(&*pair.master);
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let keys = pair.master.take_writer().expect("a writer");
        let (sender, output) = channel();
        let cut = Arc::new(AtomicBool::new(false));
        let is_cut = Arc::clone(&cut);
        std::thread::spawn(move || {
            let mut buffer = vec![0_u8; 65_536];
            while let Ok(count) = reader.read(&mut buffer) {
                let arrived = sender.send(buffer[..count].to_vec()).is_ok();
                if count == 0 || !arrived || is_cut.load(Ordering::SeqCst) {
                    break;
                }
            }
        });
        let (output, keys) = match link {
            Some(link) => put_between(link, output, keys),
            None => (output, keys),
        };
        Self {
            child,
            master: Some(pair.master),
            keys: Some(keys),
            output,
            rest: Vec::new(),
            is_in_frame: false,
            cut,
            initial,
            parser: vt100::Parser::new(cells(rows), cells(columns), 0),
            written: Vec::new(),
            last_output: Instant::now(),
        }
    }

    /// Returns the current screen.
    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Returns the text of the screen, line by line.
    pub fn text(&self) -> String {
        self.screen().contents()
    }

    /// Sends keys as bytes.
    pub fn press(&mut self, keys: &str) {
        let writer = self.keys.as_mut().expect("the terminal is open");
        writer.write_all(keys.as_bytes()).expect("the program reads");
        writer.flush().expect("the program reads");
    }

    /// Waits for output, and processes it up to the end of a frame: what arrives may be cut anywhere.
    fn receive(&mut self, patience: Duration) -> Result<(), RecvTimeoutError> {
        let mut bytes = std::mem::take(&mut self.rest);
        if bytes.is_empty() {
            bytes = self.output.recv_timeout(patience)?;
            self.last_output = Instant::now();
        }
        // A mark may have begun in what came before.
        let before = self.written.len().saturating_sub(FRAME_END.len() - 1);
        let processed = self.written.len() - before;
        let joined = [&self.written[before..], &bytes].concat();
        let find = |mark: &[u8]| {
            let ends = joined.windows(mark.len()).map(|part| part == mark);
            let ends = ends.enumerate().filter_map(|(at, is_mark)| is_mark.then_some(at));
            ends.map(|at| at + mark.len()).find(|end| *end > processed)
        };
        let end = find(FRAME_END);
        match (find(FRAME_BEGIN), end) {
            (_, Some(end)) => {
                self.is_in_frame = false;
                self.rest = bytes.split_off(end - processed);
            }
            (Some(_), None) => self.is_in_frame = true,
            (None, None) => {}
        }
        self.parser.process(&bytes);
        self.written.extend_from_slice(&bytes);
        Ok(())
    }

    /// Reads until the screen satisfies a condition at the end of a frame. Panics with the screen
    /// after the deadline.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while self.is_in_frame || !wanted(self.parser.screen()) {
            match self.receive(deadline.saturating_duration_since(Instant::now())) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => {
                    panic!("never seen: {what}; the screen:\n{}", self.text())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("ended before: {what}; the screen:\n{}", self.text())
                }
            }
        }
    }

    /// Reads until some text is on the screen.
    pub fn wait_for_text(&mut self, text: &str) {
        self.wait_for(text, |screen| screen.contents().contains(text));
    }

    /// Reads until the program has written these bytes, which need not show anything.
    pub fn wait_for_written(&mut self, wanted: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !String::from_utf8_lossy(&self.written).contains(wanted) {
            let patience = deadline.saturating_duration_since(Instant::now());
            let received = self.receive(patience).is_ok();
            assert!(received, "never written: {wanted:?}; the screen:\n{}", self.text());
        }
    }

    /// Holds a key: sends it `times` times, `apart` from each other, and reads meanwhile.
    pub fn hold(&mut self, key: &str, times: usize, apart: Duration) {
        for _ in 0..times {
            self.press(key);
            self.watch(apart);
        }
    }

    /// Reads until nothing has arrived for a while. Returns when something last arrived.
    pub fn settle(&mut self, quiet: Duration) -> Instant {
        while self.receive(quiet).is_ok() {}
        self.last_output
    }

    /// Reads all output for this time.
    pub fn watch(&mut self, time: Duration) {
        let ends = Instant::now() + time;
        while self.receive(ends.saturating_duration_since(Instant::now())).is_ok() {}
    }

    /// Changes the size of the terminal.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.parser.screen_mut().set_size(cells(rows), cells(columns));
        let master = self.master.as_ref().expect("the terminal is open");
        master.resize(size(columns, rows)).expect("a size");
    }

    /// Returns the process id of the program.
    pub fn process(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    /// Sends a signal by name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        signal(self.process(), name);
    }

    /// Returns the input modes of the terminal: echo, lines, signals.
    pub fn modes(&self) -> String {
        modes(self.master.as_deref().expect("the terminal is open"))
    }

    /// Closes the terminal, as a lost connection does. The reader keeps it open until something
    /// arrives: `stir` is a key that makes the program write.
    pub fn hang_up(&mut self, stir: &str) {
        self.cut.store(true, Ordering::SeqCst);
        self.press(stir);
        while self.output.recv_timeout(PATIENCE).is_ok() {}
        self.keys = None;
        self.master = None;
    }

    /// Waits until the program ends, and reads its last output.
    pub fn wait_for_end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if self.receive(Duration::from_millis(20)).is_ok() {
                continue;
            }
            if let Some(status) = self.child.try_wait().expect("a child") {
                // The output ends with the program, unless another process has its terminal.
                self.watch(Duration::from_secs(5));
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.text());
            // The output has ended. The end of a process can't be awaited with a deadline.
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns whether the terminal is as a shell needs it: main screen, visible cursor, no
    /// bracketed paste or mouse tracking.
    pub fn is_given_back(&self) -> bool {
        let screen = self.screen();
        !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    }
}

fn modes(master: &dyn MasterPty) -> String {
    let modes = master.get_termios().expect("modes");
    format!("{:?} {:?} {:?}", modes.local_flags, modes.input_flags, modes.output_flags)
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal by name to a process.
pub fn signal(process: u32, name: &str) {
    let status = std::process::Command::new("kill")
        .args([format!("-{name}"), process.to_string()])
        .status()
        .expect("kill runs");
    assert!(status.success(), "kill -{name}");
}
