//! Frames: the bytes of one picture, sent in one piece and as few as possible.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect, Size};
use unicode_width::UnicodeWidthStr;

use super::encode;

/// The terminal draws what lies between these at once (synchronized update, DEC mode 2026).
const SYNC_BEGIN: &[u8] = b"\x1b[?2026h";
pub(super) const SYNC_END: &[u8] = b"\x1b[?2026l";

/// A frame that is shorter than this arrives at once anyway: the marks would be longer than it.
const MIN_SYNC_BYTES: usize = 64;

/// Gathers the bytes of a frame.
#[derive(Clone, Debug, Default)]
struct FrameBytes(Arc<Mutex<Vec<u8>>>);

impl Write for FrameBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Nothing: a frame is sent as a whole.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FrameBytes {
    fn drain(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where whole frames go.
pub trait Sink {
    /// Takes the bytes of one frame, synchronized-update marks included.
    ///
    /// # Errors
    /// When the terminal can't be written to.
    fn send_frame(&mut self, bytes: Vec<u8>) -> io::Result<()>;

    /// Columns and rows.
    ///
    /// # Errors
    /// When the terminal doesn't tell.
    fn size(&self) -> io::Result<(u16, u16)>;
}

/// A terminal backend that sends each frame in one piece, and none where nothing has changed.
#[derive(Debug)]
pub struct Framed<S> {
    inner: CrosstermBackend<FrameBytes>,
    frame_bytes: FrameBytes,
    /// What is on the screen, for the cells between those that change.
    screen: Buffer,
    cursor_shown: bool,
    /// Where the last frame has left the cursor.
    cursor: Option<(u16, u16)>,
    /// Whether frames stand between marks.
    synchronized: bool,
    sink: S,
}

impl<S: Sink> Framed<S> {
    /// Frames for a sink.
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

    /// With the marks of synchronized updates around each frame, or without.
    #[must_use]
    pub fn synchronized(self, marks: bool) -> Self {
        Self { synchronized: marks, ..self }
    }

    /// Takes in what is to be shown; gives the places that look different then, in order.
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
            let background = cell.bg;
            *on_screen = cell;
            // What a wide character covers has no looks of its own.
            for beside in 1..covers {
                if let Some(beside) = self.screen.cell_mut((x + beside, y)) {
                    beside.reset();
                }
            }
            // When it goes, what it covered is a blank that nobody tells of: a terminal may keep the
            // second half of a character whose first was written over.
            for beside in covers..covered {
                if let Some(blank) = self.screen.cell_mut((x + beside, y)) {
                    blank.reset();
                    blank.set_bg(background);
                    changed.push((x + beside, y));
                }
            }
        }
        // It may have been told of after all.
        changed.dedup();
        changed
    }

    /// Where the frames go.
    pub fn sink(&self) -> &S {
        &self.sink
    }

    /// As [`Framed::sink`], to be changed.
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

    /// Never asks the terminal: its answer would come among the keys.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        let here = Some((position.x, position.y));
        if std::mem::replace(&mut self.cursor, here) == here {
            return Ok(());
        }
        self.inner.set_cursor_position(position)
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
