//! Reads the incidents of `--from`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;

use super::super::args::IncidentList;
use super::super::failure::{Failure, io_error_text};
use super::super::value::IncidentRef;
use crate::model::text::SafeText;
use crate::model::{IncidentId, IncidentNumber};

/// The maximum size of the input in bytes: some ten thousand rows of JSON.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// An incident in a line of `list --json`, `list --format jsonl` or `events`.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    number: Option<IncidentNumber>,
    #[serde(default)]
    id: Option<IncidentId>,
}

/// Reads incidents from a file, or from standard input if it is `-`: one a line, as a number or an
/// id with anything after it, or as an object with `number` or `id`. Empty lines are none.
pub(super) fn read(from: &Path) -> Result<Vec<IncidentRef>, Failure> {
    let is_stdin = from == Path::new("-");
    let name = if is_stdin {
        "standard input".to_owned()
    } else {
        SafeText::from(from.to_string_lossy()).to_string()
    };
    let unreadable = |error: &io::Error| {
        let reason = io_error_text(error);
        Failure::failed(format!("can't read {name}: {reason}: name a file with numbers, or -"))
    };
    let mut bytes = Vec::new();
    let read = if is_stdin {
        io::stdin().lock().take(MAX_BYTES).read_to_end(&mut bytes)
    } else {
        let file = File::open(from).map_err(|error| unreadable(&error))?;
        file.take(MAX_BYTES).read_to_end(&mut bytes)
    };
    read.map_err(|error| unreadable(&error))?;
    parse(&String::from_utf8_lossy(&bytes), &name)
}

fn parse(text: &str, name: &str) -> Result<Vec<IncidentRef>, Failure> {
    let mut incidents = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let list = if line.starts_with('{') { parse_json(line) } else { parse_number(line) };
        let Some(list) = list else {
            return Err(Failure::failed(format!(
                "line {} of {name} names no incident: begin it with a number such as INC-12",
                index + 1
            )));
        };
        incidents.extend(list);
    }
    Ok(incidents)
}

fn parse_json(line: &str) -> Option<Vec<IncidentRef>> {
    let Line { number, id } = serde_json::from_str(line).ok()?;
    let named = number.map(IncidentRef::Number).or(id.map(IncidentRef::Id))?;
    Some(vec![named])
}

fn parse_number(line: &str) -> Option<Vec<IncidentRef>> {
    let first = line.split([' ', '\t', ';']).next()?;
    first.trim_end_matches(',').parse::<IncidentList>().ok().map(|list| list.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbers_or_rows() {
        let text = "12\n\n INC-14  P1 triggered\n{\"number\":15,\"title\":\"x\"}\n16,17\n";
        let read = parse(text, "x").unwrap();
        let expected =
            [12, 14, 15, 16, 17].map(|number| IncidentRef::Number(IncidentNumber(number)));
        assert_eq!(read, expected);
        let wrong = parse("12\nno number\n", "x").unwrap_err();
        assert_eq!(
            wrong.message,
            "line 2 of x names no incident: begin it with a number such as INC-12"
        );
        assert!(parse("{\"title\":\"x\"}", "x").is_err());
    }
}
