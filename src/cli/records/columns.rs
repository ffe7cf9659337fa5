//! Columns: the fields of a record that are printed, by name.

use serde_json::{Map, Value};

use super::super::failure::Failure;
use crate::config::suggestion;
use crate::model::text::SafeText;

/// The columns to print. A name with a dot, such as `assignee.handle`, is a field of a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Columns(Vec<String>);

impl Columns {
    /// Checks the names of columns; `fields` are those that records have.
    ///
    /// # Errors
    /// A usage failure with the first name that is not a column.
    pub fn parse(names: &[String], fields: &[&str]) -> Result<Self, Failure> {
        let names: Vec<String> = names
            .iter()
            .flat_map(|name| name.split(','))
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        for name in &names {
            check(name, fields)?;
        }
        Ok(Self(names))
    }

    /// Creates columns from names that are known to be fields.
    pub fn fixed(names: &[&str]) -> Self {
        Self(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// Returns whether no column is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Returns the text of each column of a record.
    pub fn cells(&self, record: &Value) -> Vec<String> {
        self.names().map(|name| text(find(record, name))).collect()
    }

    /// Returns an object with the columns of a record alone.
    pub fn select(&self, record: &Value) -> Value {
        let field = |name: &str| (name.to_owned(), find(record, name).clone());
        Value::Object(self.names().map(field).collect::<Map<_, _>>())
    }
}

/// Refuses a name that is none of the fields.
pub(super) fn check(name: &str, fields: &[&str]) -> Result<(), Failure> {
    let first = name.split('.').next().unwrap_or(name);
    if fields.contains(&first) {
        return Ok(());
    }
    let name = SafeText::from(name);
    Err(Failure::usage(format!("there is no column {name:?}: {}", suggestion(first, fields))))
}

/// Returns the value of a field, or of a field of a field; null if the record has none.
pub(super) fn find<'a>(record: &'a Value, name: &str) -> &'a Value {
    name.split('.').fold(record, |value, part| match part.parse::<usize>() {
        Ok(index) if value.is_array() => &value[index],
        _ => &value[part],
    })
}

/// Returns a value as a text for a cell: nothing for null, and the entries of a list with commas.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(entries) if !entries.iter().any(Value::is_object) => {
            entries.iter().map(text).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_fields_and_fields_of_fields() {
        let names = ["number, assignee.handle".to_owned(), "services".to_owned()];
        let columns = Columns::parse(&names, &["number", "assignee", "services"]).unwrap();
        let record = json!({"number": 12, "assignee": {"handle": "ines"}, "services": ["a", "b"]});
        assert_eq!(columns.cells(&record), ["12", "ines", "a, b"]);
        let selected = json!({"number": 12, "assignee.handle": "ines", "services": ["a", "b"]});
        assert_eq!(columns.select(&record), selected);
        assert_eq!(columns.cells(&json!({"assignee": null})), ["", "", ""]);
        let wrong = Columns::parse(&["titel".to_owned()], &["number", "title"]).unwrap_err();
        assert_eq!(wrong.message, "there is no column \"titel\": did you mean title?");
    }
}
