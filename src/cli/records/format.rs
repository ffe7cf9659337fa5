//! The formats in which records are printed.

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::super::failure::{Failure, output_failed};
use super::super::json;
use super::super::out::{Out, Style, StyledLine};
use super::columns::Columns;
use super::template::Template;
use crate::model::status::text_enum;
use crate::model::text::{SafeText, pad, truncate, width};
use crate::verbs::value::{EnumParser, TextEnum};

text_enum! {
    /// How records are printed.
    Format, "format" {
        /// Columns for people.
        Table = "table",
        /// One array of objects.
        Json = "json",
        /// One object a line.
        Jsonl = "jsonl",
        /// Comma-separated values, with the names of the columns first.
        Csv = "csv",
        /// A table in Markdown.
        Markdown = "markdown" | "md",
        /// The text of --template for each.
        Template = "template",
    }
}

impl TextEnum for Format {
    fn offered_values() -> Vec<&'static str> {
        Self::ALL.iter().map(|value| value.as_str()).collect()
    }
}

/// Arguments about columns and format.
#[derive(Args, Clone, Debug, Default)]
pub struct FormatArgs {
    /// The columns, by the names of the JSON fields and separated by commas; `assignee.handle` is a
    /// field of a field
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = "Output")]
    pub columns: Vec<String>,
    /// How it is printed
    #[arg(long, value_name = "FORMAT", help_heading = "Output",
          value_parser = EnumParser::<Format>::new())]
    pub format: Option<Format>,
    /// The text for each, such as '{label} {title}'; a brace itself is written twice
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, help_heading = "Output")]
    pub template: Option<String>,
}

impl FormatArgs {
    /// Returns the printer for the arguments; `None` for the default. `json` is the format of
    /// `--json`, if that is given.
    ///
    /// # Errors
    /// A usage failure: options that exclude each other, or a name that is not a column.
    pub fn printer(
        &self,
        json: Option<Format>,
        fields: &[&str],
        default_columns: &[&str],
    ) -> Result<Option<Printer>, Failure> {
        let format = match (self.format, json) {
            (Some(format), Some(json)) if format != json => {
                return Err(Failure::usage("--json is a format too: leave out one of the two"));
            }
            (format, json) => format.or(json),
        };
        if format.is_none() && self.columns.is_empty() && self.template.is_none() {
            return Ok(None);
        }
        let template = match (&self.template, format) {
            (Some(text), None | Some(Format::Template)) => Some(Template::parse(text, fields)?),
            (Some(_), Some(_)) => {
                return Err(Failure::usage("--template is for --format template: leave out one"));
            }
            (None, Some(Format::Template)) => {
                return Err(Failure::usage(
                    "--format template needs a text: --template '{label} {title}'",
                ));
            }
            (None, _) => None,
        };
        let mut columns = Columns::parse(&self.columns, fields)?;
        let is_json = matches!(format, Some(Format::Json | Format::Jsonl));
        if columns.is_empty() && !is_json {
            columns = Columns::fixed(default_columns);
        }
        let default = if template.is_some() { Format::Template } else { Format::Table };
        let format = format.unwrap_or(default);
        Ok(Some(Printer { format, columns, template, widths: None, printed: 0 }))
    }
}

/// Prints records in a format, page by page.
pub struct Printer {
    format: Format,
    columns: Columns,
    template: Option<Template>,
    /// The widths of the columns of a table, from its first page.
    widths: Option<Vec<usize>>,
    printed: u64,
}

/// The greatest width of a column of a table that is not the last.
const MAX_WIDTH: usize = 40;

impl Printer {
    /// Creates the printer of complete records as JSON lines.
    pub fn json_lines() -> Self {
        Self::new(Format::Jsonl, &[])
    }

    /// Creates the printer of a table with these columns.
    pub fn table(columns: &[&str]) -> Self {
        Self::new(Format::Table, columns)
    }

    fn new(format: Format, columns: &[&str]) -> Self {
        let columns = Columns::fixed(columns);
        Self { format, columns, template: None, widths: None, printed: 0 }
    }

    /// Returns whether the format is for people, of which a terminal shows only a part.
    pub fn is_table(&self) -> bool {
        self.format == Format::Table
    }

    /// Returns whether records can be printed one at a time, as they come.
    pub fn is_streamed(&self) -> bool {
        self.format != Format::Json
    }

