//! A terminal backend that sends the bytes of each frame in one write, and as few as possible.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect, Size};
use unicode_width::UnicodeWidthStr;

use super::encode;

/// The marks of a synchronized update (DEC mode 2026): the terminal draws everything between them
/// in one step.
const SYNC_BEGIN: &[u8] = b"\x1b[?2026h";
pub(super) const SYNC_END: &[u8] = b"\x1b[?2026l";

/// Shorter frames arrive in one piece anyway; the marks would be longer than the frame.
const MIN_SYNC_BYTES: usize = 256;

/// Collects the bytes of a frame.
#[derive(Clone, Debug, Default)]
struct FrameBytes(Arc<Mutex<Vec<u8>>>);

impl Write for FrameBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Does nothing: a frame is sent as a unit.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FrameBytes {
    fn drain(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A destination of complete frames.
pub trait Sink {
    /// Sends the bytes of one frame, including the marks of a synchronized update.
    ///
    /// # Errors
    /// When the terminal can't be written to.
    fn send_frame(&mut self, bytes: Vec<u8>) -> io::Result<()>;

    /// Returns the size in columns and rows.
    ///
    /// # Errors
    /// If the terminal does not report its size.
    fn size(&self) -> io::Result<(u16, u16)>;
}

/// A terminal backend that sends each frame in one write, and nothing if nothing has changed.
#[derive(Debug)]
pub struct Framed<S> {
    inner: CrosstermBackend<FrameBytes>,
    frame_bytes: FrameBytes,
    /// The content of the screen, needed for the cells between those that change.
    screen: Buffer,
    cursor_shown: bool,
    /// The position of the cursor after the last frame, if it is certain.
    cursor: Option<(u16, u16)>,
    /// Whether frames are enclosed in the marks of a synchronized update.
    synchronized: bool,
    sink: S,
}

impl<S: Sink> Framed<S> {
    /// Creates a backend that sends its frames to a sink.
    pub fn new(sink: S) -> Self {
        let gathered = FrameBytes::default();
        let inner = CrosstermBackend::new(gathered.clone());
        let (width, height) = sink.size().unwrap_or_default();
        let screen = Buffer::empty(Rect::new(0, 0, width, height));
        Self {
            inner,
            frame_bytes: gathered,
            screen,
            cursor_shown: false,
            synchronized: true,
            cursor: None,
            sink,
        }
    }

    /// Sets whether frames are enclosed in the marks of a synchronized update.
    #[must_use]
    pub fn synchronized(self, synchronized: bool) -> Self {
        Self { synchronized, ..self }
    }

    /// Applies cells to the screen. Returns the positions that look different afterwards, in order.
    fn apply_changes<'a>(
        &mut self,
        content: impl Iterator<Item = (u16, u16, &'a Cell)>,
    ) -> Vec<(u16, u16)> {
        let mut changed = Vec::new();
        for (x, y, cell) in content {
            let Some(on_screen) = self.screen.cell_mut((x, y)) else { continue };
            let cell = encode::normalize(cell);
            if *on_screen == cell {
                continue;
            }
            changed.push((x, y));
            let columns = |cell: &Cell| u16::try_from(cell.symbol().width()).unwrap_or(1).max(1);
            let (covered, covers) = (columns(on_screen), columns(&cell));
            let replaced = std::mem::replace(on_screen, cell);
            // A cell that a wide character covers has no content of its own.
            for offset in 1..covers {
                if let Some(covered_cell) = self.screen.cell_mut((x + offset, y)) {
                    covered_cell.reset();
                }
            }
            // When a wide character is removed, the cell that it covered becomes a blank. ratatui
            // does not report it if it has the style that the character had, though a terminal may
            // still show the second half of a character whose first half was overwritten.
            for offset in covers..covered {
                if let Some(blank) = self.screen.cell_mut((x + offset, y)) {
                    blank.reset();
                    (blank.fg, blank.bg) = (replaced.fg, replaced.bg);
                    blank.modifier = replaced.modifier;
                    *blank = encode::normalize(blank);
                    changed.push((x + offset, y));
                }
            }
        }
        // ratatui may have reported that cell as well.
        changed.dedup();
        changed
    }

    /// Returns the sink of the frames.
    pub fn sink(&self) -> &S {
        &self.sink
    }

    /// Returns the sink of the frames, mutably.
    pub fn sink_mut(&mut self) -> &mut S {
        &mut self.sink
    }
}

impl<S: Sink> Backend for Framed<S> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let changed = self.apply_changes(content);
        let mut bytes = Vec::new();
        self.cursor = encode::encode(&mut bytes, &self.screen, &changed, self.cursor);
        self.frame_bytes.write_all(&bytes)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.cursor_shown, false) {
            self.inner.hide_cursor()
        } else {
            Ok(())
        }
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.cursor_shown, true) {
            Ok(())
        } else {
            self.inner.show_cursor()
        }
    }

    /// Never queries the terminal: its answer would arrive among the keys.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        let target = (position.x, position.y);
        let mut bytes = Vec::new();
        encode::encode_move(&mut bytes, &self.screen, self.cursor.replace(target), target);
        self.frame_bytes.write_all(&bytes)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        let size = self.size()?;
        self.screen = Buffer::empty(Rect::new(0, 0, size.width, size.height));
        self.cursor = None;
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        self.sink.size().map(|(width, height)| Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        let columns_rows = self.size()?;
        Ok(WindowSize { columns_rows, pixels: Size::ZERO })
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = self.frame_bytes.drain();
        if bytes.is_empty() {
            return Ok(());
        }
        if !self.synchronized || bytes.len() < MIN_SYNC_BYTES {
            return self.sink.send_frame(bytes);
        }
        let mut frame = Vec::with_capacity(bytes.len() + SYNC_BEGIN.len() + SYNC_END.len());
        frame.extend_from_slice(SYNC_BEGIN);
        frame.extend_from_slice(&bytes);
        frame.extend_from_slice(SYNC_END);
        self.sink.send_frame(frame)
    }
}
