//! Encodes cells as the fewest possible bytes, because slow links carry every one of them.
//!
//! Uses only sequences that every terminal since the VT220 understands: cursor moves, colours and
//! attributes (SGR), erasing to the end of the line (EL) and erasing characters (ECH).

use std::io::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// The number of blanks from which erasing them is shorter than writing them.
const MIN_ERASE_RUN: u16 = 9;

/// The colours and attributes that cells are written with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Pen {
    fg: Color,
    bg: Color,
    attributes: Modifier,
}

const PLAIN: Pen = Pen { fg: Color::Reset, bg: Color::Reset, attributes: Modifier::empty() };

/// Attributes that are visible on a blank.
const SHOWN_ON_BLANKS: Modifier =
    Modifier::REVERSED.union(Modifier::UNDERLINED).union(Modifier::CROSSED_OUT);

impl Pen {
    fn from_cell(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, attributes: cell.modifier }
    }

    /// Whether a blank written with this pen looks like an erased cell.
    fn matches_erased(self) -> bool {
        self.bg == Color::Reset && !self.attributes.intersects(SHOWN_ON_BLANKS)
    }
}

/// Reduces a cell to its visible properties: a blank has no foreground colour.
pub(super) fn normalize(cell: &Cell) -> Cell {
    let mut cell = cell.clone();
    if cell.symbol() == " " {
        cell.modifier &= SHOWN_ON_BLANKS;
        if !cell.modifier.contains(Modifier::REVERSED) {
            cell.fg = Color::Reset;
        }
    }
    cell
}

fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && Pen::from_cell(cell).matches_erased()
}

/// Encodes cells of a screen. `changed` are their positions, row by row from the left.
///
/// `cursor` is the cursor's position, if it is certain. Returns the position afterwards.
pub(super) fn encode(
    out: &mut Vec<u8>,
    screen: &Buffer,
    changed: &[(u16, u16)],
    cursor: Option<(u16, u16)>,
) -> Option<(u16, u16)> {
    let mut writer = Writer { out, screen, pen: PLAIN, cursor };
    let mut rest = changed;
    while let Some(&(x, y)) = rest.first() {
        let count = writer.run(x, y, rest);
        rest = &rest[count..];
    }
    writer.set_pen(PLAIN);
    writer.cursor
}

/// Encodes a move of the cursor to a position, relative to its position if that is certain.
pub(super) fn encode_move(
    out: &mut Vec<u8>,
    screen: &Buffer,
    cursor: Option<(u16, u16)>,
    (x, y): (u16, u16),
) {
    Writer { out, screen, pen: PLAIN, cursor }.move_cursor(x, y);
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    screen: &'a Buffer,
    pen: Pen,
    /// The cursor's position; `None` where terminals may differ on it.
    cursor: Option<(u16, u16)>,
}

impl Writer<'_> {
    /// Writes the cell at the first position, and further ones if one sequence covers them. Returns
    /// how many positions were written.
    fn run(&mut self, x: u16, y: u16, rest: &[(u16, u16)]) -> usize {
        let Some(cell) = self.screen.cell((x, y)) else { return 1 };
        if is_blank(cell) {
            return self.blanks(x, y, rest);
        }
        self.move_cursor(x, y);
        self.put(cell, x, y);
        1
    }

    /// Writes adjacent blanks; erases them where that is shorter.
    fn blanks(&mut self, x: u16, y: u16, rest: &[(u16, u16)]) -> usize {
        let width = self.screen.area.right();
        let blank = |x: &u16| self.screen.cell((*x, y)).is_some_and(is_blank);
        let until = (x..width).find(|x| !blank(x)).unwrap_or(width);
        let count = rest.iter().take_while(|(i, j)| *j == y && *i < until).count();
        let last = rest[count - 1].0;
        let run = last + 1 - x;
        if until == width && run > 3 {
            self.move_cursor(x, y);
            self.erasing_pen();
            self.raw(b"\x1b[K");
        } else if run >= MIN_ERASE_RUN {
            self.move_cursor(x, y);
            self.erasing_pen();
            self.csi(run, b'X');
        } else {
            for i in x..=last {
                self.move_cursor(i, y);
                self.erasing_pen();
                self.raw(b" ");
                self.cursor = (i + 1 < width).then_some((i + 1, y));
            }
        }
        count
    }

    fn erasing_pen(&mut self) {
        if !self.pen.matches_erased() {
            self.set_pen(PLAIN);
        }
    }

    fn put(&mut self, cell: &Cell, x: u16, y: u16) {
        self.set_pen(self.pen_for(cell));
        self.raw(cell.symbol().as_bytes());
        // Terminals differ on which characters are wide, and on the cursor after the last column.
        let next = x + 1;
        let simple = cell.symbol().chars().count() == 1 && cell.symbol().width() == 1;
        self.cursor = (simple && next < self.screen.area.right()).then_some((next, y));
    }

    /// Moves the cursor, or writes the cells in between again where that is shorter.
    fn move_cursor(&mut self, x: u16, y: u16) {
        let mut absolute = Vec::with_capacity(8);
        // Writing to memory does not fail.
        let _ = match x {
            0 => write!(absolute, "\x1b[{}H", y + 1),
            _ => write!(absolute, "\x1b[{};{}H", y + 1, x + 1),
        };
        let Some((from_x, from_y)) = self.cursor else {
            self.raw(&absolute);
            self.cursor = Some((x, y));
            return;
        };
        if (from_x, from_y) == (x, y) {
            return;
        }
        let mut relative = Vec::with_capacity(8);
        if from_y == y && x < from_x && from_x - x <= 4 {
            relative.resize(usize::from(from_x - x), 0x08);
        } else if from_y == y && x > from_x {
            let _ = match x - from_x {
                1 => write!(relative, "\x1b[C"),
                steps => write!(relative, "\x1b[{steps}C"),
            };
            if let Some(between) = self.bytes_between(from_x, x, y)
                && between.len() <= relative.len()
            {
                relative = between;
            }
        } else if from_y == y && x == 0 {
            relative.push(b'\r');
        } else if y == from_y + 1 && x == from_x {
            relative.push(b'\n');
        } else if y == from_y + 1 && x + 1 == from_x {
            relative.extend(b"\n\x08");
        } else if y == from_y + 1 && x == 0 {
            relative.extend(b"\r\n");
        } else {
            relative.clone_from(&absolute);
        }
        let shorter = if relative.len() <= absolute.len() { relative } else { absolute };
        self.raw(&shorter);
        self.cursor = Some((x, y));
    }

    /// Returns the cells between two columns of a row as bytes, if the current pen can write them.
    fn bytes_between(&self, from: u16, to: u16, y: u16) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        for x in from..to {
            let cell = self.screen.cell((x, y))?;
            let symbol = cell.symbol();
            let same =
                self.pen_for(cell) == self.pen || (is_blank(cell) && self.pen.matches_erased());
            if !same || symbol.chars().count() != 1 || symbol.width() != 1 || bytes.len() > 8 {
                return None;
            }
            bytes.extend_from_slice(symbol.as_bytes());
        }
        Some(bytes)
    }

    /// Returns the pen that a cell needs. On a blank neither the foreground nor most attributes are
    /// visible, so those of the last cell remain.
    fn pen_for(&self, cell: &Cell) -> Pen {
        let pen = Pen::from_cell(cell);
        let shown = (pen.attributes | self.pen.attributes).intersects(SHOWN_ON_BLANKS);
        if cell.symbol() == " " && !shown { Pen { bg: pen.bg, ..self.pen } } else { pen }
    }

    /// Changes colours and attributes by the shortest sequence.
    fn set_pen(&mut self, to: Pen) {
        if self.pen == to {
            return;
        }
        let full = sgr_sequence(&sgr_parameters(PLAIN, to, true));
        let changes = sgr_sequence(&sgr_parameters(self.pen, to, false));
        let shorter = if changes.len() < full.len() { changes } else { full };
        self.raw(shorter.as_bytes());
        self.pen = to;
    }

    fn csi(&mut self, count: u16, ending: u8) {
        let _ = write!(self.out, "\x1b[{count}");
        self.out.push(ending);
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }
}