    /// Prints records.
    ///
    /// # Errors
    /// Standard output can't be written.
    pub fn print<T: Serialize>(&mut self, out: &mut Out, records: &[T]) -> Result<(), Failure> {
        if matches!(self.format, Format::Json | Format::Jsonl) && self.columns.is_empty() {
            return self.print_json(out, records);
        }
        let records: Result<Vec<Value>, _> = records.iter().map(serde_json::to_value).collect();
        let records = records.map_err(|error| output_failed(&error.into()))?;
        match self.format {
            Format::Json | Format::Jsonl => {
                let selected: Vec<Value> =
                    records.iter().map(|record| self.columns.select(record)).collect();
                self.print_json(out, &selected)
            }
            Format::Csv => self.print_lines(out, &records, csv_line),
            Format::Markdown => self.print_markdown(out, &records),
            Format::Table => self.print_table(out, &records),
            Format::Template => {
                for record in &records {
                    let template = self.template.as_ref();
                    for line in template.map(|template| template.lines(record)).unwrap_or_default()
                    {
                        out.line(line)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Ends the output: closes an array, and prints the head of a table without rows.
    ///
    /// # Errors
    /// Standard output can't be written.
    pub fn finish(&mut self, out: &mut Out) -> Result<(), Failure> {
        match self.format {
            Format::Json if self.printed == 0 => out.line("[]"),
            Format::Json => out.line("]"),
            Format::Csv if self.printed == 0 => self.print_lines(out, &[], csv_line),
            Format::Markdown if self.printed == 0 => self.print_markdown(out, &[]),
            _ => Ok(()),
        }
    }

    fn print_json<T: Serialize>(&mut self, out: &mut Out, records: &[T]) -> Result<(), Failure> {
        for record in records {
            if self.format == Format::Json {
                json::print_entry(out, self.printed == 0, record)?;
            } else {
                json::print(out, record)?;
            }
            self.printed += 1;
        }
        Ok(())
    }

    fn print_lines(
        &mut self,
        out: &mut Out,
        records: &[Value],
        line: fn(&[String]) -> String,
    ) -> Result<(), Failure> {
        if self.printed == 0 {
            let names: Vec<String> = self.columns.names().map(str::to_owned).collect();
            out.line(line(&names))?;
        }
        self.printed += 1;
        for record in records {
            out.line(line(&self.columns.cells(record)))?;
        }
        Ok(())
    }

    fn print_markdown(&mut self, out: &mut Out, records: &[Value]) -> Result<(), Failure> {
        if self.printed == 0 {
            let names: Vec<String> = self.columns.names().map(str::to_owned).collect();
            out.line(markdown_line(&names))?;
            out.line(markdown_line(&names.iter().map(|_| "---".to_owned()).collect::<Vec<_>>()))?;
        }
        self.printed += 1;
        for record in records {
            out.line(markdown_line(&self.columns.cells(record)))?;
        }
        Ok(())
    }

    fn print_table(&mut self, out: &mut Out, records: &[Value]) -> Result<(), Failure> {
        let one_line = |cell: String| cell.replace(['\n', '\r'], " ");
        let rows: Vec<Vec<String>> = records
            .iter()
            .map(|record| self.columns.cells(record).into_iter().map(one_line).collect())
            .collect();
        let names: Vec<String> = self.columns.names().map(str::to_uppercase).collect();
        let is_first = self.widths.is_none();
        let widths = self.widths.get_or_insert_with(|| column_widths(&names, &rows)).clone();
        if is_first && !rows.is_empty() {
            print_row(out, &names, &widths, Style::Dim)?;
        }
        self.printed += 1;
        for row in &rows {
            print_row(out, row, &widths, Style::Plain)?;
        }
        Ok(())
    }
}

fn column_widths(names: &[String], rows: &[Vec<String>]) -> Vec<usize> {
    let widest = |index: usize| {
        let cells = rows.iter().filter_map(|row| row.get(index));
        cells.map(|cell| width(cell.as_str())).max().unwrap_or(0)
    };
    let columns = names.iter().enumerate();
    columns.map(|(index, name)| widest(index).min(MAX_WIDTH).max(width(name.as_str()))).collect()
}

/// Prints the cells of a row. The last one is truncated to the terminal's remaining width;
/// elsewhere nothing is.
fn print_row(
    out: &mut Out,
    cells: &[String],
    widths: &[usize],
    style: Style,
) -> Result<(), Failure> {
    let mut line = StyledLine::default();
    let mut used = 0;
    for (index, (cell, column)) in cells.iter().zip(widths).enumerate() {
        let cell = SafeText::from(cell.as_str());
        if index + 1 == cells.len() {
            let cell = match out.width() {
                Some(columns) => truncate(cell, columns.saturating_sub(used).max(1)),
                None => cell,
            };
            line.push(cell, style);
        } else {
            let cell = if out.width().is_some() { truncate(cell, *column) } else { cell };
            let cell = pad(cell, *column);
            used += width(&*cell) + 2;
            line.push(cell, style);
            line.push("  ", Style::Plain);
        }
    }
    out.styled_line(&line)
}

/// Returns a line of comma-separated values (RFC 4180).
pub fn csv_line(cells: &[String]) -> String {
    let quote = |cell: &String| {
        if cell.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.clone()
        }
    };
    cells.iter().map(quote).collect::<Vec<_>>().join(",")
}

/// Returns a row of a table in Markdown.
fn markdown_line(cells: &[String]) -> String {
    let cell =
        |cell: &String| cell.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ");
    format!("| {} |", cells.iter().map(cell).collect::<Vec<_>>().join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_as_the_format_needs() {
        let cells =
            ["a,b".to_owned(), "say \"x\"".to_owned(), "plain".to_owned(), "a|b".to_owned()];
        assert_eq!(csv_line(&cells), "\"a,b\",\"say \"\"x\"\"\",plain,a|b");
        assert_eq!(markdown_line(&cells), "| a,b | say \"x\" | plain | a\\|b |");
    }
}
