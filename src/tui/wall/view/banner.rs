//! The banner for outdated data: more prominent with age, in words, reversed, and bigger; never by
//! colour alone.

use chrono::TimeDelta;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::model::text::width;

use crate::tui::core::app::App;
use crate::tui::wall::view::big;
use crate::tui::wall::view::parts::centred;
use crate::tui::wall::{Loudness, Outage};
use crate::tui::widgets::formatting::short_duration;
use crate::tui::widgets::text::fill;

/// The height below which big letters would cover the entire picture.
const BIG_FROM: u16 = 22;
/// The height below which no row of the banner is blank.
const BLANK_FROM: u16 = 14;

/// Draws the banner at the top of `area`. Returns the number of rows that it takes.
pub(in crate::tui) fn draw(app: &App, outage: &Outage, area: Rect, buffer: &mut Buffer) -> u16 {
    let room = usize::from(area.width.saturating_sub(2));
    let texts = BannerText::new(app, outage);
    let big_text = texts.big_text(area.width.saturating_sub(4));
    let mut lines: Vec<String> = match outage.loudness {
        Loudness::Line => vec![texts.line(room)],
        _ => texts.lines(room),
    };
    let big_text = big_text.filter(|_| outage.loudness == Loudness::Big && area.height >= BIG_FROM);
    if big_text.is_some() {
        // Room for the letters, and a blank row above and below.
        lines.splice(0..0, std::iter::repeat_n(String::new(), usize::from(big::GLYPH_HEIGHT) + 2));
    } else if lines.len() > 1 && area.height >= BLANK_FROM {
        lines.insert(0, String::new());
    }
    if lines.len() > 1 && area.height >= BLANK_FROM {
        lines.push(String::new());
    }
    let rows = u16::try_from(lines.len()).unwrap_or(1).min(area.height);
    let bar = Rect { height: rows, ..area };
    let style = app.ui.theme.alarm().add_modifier(Modifier::BOLD);
    fill(" ", style, bar, buffer);
    for (text, row) in lines.iter().zip(bar.rows()) {
        let inside = Rect { x: row.x + 1, width: row.width.saturating_sub(2), ..row };
        centred(text, style, inside, buffer);
    }
    if let Some(text) = big_text {
        let x = bar.x + bar.width.saturating_sub(big::width(&text, 1)) / 2;
        big::draw(
            &text,
            style,
            1,
            Rect { x, y: bar.y + 1, height: big::GLYPH_HEIGHT, ..bar },
            buffer,
        );
    }
    // A blank row separates the banner from the rows below.
    rows + u16::from(area.height >= BLANK_FROM)
}

/// The texts of the banner.
struct BannerText {
    /// `OLD`, or `NO` if no data has ever arrived.
    old: &'static str,
    age: TimeDelta,
    since: String,
    /// The time of the next attempt, as a time of day because that needs no countdown.
    next_try: Option<String>,
    error: String,
}

impl BannerText {
    fn new(app: &App, outage: &Outage) -> Self {
        let clock = app.clock();
        let since = clock.local_time(outage.since);
        let same_day = since.date() == clock.local_time(app.now).date();
        let form = if same_day { "%H:%M" } else { "%a %m-%d %H:%M" };
        let error = if let Some(error) = &outage.error {
            error.clone()
        } else {
            let name = app.workspace_name().unwrap_or(&app.session.workspace.location);
            format!("{name} does not answer")
        };
        Self {
            old: if app.fetched.snapshot.is_some() { "OLD" } else { "NO" },
            age: app.now - outage.since,
            since: format!("{} {}", since.format(form), clock.name_at(outage.since)),
            next_try: outage.retry_at.map(|at| format!("next try {}", clock.hh_mm_ss(at))),
            error,
        }
    }

    fn headline(&self) -> String {
        format!("{} DATA for {}, since {}", self.old, short_duration(self.age), self.since)
    }

    /// Returns as much as fits on one line.
    fn line(&self, room: usize) -> String {
        let mut line = self.headline();
        if let Some(next) = &self.next_try
            && width(&line) + 3 + width(next) <= room
        {
            line = format!("{line} · {next}");
        }
        // A truncated sentence is of little use.
        if width(&line) + 3 + width(&self.error).min(40) <= room {
            line = format!("{line} · {}", self.error);
        }
        line
    }

    fn lines(&self, room: usize) -> Vec<String> {
        let mut lines = vec![self.headline()];
        let (next, error) = (self.next_try.as_deref().unwrap_or_default(), &self.error);
        if next.is_empty() {
            lines.push(error.clone());
        } else if width(next) + 3 + width(error) <= room {
            lines.push(format!("{next} · {error}"));
        } else {
            lines.extend([next.to_owned(), error.clone()]);
        }
        lines
    }

    /// Returns the text in big letters, the longest version that fits.
    fn big_text(&self, room: u16) -> Option<String> {
        let (old, age) = (self.old, crate::tui::wall::view::band::compact_duration(self.age));
        [format!("{old} DATA {age}"), format!("{old} {age}"), old.to_owned()]
            .into_iter()
            .find(|text| big::width(text, 1) <= room)
    }
}
