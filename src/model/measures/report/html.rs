//! A report as one file of HTML.

use super::super::sheet::{Cell, Column, Row, Sheet, Table, Tone, Unit};
use super::chart;
use super::markdown::MeasuresReport;
use super::records::Part;
use super::style::STYLE_SHEET;
use crate::model::html::{escape, head_title};

/// The most characters of a text that stays on one line, such as a number of an incident or a day.
const MAX_SHORT: usize = 20;

impl MeasuresReport<'_> {
    /// Returns the report as one file of HTML, with charts as SVG. Text from outside is escaped.
    #[must_use]
    pub fn to_html(&self) -> String {
        let title = escape(&self.title());
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n\
             <style>\n{STYLE_SHEET}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{}</p>\n",
            head_title(&self.title()),
            escape(&self.about())
        );
        for (index, sheet) in self.sheets().iter().enumerate() {
            self.push_sheet(sheet, &mut out);
            if index == 0 {
                self.parts().iter().for_each(|part| push_part(part, &mut out));
            }
        }
        out.push_str("</main>\n</body>\n</html>\n");
        out
    }

    fn push_sheet(&self, sheet: &Sheet, out: &mut String) {
        let name = escape(sheet.page.as_str());
        out.extend([format!("<section>\n<h2>{name}</h2>\n<p{}>", class_of(sheet.tone))]);
        out.extend([format!("{}</p>\n", escape(&sheet.headline))]);
        out.push_str(&chart::charts(sheet.page, self.pages));
        for table in &sheet.tables {
            push_table(table, out);
        }
        for note in &sheet.notes {
            out.extend([format!("<p class=\"note\">{}</p>\n", escape(note))]);
        }
        out.push_str("</section>\n");
    }
}

fn push_part(part: &Part, out: &mut String) {
    out.extend([format!("<section>\n<h2>{}</h2>\n", escape(part.title))]);
    if part.table.rows.is_empty() {
        out.extend([format!("<p class=\"note\">{}</p>\n", escape(part.empty))]);
    } else {
        push_table(&part.table, out);
    }
    out.push_str("</section>\n");
}

/// Returns the attribute by which a tone is coloured.
fn class_of(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Better => " class=\"better\"",
        Tone::Worse => " class=\"worse\"",
    }
}

fn push_table(table: &Table, out: &mut String) {
    let has_bars = table.rows.iter().any(|row| row.bar.is_some());
    out.push_str("<div class=\"wide\">\n<table>\n<thead>\n<tr><th scope=\"col\">");
    out.extend([format!("{}</th>", escape(&table.name))]);
    if has_bars {
        out.push_str("<td></td>");
    }
    for column in &table.columns {
        let class = if column.unit == Unit::Text { "" } else { " class=\"number\"" };
        out.extend([format!("<th scope=\"col\"{class}>{}</th>", escape(column.name))]);
    }
    out.push_str("</tr>\n</thead>\n<tbody>\n");
    for row in &table.rows {
        push_row(table, row, has_bars, out);
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
}

fn push_row(table: &Table, row: &Row, has_bars: bool, out: &mut String) {
    let thin = if row.is_thin { " <small>thin</small>" } else { "" };
    out.extend([format!("<tr><th scope=\"row\">{}{thin}</th>", escape(&row.label))]);
    if has_bars {
        out.extend([format!("<td>{}</td>", row.bar.map(chart::bar).unwrap_or_default())]);
    }
    for (column, cell) in table.columns.iter().zip(&row.cells) {
        push_cell(column, cell, out);
    }
    out.push_str("</tr>\n");
}

fn push_cell(column: &Column, cell: &Cell, out: &mut String) {
    let text = cell.show(column.unit);
    let mut classes = Vec::new();
    if column.unit != Unit::Text {
        classes.push("number");
    } else if text.as_str().chars().count() <= MAX_SHORT {
        classes.push("short");
    }
    match cell.tone {
        Tone::Plain => {}
        Tone::Better => classes.push("better"),
        Tone::Worse => classes.push("worse"),
    }
    let class = if classes.is_empty() {
        String::new()
    } else {
        format!(" class=\"{}\"", classes.join(" "))
    };
    out.extend([format!("<td{class}>{}</td>", escape(text.as_str()))]);
}
