//! Says that the data is old: louder with age, in words, reversed, and bigger; never by colour alone.

use chrono::TimeDelta;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::model::text::{shown, width};

use super::super::super::app::App;
use super::super::super::wall::{Loudness, Outage};
use super::{big, centred, span};

/// With fewer rows, big letters would leave nothing of the picture.
const BIG_FROM: u16 = 22;

/// Draws the banner on top of `area`, and says how many rows it took.
pub(super) fn draw(app: &App, outage: &Outage, area: Rect, buffer: &mut Buffer) -> u16 {
    let room = usize::from(area.width);
    let age = app.now - outage.since;
    let letters = letters(age, area.width.saturating_sub(4));
    let (rows, big) = match outage.loud {
        Loudness::Line => (1, None),
        Loudness::Big if area.height >= BIG_FROM && letters.is_some() => (10, letters),
        _ if area.height >= 14 => (4, None),
        _ => (2, None),
    };
    let bar = Rect { height: rows.min(area.height), ..area };
    let style = app.theme.alarm().add_modifier(Modifier::BOLD);
    for place in bar.positions() {
        if let Some(cell) = buffer.cell_mut(place) {
            cell.set_symbol(" ").set_style(style);
        }
    }
    let at = |row: u16| Rect { y: bar.y + row, height: 1, ..bar };
    let what = format!("OLD DATA: as it was {} ago, at {}", span(age), clock(outage, app));
    let why = why(outage, app);
    match (rows, big) {
        (_, Some(text)) => {
            let x = bar.x + (bar.width.saturating_sub(big::width(&text, 1))) / 2;
            big::draw(&text, style, 1, Rect { x, y: bar.y + 1, height: big::HIGH, ..bar }, buffer);
            centred(&what, style, at(7), buffer);
            centred(&why, style, at(8), buffer);
        }
        (4, None) => {
            centred(&what, style, at(1), buffer);
            centred(&why, style, at(2), buffer);
        }
        (2, None) => {
            centred(&what, style, at(0), buffer);
            centred(&why, style, at(1), buffer);
        }
        _ => {
            let brief = format!("OLD DATA {} since {}", span(age), clock(outage, app));
            let all = format!("{what} · {why}");
            let fits = width(&all) + 4 <= room;
            let text = if fits { all } else { format!("{brief} · {why}") };
            let text = if width(&text) <= room || room >= 60 { text } else { brief };
            centred(&text, style, at(0), buffer);
        }
    }
    // A blank row, so that what is below stands apart.
    bar.height + u16::from(area.height >= 20)
}

/// What is written big, by how much room there is.
fn letters(age: TimeDelta, room: u16) -> Option<String> {
    let age = super::band::span(age);
    [format!("OLD DATA {age}"), format!("OLD {age}"), "OLD".to_owned()]
        .into_iter()
        .find(|text| big::width(text, 1) <= room)
}

fn clock(outage: &Outage, app: &App) -> String {
    let same_day = outage.since.date_naive() == app.now.date_naive();
    let form = if same_day { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" };
    outage.since.format(form).to_string()
}

/// Why, and what happens next. The next try is told by the clock, which needs no counting down.
fn why(outage: &Outage, app: &App) -> String {
    let said = match &outage.said {
        Some(said) => shown(said).into_owned(),
        None => {
            let name = app.capabilities.as_ref().map_or(app.place.as_str(), |c| c.name.as_str());
            format!("{} does not answer", shown(name))
        }
    };
    match outage.retry_at {
        Some(at) => format!("next try {} · {said}", at.format("%H:%M:%S")),
        None => said,
    }
}
