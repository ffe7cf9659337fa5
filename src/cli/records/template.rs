//! Templates: a line of text with the names of columns in braces.

use serde_json::Value;

use super::super::failure::Failure;
use super::columns::{check, find, text};

/// A parsed template, such as `{label} {title}`. A brace itself is written twice; `\n` and `\t` are
/// a line break and a tab.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template(Vec<Part>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Text(String),
    Field(String),
}

impl Template {
    /// Parses a template; `fields` are those that records have.
    ///
    /// # Errors
    /// A usage failure: a name that is no field, or a brace that is not closed.
    pub fn parse(source: &str, fields: &[&str]) -> Result<Self, Failure> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut chars = source.chars().peekable();
        while let Some(ch) = chars.next() {
            match ch {
                '{' | '}' if chars.peek() == Some(&ch) => {
                    chars.next();
                    plain.push(ch);
                }
                '{' => {
                    let mut name = String::new();
                    loop {
                        match chars.next() {
                            Some('}') => break,
                            Some(ch) => name.push(ch),
                            None => return Err(unclosed()),
                        }
                    }
                    check(name.trim(), fields)?;
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                    parts.push(Part::Field(name.trim().to_owned()));
                }
                '}' => return Err(unclosed()),
                '\\' => match chars.next() {
                    Some('n') => plain.push('\n'),
                    Some('t') => plain.push('\t'),
                    Some(other) => plain.push(other),
                    None => plain.push('\\'),
                },
                other => plain.push(other),
            }
        }
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }

    /// Returns the lines of a record.
    pub fn lines(&self, record: &Value) -> Vec<String> {
        // Only the line breaks of the template itself begin a new line.
        let mut lines = vec![String::new()];
        for part in &self.0 {
            match part {
                Part::Text(plain) => {
                    for (index, segment) in plain.split('\n').enumerate() {
                        if index > 0 {
                            lines.push(String::new());
                        }
                        if let Some(last) = lines.last_mut() {
                            last.push_str(segment);
                        }
                    }
                }
                Part::Field(name) => {
                    if let Some(last) = lines.last_mut() {
                        last.push_str(&text(find(record, name)));
                    }
                }
            }
        }
        lines
    }
}

fn unclosed() -> Failure {
    Failure::usage(
        "the template has a brace without its other one: write {title}, and a brace itself twice",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_filled_in_and_only_the_template_breaks_lines() {
        let fields = ["label", "title", "assignee"];
        let template =
            Template::parse("{{{label}}}\\t{title}\\n{assignee.handle}", &fields).unwrap();
        let record = json!({"label": "INC-1", "title": "a\nb", "assignee": {"handle": "ines"}});
        assert_eq!(template.lines(&record), ["{INC-1}\ta\nb", "ines"]);
        assert!(Template::parse("{titel}", &fields).is_err());
        assert!(Template::parse("title}", &fields).is_err());
        assert!(Template::parse("{title", &fields).is_err());
    }
}
