//! Prints a table of texts with a line of names above it.

use super::failure::Failure;
use super::out::{Out, Style, StyledLine};
use crate::model::text::{SafeText, pad};

/// Prints rows below the names of their columns. Each column is as wide as its widest text.
pub fn print_columns<const N: usize>(
    out: &mut Out,
    head: [&'static str; N],
    rows: impl IntoIterator<Item = [SafeText<'static>; N]>,
) -> Result<(), Failure> {
    let mut all = vec![head.map(SafeText::from)];
    all.extend(rows);
    let widths: Vec<usize> =
        (0..N).map(|column| all.iter().map(|row| row[column].width()).max().unwrap_or(0)).collect();
    for (index, row) in all.iter().enumerate() {
        let cells: Vec<_> =
            row.iter().zip(&widths).map(|(cell, width)| pad(cell, *width)).collect();
        let line = cells.join("  ");
        let style = if index == 0 { Style::Dim } else { Style::Plain };
        out.styled_line(&StyledLine::new(line.trim_end(), style))?;
    }
    Ok(())
}