fn sgr_sequence(parameters: &[String]) -> String {
    match parameters {
        [] => String::new(),
        // A reset alone needs no number.
        [only] if only == "0" => "\x1b[m".into(),
        [first, rest @ ..] if first == "0" => format!("\x1b[;{}m", rest.join(";")),
        all => format!("\x1b[{}m", all.join(";")),
    }
}

/// Returns the SGR parameters that change one pen to another; `reset` starts with the parameter
/// that clears everything.
fn sgr_parameters(from: Pen, to: Pen, reset: bool) -> Vec<String> {
    let mut list = Vec::new();
    if reset {
        list.push("0".into());
    }
    let removed = from.attributes - to.attributes;
    let mut new = to.attributes - from.attributes;
    if removed.intersects(Modifier::BOLD | Modifier::DIM) {
        list.push("22".into());
        // One parameter ends both bold and dim.
        new |= to.attributes & (Modifier::BOLD | Modifier::DIM);
    }
    for (attribute, ends) in [
        (Modifier::ITALIC, "23"),
        (Modifier::UNDERLINED, "24"),
        (Modifier::REVERSED, "27"),
        (Modifier::CROSSED_OUT, "29"),
    ] {
        if removed.contains(attribute) {
            list.push(ends.into());
        }
    }
    for (attribute, begins) in [
        (Modifier::BOLD, "1"),
        (Modifier::DIM, "2"),
        (Modifier::ITALIC, "3"),
        (Modifier::UNDERLINED, "4"),
        (Modifier::REVERSED, "7"),
        (Modifier::CROSSED_OUT, "9"),
    ] {
        if new.contains(attribute) {
            list.push(begins.into());
        }
    }
    if from.fg != to.fg {
        list.push(sgr_color(to.fg, 30));
    }
    if from.bg != to.bg {
        list.push(sgr_color(to.bg, 40));
    }
    list
}

/// Returns the SGR parameters of a colour; `base` is 30 for the foreground, 40 for the background.
fn sgr_color(color: Color, base: u8) -> String {
    let basic = |index: u8| {
        if index < 8 { (base + index).to_string() } else { (base + 60 + index - 8).to_string() }
    };
    match color {
        Color::Reset => (base + 9).to_string(),
        Color::Black => basic(0),
        Color::Red => basic(1),
        Color::Green => basic(2),
        Color::Yellow => basic(3),
        Color::Blue => basic(4),
        Color::Magenta => basic(5),
        Color::Cyan => basic(6),
        Color::Gray => basic(7),
        Color::DarkGray => basic(8),
        Color::LightRed => basic(9),
        Color::LightGreen => basic(10),
        Color::LightYellow => basic(11),
        Color::LightBlue => basic(12),
        Color::LightMagenta => basic(13),
        Color::LightCyan => basic(14),
        Color::White => basic(15),
        Color::Indexed(index) => format!("{};5;{index}", base + 8),
        Color::Rgb(red, green, blue) => format!("{};2;{red};{green};{blue}", base + 8),
    }
}
