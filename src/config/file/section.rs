//! A table of the settings file while it is read: every setting is requested by its key, and
//! unrequested keys are reported.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::position::{Lines, offset_in_literal};
use crate::config::diagnostics::{FilePosition, Warning};
use crate::config::nearest;
use crate::model::check;
use crate::model::filter::Filter;
use crate::model::text::{sanitize, truncate};
use crate::model::time::parse_duration;

/// The text of the file, with the warnings and positions that are collected while it is read.
pub(super) struct Source<'a> {
    path: Arc<Path>,
    lines: Lines<'a>,
    warnings: RefCell<Vec<Warning>>,
    positions: RefCell<BTreeMap<String, FilePosition>>,
    /// Settings that exist and that this file does not set, for the test of the sample.
    #[cfg(test)]
    pub(super) unset: RefCell<BTreeSet<String>>,
}

/// The reason why a value can't be used, and where in the file.
pub(super) struct InvalidValue {
    pub(super) offset: usize,
    pub(super) text: String,
}

pub(super) type ValueResult<T> = Result<T, InvalidValue>;

impl<'a> Source<'a> {
    pub(super) fn new(path: &Arc<Path>, text: &'a str) -> Self {
        Self {
            path: Arc::clone(path),
            lines: Lines::new(text),
            warnings: RefCell::default(),
            positions: RefCell::default(),
            #[cfg(test)]
            unset: RefCell::default(),
        }
    }

    pub(super) fn position_at(&self, offset: usize) -> FilePosition {
        let (line, column) = self.lines.line_and_column(offset);
        FilePosition { file: Arc::clone(&self.path), line, column }
    }

    pub(super) fn warn(&self, offset: usize, text: &str) {
        self.warnings.borrow_mut().push(Warning::new(self.position_at(offset), text));
    }

    /// Returns the number of warnings so far.
    pub(super) fn warning_count(&self) -> usize {
        self.warnings.borrow().len()
    }

    /// Returns the first warning, in the file's order, of those that came after the first `count`.
    pub(super) fn first_warning_after(&self, count: usize) -> Option<Warning> {
        self.warnings.borrow().get(count..)?.iter().min().cloned()
    }

    /// Returns the value, or `None` after adding a warning.
    pub(super) fn ok_or_warn<T>(&self, result: ValueResult<T>) -> Option<T> {
        result.map_err(|error| self.warn(error.offset, &error.text)).ok()
    }

    /// Records the position of a setting.
    pub(super) fn record_position(&self, name: impl Into<String>, offset: usize) {
        self.positions.borrow_mut().insert(name.into(), self.position_at(offset));
    }

    /// Returns the warnings in the order of the file, and the position of each setting.
    pub(super) fn into_parts(self) -> (Vec<Warning>, BTreeMap<String, FilePosition>) {
        let mut warnings = self.warnings.into_inner();
        warnings.sort();
        (warnings, self.positions.into_inner())
    }
}

/// A table of the file.
pub(super) struct Section<'a> {
    pub(super) source: &'a Source<'a>,
    table: &'a DeTable<'a>,
    /// The full name, such as `levels.p1`; empty at the top.
    name: String,
    /// The beginning of the table, for warnings about missing keys.
    pub(super) offset: usize,
    read_keys: BTreeSet<&'static str>,
}

impl<'a> Section<'a> {
    pub(super) fn top(source: &'a Source<'a>, table: &'a DeTable<'a>) -> Self {
        Self { source, table, name: String::new(), offset: 0, read_keys: BTreeSet::new() }
    }

    fn full_name(&self, key: &str) -> String {
        let key = format_key(key);
        if self.name.is_empty() { key } else { format!("{}.{key}", self.name) }
    }

    /// Returns whether a key has a value, which is read elsewhere.
    pub(super) fn contains(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Returns the value of a key, if there is one.
    pub(super) fn get(&mut self, key: &'static str) -> Option<Value<'a>> {
        self.read_keys.insert(key);
        let value = self.table.get(key)?;
        Some(Value { source: self.source, spanned: value, name: self.full_name(key) })
    }

    /// Reads the value of a key. A wrong value is reported, and the result is `None`.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Value<'a>) -> ValueResult<T>,
    ) -> Option<T> {
        let value = self.get(key)?;
        let parsed = self.source.ok_or_warn(read(&value))?;
        self.source.record_position(value.name.clone(), value.offset());
        Some(parsed)
    }

    /// As [`Self::read`], for a value that must not be missing.
    pub(super) fn require<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Value<'a>) -> ValueResult<T>,
    ) -> Option<T> {
        if self.get(key).is_none() {
            let text = format!("{} is missing: add it, or remove this entry", self.full_name(key));
            self.source.warn(self.offset, &text);
            return None;
        }
        self.read(key, read)
    }

