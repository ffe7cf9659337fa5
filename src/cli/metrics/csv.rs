//! Pages as comma-separated values, one figure a line.

use super::super::failure::Failure;
use super::super::out::Out;
use super::super::records::csv_line;
use crate::model::measures::sheet::Sheet;

/// Prints the names of the columns.
pub(super) fn print_head(out: &mut Out) -> Result<(), Failure> {
    out.line(csv_line(&["page", "table", "row", "column", "value"].map(str::to_owned)))
}

/// Prints every figure of a page.
pub(super) fn print(out: &mut Out, sheet: &Sheet) -> Result<(), Failure> {
    for table in &sheet.tables {
        for row in &table.rows {
            let mut before = "";
            for (column, cell) in table.columns.iter().zip(&row.cells) {
                // A change follows the figure that has changed.
                let key = match column.name {
                    "change" | "missed" => format!("{before}_{}", column.key()),
                    _ => column.key(),
                };
                if !matches!(column.name, "change" | "missed") {
                    before = column.name;
                }
                let key = key.replace(' ', "_").to_lowercase();
                let cells =
                    [sheet.page.as_str(), &table.name, &row.label, &key, &cell.raw()].map(one_line);
                out.line(csv_line(&cells))?;
            }
        }
    }
    Ok(())
}

/// Returns a text without line breaks, and without characters that a spreadsheet interprets as a
/// formula.
fn one_line(text: &str) -> String {
    let text = text.replace(['\n', '\r', '\t'], " ");
    let is_number = text.parse::<i64>().is_ok();
    if !is_number && text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_texts_and_numbers_are_numbers() {
        let texts = ["=1+1", "-5", "@sum", "a\nb", "checkout"].map(one_line);
        assert_eq!(texts, ["'=1+1", "-5", "'@sum", "a b", "checkout"]);
    }
}
