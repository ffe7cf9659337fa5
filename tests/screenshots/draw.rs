//! Draws the cells of a terminal as a picture.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use ab_glyph::{Font, FontVec, GlyphId, PxScale, ScaleFont, point};
use vt100::{Cell, Color, Screen};

const FOREGROUND: [u8; 3] = [212, 212, 216];
const BACKGROUND: [u8; 3] = [16, 18, 24];
const MARGIN: usize = 12;
const PIXELS: f32 = 20.0;

/// The fonts, in the order in which they are tried.
pub struct Fonts {
    plain: Vec<FontVec>,
    bold: Option<FontVec>,
}

impl Fonts {
    /// Loads the fonts that exist. The first one must exist.
    pub fn load() -> Result<Self, String> {
        let folder = "/usr/share/fonts/truetype/dejavu";
        let first = std::env::var("REDPHONE_FONT")
            .unwrap_or_else(|_| format!("{folder}/DejaVuSansMono.ttf"));
        let read =
            |path: &str| std::fs::read(path).ok().and_then(|b| FontVec::try_from_vec(b).ok());
        let main = read(&first).ok_or(format!(
            "no font at {first}: install fonts-dejavu-core, or name one in REDPHONE_FONT"
        ))?;
        let more = [
            "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
            "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
            "/usr/share/fonts/opentype/unifont/unifont.otf",
            "/usr/share/fonts/opentype/unifont/unifont_upper.otf",
        ];
        Ok(Self {
            plain: std::iter::once(main).chain(more.iter().filter_map(|p| read(p))).collect(),
            bold: read(&format!("{folder}/DejaVuSansMono-Bold.ttf")),
        })
    }

    fn of(&self, ch: char, bold: bool) -> (&FontVec, GlyphId) {
        let bold = self.bold.iter().filter(|_| bold);
        let found = bold.chain(&self.plain).map(|f| (f, f.glyph_id(ch))).find(|(_, id)| id.0 != 0);
        found.unwrap_or_else(|| (&self.plain[0], self.plain[0].glyph_id('\u{25a1}')))
    }
}

fn rgb(color: Color, fallback: [u8; 3]) -> [u8; 3] {
    const SIXTEEN: [[u8; 3]; 16] = [
        [24, 26, 32],
        [224, 82, 82],
        [96, 184, 104],
        [222, 176, 76],
        [88, 148, 232],
        [184, 116, 216],
        [72, 184, 196],
        [200, 202, 208],
        [104, 108, 120],
        [255, 112, 112],
        [128, 216, 136],
        [248, 208, 104],
        [128, 180, 255],
        [216, 152, 248],
        [112, 220, 232],
        [244, 246, 250],
    ];
    match color {
        Color::Default => fallback,
        Color::Rgb(r, g, b) => [r, g, b],
        Color::Idx(index @ 0..=15) => SIXTEEN[usize::from(index)],
        Color::Idx(index @ 16..=231) => {
            let part = |n: u8| [0, 95, 135, 175, 215, 255][usize::from(n % 6)];
            let index = index - 16;
            [part(index / 36), part(index / 6), part(index)]
        }
        Color::Idx(index) => [8 + (index - 232) * 10; 3],
    }
}

fn mix(foreground: [u8; 3], background: [u8; 3], share: f32) -> [u8; 3] {
    let part =
        |i: usize| f32::from(foreground[i]) * share + f32::from(background[i]) * (1.0 - share);
    // Both colours are bytes, so a mixture is one too.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    [0, 1, 2].map(|i| part(i).round() as u8)
}

fn colours(cell: &Cell) -> ([u8; 3], [u8; 3]) {
    let mut front = rgb(cell.fgcolor(), FOREGROUND);
    let mut back = rgb(cell.bgcolor(), BACKGROUND);
    if cell.inverse() {
        std::mem::swap(&mut front, &mut back);
    }
    if cell.dim() {
        front = mix(front, back, 0.6);
    }
    (front, back)
}

struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
}

impl Picture {
    fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, colour: [u8; 3]) {
        for row in y..(y + height).min(self.height) {
            let start = row * self.width;
            self.pixels[start + x..start + (x + width).min(self.width)].fill(colour);
        }
    }
}

/// Writes the screen as a PNG.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
pub fn save(screen: &Screen, fonts: &Fonts, path: &Path) -> std::io::Result<()> {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let scale = PxScale::from(PIXELS);
    let main = fonts.plain[0].as_scaled(scale);
    let wide = main.h_advance(main.glyph_id('M')).round() as usize;
    let high = main.height().ceil() as usize;
    let mut picture = Picture {
        width: usize::from(columns) * wide + 2 * MARGIN,
        height: usize::from(rows) * high + 2 * MARGIN,
        pixels: Vec::new(),
    };
    picture.pixels = vec![BACKGROUND; picture.width * picture.height];
    let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    // Backgrounds first: a glyph may reach into the next cell.
    for paint in [true, false] {
        for (row, column) in cells.clone() {
            let Some(cell) = screen.cell(row, column) else { continue };
            if cell.is_wide_continuation() {
                continue;
            }
            let x = MARGIN + usize::from(column) * wide;
            let y = MARGIN + usize::from(row) * high;
            let across = if cell.is_wide() { 2 * wide } else { wide };
            let (front, back) = colours(cell);
            if paint {
                picture.fill(x, y, across, high, back);
                continue;
            }
            if cell.underline() {
                picture.fill(x, y + high - 3, across, 1, front);
            }
            for ch in cell.contents().chars().filter(|c| *c != ' ') {
                let (face, id) = fonts.of(ch, cell.bold());
                let base = y as f32 + main.ascent();
                let glyph = id.with_scale_and_position(scale, point(x as f32, base));
                let Some(outline) = face.outline_glyph(glyph) else { continue };
                let bounds = outline.px_bounds();
                outline.draw(|dx, dy, share| {
                    let px = bounds.min.x as i64 + i64::from(dx);
                    let py = bounds.min.y as i64 + i64::from(dy);
                    if let (Ok(px), Ok(py)) = (usize::try_from(px), usize::try_from(py))
                        && px < picture.width
                        && py < picture.height
                    {
                        let pixel = &mut picture.pixels[py * picture.width + px];
                        *pixel = mix(front, *pixel, share.min(1.0));
                    }
                });
            }
        }
    }
    let file = BufWriter::new(File::create(path)?);
    let mut encoder = png::Encoder::new(file, picture.width as u32, picture.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder.write_header()?.write_image_data(picture.pixels.as_flattened())?;
    Ok(())
}