    /// Returns the table of a key.
    pub(super) fn section(&mut self, key: &'static str) -> Option<Section<'a>> {
        let value = self.get(key)?;
        self.source.ok_or_warn(value.section())
    }

    /// Returns the tables in the list of a key. An item that is no table is reported and left out.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Section<'a>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(list) = self.source.ok_or_warn(value.list_of("tables, each under [[…]]")) else {
            return Vec::new();
        };
        list.iter().filter_map(|value| self.source.ok_or_warn(value.section())).collect()
    }

    /// Returns all entries in the order of the file, for a table whose keys are free to choose.
    pub(super) fn entries(&self) -> Vec<(&'a str, usize, Value<'a>)> {
        let mut entries: Vec<_> = self
            .table
            .iter()
            .map(|(key, value)| {
                let name: &str = key.get_ref();
                let full_name = self.full_name(name);
                let value = Value { source: self.source, spanned: value, name: full_name };
                (name, key.span().start, value)
            })
            .collect();
        entries.sort_by_key(|entry| entry.1);
        entries
    }

    /// Reports the keys that nobody requested. Returns whether there are none.
    pub(super) fn finish(self) -> bool {
        let mut is_clean = true;
        let read_keys: Vec<&str> = self.read_keys.iter().copied().collect();
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if !self.read_keys.contains(name) {
                is_clean = false;
                let suggestion = nearest::suggestion(name, &read_keys);
                let text = format!("{} is not a setting: {suggestion}", self.full_name(name));
                self.source.warn(key.span().start, &text);
            }
        }
        #[cfg(test)]
        for key in read_keys.iter().filter(|key| !self.table.contains_key(**key)) {
            self.source.unset.borrow_mut().insert(self.full_name(key));
        }
        is_clean
    }
}

/// A value with its full name.
pub(super) struct Value<'a> {
    pub(super) source: &'a Source<'a>,
    spanned: &'a Spanned<DeValue<'a>>,
    name: String,
}

impl<'a> Value<'a> {
    pub(super) fn offset(&self) -> usize {
        self.spanned.span().start
    }

    /// Returns the value as it was parsed.
    pub(super) fn parsed(&self) -> &'a Spanned<DeValue<'a>> {
        self.spanned
    }

    pub(super) fn position(&self) -> FilePosition {
        self.source.position_at(self.offset())
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns why the value can't be used; `problem` follows its name.
    pub(super) fn invalid(&self, problem: impl AsRef<str>) -> InvalidValue {
        let text = format!("{} {}", self.name, problem.as_ref());
        InvalidValue { offset: self.offset(), text }
    }

    fn expected(&self, expected: &str) -> InvalidValue {
        self.invalid(format!("is {}: write {expected}", kind_name(self.spanned.get_ref())))
    }

    /// Returns the offset in the file of a byte of the value's text.
    pub(super) fn offset_in(&self, text: &str, at: usize) -> usize {
        let span = self.spanned.span();
        let literal = self.source.lines.text().get(span.clone()).unwrap_or_default();
        span.start + offset_in_literal(literal, text, at)
    }

    /// Reads a text, which may be empty.
    pub(super) fn text(&self) -> ValueResult<&'a str> {
        let expected = "text in quotes";
        self.spanned.get_ref().as_str().ok_or_else(|| self.expected(expected))
    }

    /// Reads a text on one line that is not empty and has at most 100 characters.
    pub(super) fn short_text(&self) -> ValueResult<String> {
        let text = self.text()?;
        check::name("", text).map_err(|error| self.invalid(error.problem.to_string()))?;
        Ok(text.to_owned())
    }

    /// Reads a URL.
    pub(super) fn url(&self) -> ValueResult<reqwest::Url> {
        let url = self.text()?.parse();
        url.map_err(|_| self.invalid("is no URL: write one such as \"https://example.org\""))
    }

    pub(super) fn flag(&self) -> ValueResult<bool> {
        self.spanned
            .get_ref()
            .as_bool()
            .ok_or_else(|| self.expected("true or false, without quotes"))
    }

