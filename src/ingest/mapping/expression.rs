//! A field of a mapping: the sources of its text, and its replacements.

use toml::Spanned;
use toml::de::DeValue;

use super::path::{Path, Scope};
use super::table::ValueTable;
use super::template::Template;
use crate::model::text::sanitize;

/// The most alternatives of a field.
const MAX_ALTERNATIVES: usize = 20;
/// The most entries of a table of values.
const MAX_TABLE: usize = 100;

/// The reason why something in a definition can't be used, and where in its text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DefinitionError {
    /// The position in the text, in bytes.
    pub offset: usize,
    /// The error, as the second half of a sentence.
    pub problem: String,
}

/// A field of a mapping.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Expression {
    alternatives: Vec<Alternative>,
    table: ValueTable,
    default: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Alternative {
    Path(Path),
    Template(Template<Path>),
    Constant(String),
}

/// The text of a field, and where it was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Found {
    /// The text.
    pub(super) text: String,
    /// The path, the template or the constant.
    pub(super) from: String,
}

/// A text for which a table has nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Unmatched {
    /// The text as it was found.
    pub(super) found: Found,
}

impl Expression {
    /// Reads a field: one text, a list of them of which the first that is found counts, or a table with
    /// `from`, `is` and `default`.
    pub(super) fn from_toml(value: &Spanned<DeValue<'_>>) -> Result<Self, DefinitionError> {
        let Some(table) = value.get_ref().as_table() else {
            let alternatives = alternatives(value)?;
            return Ok(Self { alternatives, table: ValueTable::default(), default: None });
        };
        let mut field =
            Self { alternatives: Vec::new(), table: ValueTable::default(), default: None };
        for (key, value) in table {
            let name: &str = key.get_ref();
            match name {
                "from" => field.alternatives = alternatives(value)?,
                "is" => field.table = value_table(value)?,
                "default" => field.default = Some(text(value)?),
                other => {
                    let other = sanitize(other);
                    let problem = format!("has {other:?}: use from, is and default");
                    return Err(DefinitionError { offset: key.span().start, problem });
                }
            }
        }
        if field.alternatives.is_empty() && field.default.is_none() {
            return Err(error(value, "says nothing: add from, with a path"));
        }
        Ok(field)
    }

    /// Returns the text of the field; `None` if there is none.
    ///
    /// # Errors
    /// There is a table of values, and it has nothing for the text.
    pub(super) fn find(&self, scope: &Scope<'_>) -> Result<Option<Found>, Unmatched> {
        let default = || {
            let text = self.default.clone()?;
            Some(Found { text, from: "default".to_owned() })
        };
        let Some(found) = self.alternatives.iter().find_map(|one| one.find(scope)) else {
            return Ok(default());
        };
        if self.table.is_empty() {
            return Ok(Some(found));
        }
        match self.table.value(&found.text) {
            Some(value) => {
                let from = format!("{}: {:?}", found.from, sanitize(&found.text));
                Ok(Some(Found { text: value.to_owned(), from }))
            }
            None => default().map(Some).ok_or(Unmatched { found }),
        }
    }

    /// Returns the texts that the field can have by its table, and as its default.
    pub(super) fn fixed_texts(&self) -> impl Iterator<Item = &str> {
        let constants = self.alternatives.iter().filter_map(|one| match one {
            Alternative::Constant(text) if self.table.is_empty() => Some(text.as_str()),
            _ => None,
        });
        self.table.values().chain(self.default.as_deref()).chain(constants)
    }
}

impl Alternative {
    /// Parses a path, a template (a text with braces) or a constant (`=text`).
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(constant) = text.strip_prefix('=') {
            return Ok(Self::Constant(constant.trim().to_owned()));
        }
        if text.contains(['{', '}']) {
            return Template::parse(text, Path::parse).map(Self::Template);
        }
        Path::parse(text).map(Self::Path)
    }

    fn find(&self, scope: &Scope<'_>) -> Option<Found> {
        match self {
            Self::Path(path) => {
                let text = path.text(scope)?;
                Some(Found { text, from: path.as_str().to_owned() })
            }
            Self::Template(template) => {
                let text = template.fill(|path| path.text(scope))?;
                Some(Found { text, from: template.as_str().to_owned() })
            }
            Self::Constant(text) => Some(Found { text: text.clone(), from: "always".to_owned() }),
        }
    }
}

/// Returns the error for a value.
pub(super) fn error(value: &Spanned<DeValue<'_>>, problem: impl Into<String>) -> DefinitionError {
    DefinitionError { offset: value.span().start, problem: problem.into() }
}

/// Reads a text.
pub(super) fn text(value: &Spanned<DeValue<'_>>) -> Result<String, DefinitionError> {
    let text = value.get_ref().as_str().ok_or_else(|| error(value, "is not text in quotes"))?;
    Ok(text.to_owned())
}

/// Reads a path, or a list of paths.
pub(super) fn paths(value: &Spanned<DeValue<'_>>) -> Result<Vec<Path>, DefinitionError> {
    let parse = |value: &Spanned<DeValue<'_>>| {
        Path::parse(&text(value)?).map_err(|problem| error(value, problem))
    };
    match value.get_ref().as_array() {
        Some(list) if list.len() > MAX_ALTERNATIVES => {
            Err(error(value, format!("has more than {MAX_ALTERNATIVES} paths")))
        }
        Some(list) => list.iter().map(parse).collect(),
        None => Ok(vec![parse(value)?]),
    }
}

fn alternatives(value: &Spanned<DeValue<'_>>) -> Result<Vec<Alternative>, DefinitionError> {
    let parse = |value: &Spanned<DeValue<'_>>| {
        Alternative::parse(&text(value)?).map_err(|problem| error(value, problem))
    };
    match value.get_ref().as_array() {
        Some(list) if list.is_empty() => Err(error(value, "is empty: add a path")),
        Some(list) if list.len() > MAX_ALTERNATIVES => {
            Err(error(value, format!("has more than {MAX_ALTERNATIVES} alternatives")))
        }
        Some(list) => list.iter().map(parse).collect(),
        None => Ok(vec![parse(value)?]),
    }
}

fn value_table(value: &Spanned<DeValue<'_>>) -> Result<ValueTable, DefinitionError> {
    let table = value.get_ref().as_table();
    let table = table
        .ok_or_else(|| error(value, "is no table: write one such as { \"0\" = \"resolved\" }"))?;
    if table.len() > MAX_TABLE {
        return Err(error(value, format!("has more than {MAX_TABLE} entries")));
    }
    let mut entries = Vec::new();
    for (key, value) in table {
        let name: &str = key.get_ref();
        entries.push((name.to_owned(), text(value)?));
    }
    Ok(ValueTable::new(entries))
}
