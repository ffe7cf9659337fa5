//! Frames: the bytes of one picture, sent in one piece and as few as possible.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect, Size};
use unicode_width::UnicodeWidthStr;

use super::brief;

/// The terminal draws what lies between these at once (synchronized update, DEC mode 2026).
const BEGIN: &[u8] = b"\x1b[?2026h";
pub(super) const END: &[u8] = b"\x1b[?2026l";

/// So many cells that have not changed are written again where that takes fewer bytes than moving
/// the cursor over them.
const BRIDGE: u16 = 6;

/// Gathers the bytes of a frame.
#[derive(Clone, Debug, Default)]
struct Gathered(Arc<Mutex<Vec<u8>>>);

impl Write for Gathered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Nothing: a frame is sent as a whole.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Gathered {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where whole frames go.
pub trait Sink {
    /// Takes the bytes of one frame, synchronized-update marks included.
    ///
    /// # Errors
    /// When the terminal can't be written to.
    fn frame(&mut self, bytes: Vec<u8>) -> io::Result<()>;

    /// Columns and rows.
    ///
    /// # Errors
    /// When the terminal doesn't tell.
    fn size(&self) -> io::Result<(u16, u16)>;
}

/// A terminal backend that sends each frame in one piece, and none where nothing has changed.
#[derive(Debug)]
pub struct Framed<S> {
    inner: CrosstermBackend<Gathered>,
    gathered: Gathered,
    /// What is on the screen, for the cells between those that change.
    screen: Buffer,
    cursor_shown: bool,
    /// Whether frames stand between marks.
    marks: bool,
    sink: S,
}

impl<S: Sink> Framed<S> {
    /// Frames for a sink.
    pub fn new(sink: S) -> Self {
        let gathered = Gathered::default();
        let inner = CrosstermBackend::new(gathered.clone());
        let (width, height) = sink.size().unwrap_or_default();
        let screen = Buffer::empty(Rect::new(0, 0, width, height));
        Self { inner, gathered, screen, cursor_shown: false, marks: true, sink }
    }

    /// With the marks of synchronized updates around each frame, or without.
    #[must_use]
    pub fn marked(self, marks: bool) -> Self {
        Self { marks, ..self }
    }

    /// The cells to be written: those that change, and short runs between them.
    fn bridged<'a>(
        &mut self,
        content: impl Iterator<Item = (u16, u16, &'a Cell)>,
    ) -> Vec<(u16, u16, Cell)> {
        let mut cells: Vec<(u16, u16, Cell)> = Vec::new();
        for (x, y, cell) in content {
            if let Some((last_x, last_y, last)) = cells.last()
                && *last_y == y
                && x > *last_x + 1
                && x - *last_x <= BRIDGE + 1
                && last.symbol().width() == 1
            {
                let like = last.clone();
                let between: Vec<_> = (*last_x + 1..x)
                    .map_while(|x| {
                        let cell = self.screen.cell((x, y))?;
                        let same = cell.style() == like.style() && cell.symbol().width() == 1;
                        same.then(|| (x, y, cell.clone()))
                    })
                    .collect();
                if between.len() == usize::from(x - *last_x - 1) {
                    cells.extend(between);
                }
            }
            if let Some(on_screen) = self.screen.cell_mut((x, y)) {
                on_screen.clone_from(cell);
            }
            // A wide character covers what was beside it.
            for covered in 1..u16::try_from(cell.symbol().width()).unwrap_or(1) {
                if let Some(beside) = self.screen.cell_mut((x + covered, y)) {
                    beside.reset();
                }
            }
            cells.push((x, y, cell.clone()));
        }
        cells
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
        let cells = self.bridged(content);
        if cells.is_empty() {
            return Ok(());
        }
        self.inner.draw(cells.iter().map(|(x, y, cell)| (*x, *y, cell)))
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
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        let size = self.size()?;
        self.screen = Buffer::empty(Rect::new(0, 0, size.width, size.height));
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
        let bytes = brief::brief(&self.gathered.take());
        if bytes.is_empty() {
            return Ok(());
        }
        if !self.marks {
            return self.sink.frame(bytes);
        }
        let mut frame = Vec::with_capacity(bytes.len() + BEGIN.len() + END.len());
        frame.extend_from_slice(BEGIN);
        frame.extend_from_slice(&bytes);
        frame.extend_from_slice(END);
        self.sink.frame(frame)
    }
}