    /// Reads one of several words.
    pub(super) fn one_of<T: Copy>(
        &self,
        choices: &[T],
        as_str: impl Fn(T) -> &'static str,
    ) -> ValueResult<T> {
        let names: Vec<&str> = choices.iter().map(|choice| as_str(*choice)).collect();
        let expected = || format!("one of {} in quotes", names.join(", "));
        let text = self.spanned.get_ref().as_str().ok_or_else(|| self.expected(&expected()))?;
        let found =
            choices.iter().copied().find(|choice| as_str(*choice).eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let shown = truncate(text, 40);
            self.invalid(format!("is {shown:?}: {}", nearest::suggestion(text, &names)))
        })
    }

    /// Reads a duration, such as `5m`.
    pub(super) fn duration(&self) -> ValueResult<TimeDelta> {
        let expected = "a time such as \"30m\", \"2h\" or \"7d\"";
        let text = self.spanned.get_ref().as_str().ok_or_else(|| self.expected(expected))?;
        parse_duration(text).ok_or_else(|| {
            let shown = truncate(text, 40);
            self.invalid(format!("is {shown:?}: write {expected}"))
        })
    }

    /// Reads a duration above zero.
    pub(super) fn positive_duration(&self) -> ValueResult<TimeDelta> {
        let duration = self.duration()?;
        if duration > TimeDelta::zero() {
            Ok(duration)
        } else {
            Err(self.invalid("is no time at all: write a time above 0"))
        }
    }

    /// Reads a filter. Errors in it are reported with their position in the file.
    pub(super) fn filter(&self) -> ValueResult<Filter> {
        let text = self.text()?;
        text.parse().map_err(|error: crate::model::filter::FilterError| InvalidValue {
            offset: self.offset_in(text, error.range.start),
            text: format!("{}: {error}", self.name),
        })
    }

    /// Reads a text of exactly one character, which is neither a blank nor a control character.
    pub(super) fn character(&self) -> ValueResult<char> {
        let text = self.text()?;
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(one), None) if !one.is_control() && !one.is_whitespace() => Ok(one),
            _ => Err(self.invalid("is not one character: write a key such as \"m\"")),
        }
    }

    /// Returns whether the value is a table.
    pub(super) fn is_table(&self) -> bool {
        self.spanned.get_ref().as_table().is_some()
    }

    /// Reads a whole number within a range.
    pub(super) fn count(&self, range: std::ops::RangeInclusive<u32>) -> ValueResult<u32> {
        let expected = || format!("a number from {} to {}", range.start(), range.end());
        let number = match self.spanned.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => return Err(self.expected(&expected())),
        };
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| self.invalid(format!("is out of range: write {}", expected())))
    }

    /// Reads the text of a time, with or without a zone.
    pub(super) fn time_text(&self) -> ValueResult<String> {
        match self.spanned.get_ref() {
            DeValue::Datetime(time) => Ok(time.to_string()),
            DeValue::String(text) => Ok(text.to_string()),
            _ => Err(self.expected("a time such as 2026-03-02T09:00:00Z")),
        }
    }

    /// Reads a point in time, written as a TOML time or as text.
    pub(super) fn time(&self) -> ValueResult<chrono::DateTime<chrono::Utc>> {
        let text = self.time_text()?;
        let time = chrono::DateTime::parse_from_rfc3339(&text).map_err(|_| {
            self.invalid("is not a time with a zone: write one such as 2026-03-02T09:00:00Z")
        })?;
        let time = time.with_timezone(&chrono::Utc);
        check::time("", time).map_err(|error| self.invalid(format!("is {}", error.problem)))?;
        Ok(time)
    }

    /// Reads a decimal number, written as a number or as text. Returns its text.
    pub(super) fn decimal(&self) -> ValueResult<String> {
        match self.spanned.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(number) => Ok(number.as_str().to_owned()),
            DeValue::Float(number) => Ok(number.as_str().to_owned()),
            _ => Err(self.expected("a number in quotes")),
        }
    }

    fn list_of(&self, expected: &str) -> ValueResult<Vec<Value<'a>>> {
        let list = self.spanned.get_ref().as_array();
        let list = list.ok_or_else(|| self.expected(&format!("a list of {expected}")))?;
        let (source, name) = (self.source, &self.name);
        Ok(list.iter().map(|value| Value { source, spanned: value, name: name.clone() }).collect())
    }

    /// Returns the values of a list.
    pub(super) fn list(&self) -> ValueResult<Vec<Value<'a>>> {
        self.list_of("values in [ ]")
    }

    /// Returns the values of a list, or the single value without brackets.
    pub(super) fn one_or_more(&self) -> Vec<Value<'a>> {
        self.list().unwrap_or_else(|_| {
            vec![Value { source: self.source, spanned: self.spanned, name: self.name.clone() }]
        })
    }

    /// Reads a list of names without duplicates, each with its offset.
    pub(super) fn names(&self) -> ValueResult<Vec<(String, usize)>> {
        let mut names: Vec<(String, usize)> = Vec::new();
        for value in self.list_of("names in quotes")? {
            let name = value.short_text()?;
            if names.iter().any(|(other, _)| *other == name) {
                let name = sanitize(&name);
                return Err(value.invalid(format!("has {name:?} twice: remove one")));
            }
            names.push((name, value.offset()));
        }
        Ok(names)
    }

    /// Reads a table, as a section with the position of its first key.
    pub(super) fn section(&self) -> ValueResult<Section<'a>> {
        let table = self.spanned.get_ref().as_table();
        let table = table.ok_or_else(|| self.expected("a table"))?;
        let first = table.keys().map(|key| key.span().start).min();
        let offset = self.offset().min(first.unwrap_or(usize::MAX));
        let read_keys = BTreeSet::new();
        Ok(Section { source: self.source, table, name: self.name.clone(), offset, read_keys })
    }
}

/// Returns a key in TOML syntax.
fn format_key(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !key.is_empty() && key.chars().all(is_bare) {
        return key.to_owned();
    }
    format!("{:?}", truncate(key, 60))
}

fn kind_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
