//! Pages as tables for people.

use super::super::failure::Failure;
use super::super::out::{Out, Style, StyledLine};
use crate::model::measures::sheet::{Sheet, Table, Tone, Unit};
use crate::model::text::{pad, truncate, width};

/// The greatest width of labels and of texts.
const MAX_TEXT: usize = 48;

/// Prints a page.
pub(super) fn print(out: &mut Out, sheet: &Sheet) -> Result<(), Failure> {
    out.styled_line(&StyledLine::new(
        sheet.headline.as_str(),
        tone_style(sheet.tone, Style::Bold),
    ))?;
    for table in &sheet.tables {
        out.line("")?;
        print_table(out, table)?;
    }
    if !sheet.notes.is_empty() {
        out.line("")?;
    }
    sheet
        .notes
        .iter()
        .try_for_each(|note| out.styled_line(&StyledLine::new(note.as_str(), Style::Dim)))
}

fn tone_style(tone: Tone, otherwise: Style) -> Style {
    if tone == Tone::Worse { Style::Alarm } else { otherwise }
}

fn print_table(out: &mut Out, table: &Table) -> Result<(), Failure> {
    let labels: Vec<String> = table
        .rows
        .iter()
        .map(|row| {
            let thin = if row.is_thin { " (thin)" } else { "" };
            format!("{}{thin}", truncate(row.label.as_str(), MAX_TEXT))
        })
        .collect();
    let first = labels.iter().map(|label| width(label.as_str())).max().unwrap_or(0);
    let first = first.max(width(table.name.as_str()));
    let widths: Vec<usize> = (0..table.columns.len())
        .map(|index| {
            let column = &table.columns[index];
            let cells = table.rows.iter().filter_map(|row| row.cells.get(index));
            let widest = cells.map(|cell| width(cell.show(column.unit))).max().unwrap_or(0);
            widest.max(width(column.name)).min(MAX_TEXT)
        })
        .collect();
    let mut head = StyledLine::new(pad(table.name.as_str(), first), Style::Bold);
    for (column, wide) in table.columns.iter().zip(&widths) {
        head.push(align(column.name, column.unit, *wide), Style::Dim);
    }
    out.styled_line(&head)?;
    for (row, label) in table.rows.iter().zip(&labels) {
        let mut line = StyledLine::new(pad(label.as_str(), first), Style::Plain);
        for ((column, wide), cell) in table.columns.iter().zip(&widths).zip(&row.cells) {
            let text = cell.show(column.unit).into_string();
            line.push(align(&text, column.unit, *wide), tone_style(cell.tone, Style::Plain));
        }
        out.styled_line(&line)?;
    }
    if table.rows.is_empty() {
        out.styled_line(&StyledLine::new("none", Style::Dim))?;
    }
    Ok(())
}

/// Aligns numbers to the right and texts to the left, behind two blanks.
fn align(text: &str, unit: Unit, wide: usize) -> String {
    if unit == Unit::Text {
        return format!("  {}", pad(truncate(text, wide).into_string(), wide));
    }
    format!("  {}{text}", " ".repeat(wide.saturating_sub(width(text))))
}
