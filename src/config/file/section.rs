//! A table of the file while it is read: every setting is asked for by name, and what nobody has
//! asked for is told.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::position::{line_and_column, offset_in_literal};
use crate::config::diagnostics::{FilePosition, Warning};
use crate::config::nearest;
use crate::model::check;
use crate::model::filter::Filter;
use crate::model::text::{sanitize, truncate};
use crate::model::time::parse_duration;

/// What is learnt about the file as it is read.
pub(super) struct Source<'a> {
    path: Arc<Path>,
    text: &'a str,
    warnings: RefCell<Vec<Warning>>,
    positions: RefCell<BTreeMap<String, FilePosition>>,
    /// Settings that there are and that this file does not have, for the test of the sample.
    #[cfg(test)]
    pub(super) unset: RefCell<BTreeSet<String>>,
}

/// Why a value can't be used, and where in the file.
pub(super) struct InvalidValue {
    pub(super) offset: usize,
    pub(super) text: String,
}

pub(super) type ValueResult<T> = Result<T, InvalidValue>;

impl<'a> Source<'a> {
    pub(super) fn new(path: &Arc<Path>, text: &'a str) -> Self {
        Self {
            path: Arc::clone(path),
            text,
            warnings: RefCell::default(),
            positions: RefCell::default(),
            #[cfg(test)]
            unset: RefCell::default(),
        }
    }

    pub(super) fn position_at(&self, offset: usize) -> FilePosition {
        let (line, column) = line_and_column(self.text, offset);
        FilePosition { file: Arc::clone(&self.path), line, column }
    }

    pub(super) fn warn(&self, offset: usize, text: &str) {
        self.warnings.borrow_mut().push(Warning::new(self.position_at(offset), text));
    }

    /// How many warnings there are so far.
    pub(super) fn warning_count(&self) -> usize {
        self.warnings.borrow().len()
    }

    /// The first warning in the file's order of those that came after so many.
    pub(super) fn first_warning_after(&self, told: usize) -> Option<Warning> {
        self.warnings.borrow().get(told..)?.iter().min().cloned()
    }

    /// The value, or nothing and a warning.
    pub(super) fn ok_or_warn<T>(&self, read: ValueResult<T>) -> Option<T> {
        read.map_err(|wrong| self.warn(wrong.offset, &wrong.text)).ok()
    }

    /// Remembers where something was set.
    pub(super) fn record_position(&self, name: impl Into<String>, offset: usize) {
        self.positions.borrow_mut().insert(name.into(), self.position_at(offset));
    }

    /// Warnings in the order of the file, and where each setting stands.
    pub(super) fn into_parts(self) -> (Vec<Warning>, BTreeMap<String, FilePosition>) {
        let mut warnings = self.warnings.into_inner();
        warnings.sort();
        (warnings, self.positions.into_inner())
    }
}

/// A table.
pub(super) struct Section<'a> {
    pub(super) source: &'a Source<'a>,
    table: &'a DeTable<'a>,
    /// Such as `levels.p1`; empty at the top.
    name: String,
    /// Where it begins, for what is missing in it.
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

    /// The value under a key, if there is one.
    pub(super) fn get(&mut self, key: &'static str) -> Option<Value<'a>> {
        self.read_keys.insert(key);
        let value = self.table.get(key)?;
        Some(Value { source: self.source, spanned: value, name: self.full_name(key) })
    }

    /// Reads what stands under a key; a wrong value is told and not given.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Value<'a>) -> ValueResult<T>,
    ) -> Option<T> {
        let value = self.get(key)?;
        let found = self.source.ok_or_warn(read(&value))?;
        self.source.record_position(value.name.clone(), value.offset());
        Some(found)
    }

    /// As [`Self::read`], of something that must be there.
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

    /// The table under a key.
    pub(super) fn section(&mut self, key: &'static str) -> Option<Section<'a>> {
        let value = self.get(key)?;
        self.source.ok_or_warn(value.section())
    }

    /// The tables of the list under a key. One that is none is told and left out.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Section<'a>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(list) = self.source.ok_or_warn(value.list_of("tables, each under [[…]]")) else {
            return Vec::new();
        };
        list.iter().filter_map(|value| self.source.ok_or_warn(value.section())).collect()
    }

    /// All there is, in the order of the file, where names are free.
    pub(super) fn entries(&self) -> Vec<(&'a str, usize, Value<'a>)> {
        let mut entries: Vec<_> = self
            .table
            .iter()
            .map(|(key, value)| {
                let name: &str = key.get_ref();
                let full = self.full_name(name);
                let value = Value { source: self.source, spanned: value, name: full };
                (name, key.span().start, value)
            })
            .collect();
        entries.sort_by_key(|entry| entry.1);
        entries
    }

    /// Tells of what nobody has asked for; says whether there is nothing of the kind.
    pub(super) fn finish(self) -> bool {
        let mut all_known = true;
        let known: Vec<&str> = self.read_keys.iter().copied().collect();
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if !self.read_keys.contains(name) {
                all_known = false;
                let meant = nearest::suggestion(name, &known);
                let text = format!("{} is not a setting: {meant}", self.full_name(name));
                self.source.warn(key.span().start, &text);
            }
        }
        #[cfg(test)]
        for key in known.iter().filter(|key| !self.table.contains_key(**key)) {
            self.source.unset.borrow_mut().insert(self.full_name(key));
        }
        all_known
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

    pub(super) fn position(&self) -> FilePosition {
        self.source.position_at(self.offset())
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Why it can't be used; `problem` follows its name.
    pub(super) fn invalid(&self, problem: impl AsRef<str>) -> InvalidValue {
        let text = format!("{} {}", self.name, problem.as_ref());
        InvalidValue { offset: self.offset(), text }
    }

    fn expected(&self, wanted: &str) -> InvalidValue {
        self.invalid(format!("is {}: write {wanted}", kind_name(self.spanned.get_ref())))
    }

    /// Where a byte of its text stands in the file.
    pub(super) fn offset_in(&self, text: &str, at: usize) -> usize {
        let span = self.spanned.span();
        let written = self.source.text.get(span.clone()).unwrap_or_default();
        span.start + offset_in_literal(written, text, at)
    }

    /// Text, which may be empty.
    pub(super) fn text(&self) -> ValueResult<&'a str> {
        let wanted = "text in quotes";
        self.spanned.get_ref().as_str().ok_or_else(|| self.expected(wanted))
    }

    /// Text on one line that says something, at most 100 characters long.
    pub(super) fn short_text(&self) -> ValueResult<String> {
        let text = self.text()?;
        check::name("", text).map_err(|bad| self.invalid(bad.problem))?;
        Ok(text.to_owned())
    }

    pub(super) fn flag(&self) -> ValueResult<bool> {
        self.spanned
            .get_ref()
            .as_bool()
            .ok_or_else(|| self.expected("true or false, without quotes"))
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(
        &self,
        all: &[T],
        word: impl Fn(T) -> &'static str,
    ) -> ValueResult<T> {
        let words: Vec<&str> = all.iter().map(|one| word(*one)).collect();
        let wanted = || format!("one of {} in quotes", words.join(", "));
        let text = self.spanned.get_ref().as_str().ok_or_else(|| self.expected(&wanted()))?;
        let found = all.iter().copied().find(|one| word(*one).eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let given = sanitize(text);
            let given = truncate(&given, 40);
            self.invalid(format!("is {given:?}: {}", nearest::suggestion(text, &words)))
        })
    }

    /// A span of time, such as `5m`.
    pub(super) fn duration(&self) -> ValueResult<TimeDelta> {
        let wanted = "a time such as \"30m\", \"2h\" or \"7d\"";
        let text = self.spanned.get_ref().as_str().ok_or_else(|| self.expected(wanted))?;
        parse_duration(text).ok_or_else(|| {
            let given = sanitize(text);
            let given = truncate(&given, 40);
            self.invalid(format!("is {given:?}: write {wanted}"))
        })
    }

    /// A span of time above zero.
    pub(super) fn positive_duration(&self) -> ValueResult<TimeDelta> {
        let span = self.duration()?;
        if span > TimeDelta::zero() {
            Ok(span)
        } else {
            Err(self.invalid("is no time at all: write a time above 0"))
        }
    }

    /// A filter; what is wrong in it is told where it stands.
    pub(super) fn filter(&self) -> ValueResult<Filter> {
        let text = self.text()?;
        text.parse().map_err(|error: crate::model::filter::FilterError| InvalidValue {
            offset: self.offset_in(text, error.range.start),
            text: format!("{}: {}", self.name, error.message),
        })
    }

    /// One character.
    pub(super) fn character(&self) -> ValueResult<char> {
        let text = self.text()?;
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(one), None) if !one.is_control() && !one.is_whitespace() => Ok(one),
            _ => Err(self.invalid("is not one character: write a key such as \"m\"")),
        }
    }

    /// A point in time, as TOML has it or as text.
    pub(super) fn time(&self) -> ValueResult<chrono::DateTime<chrono::Utc>> {
        let text = match self.spanned.get_ref() {
            DeValue::Datetime(time) => time.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => return Err(self.expected("a time such as 2026-03-02T09:00:00Z")),
        };
        let time = chrono::DateTime::parse_from_rfc3339(&text).map_err(|_| {
            self.invalid("is not a time with a zone: write one such as 2026-03-02T09:00:00Z")
        })?;
        let time = time.with_timezone(&chrono::Utc);
        check::time("", time).map_err(|bad| self.invalid(format!("is {}", bad.problem)))?;
        Ok(time)
    }

    /// A decimal number, written as a number or as text.
    pub(super) fn decimal(&self) -> ValueResult<String> {
        match self.spanned.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(number) => Ok(number.as_str().to_owned()),
            DeValue::Float(number) => Ok(number.as_str().to_owned()),
            _ => Err(self.expected("a number in quotes")),
        }
    }

    fn list_of(&self, wanted: &str) -> ValueResult<Vec<Value<'a>>> {
        let list = self.spanned.get_ref().as_array();
        let list = list.ok_or_else(|| self.expected(&format!("a list of {wanted}")))?;
        let (source, name) = (self.source, &self.name);
        Ok(list.iter().map(|value| Value { source, spanned: value, name: name.clone() }).collect())
    }

    /// The values of a list.
    pub(super) fn list(&self) -> ValueResult<Vec<Value<'a>>> {
        self.list_of("values in [ ]")
    }

    /// The values of a list, or the one value that stands without brackets.
    pub(super) fn one_or_more(&self) -> Vec<Value<'a>> {
        self.list().unwrap_or_else(|_| {
            vec![Value { source: self.source, spanned: self.spanned, name: self.name.clone() }]
        })
    }

    /// A list of names without doubles.
    pub(super) fn names(&self) -> ValueResult<Vec<(String, usize)>> {
        let mut names: Vec<(String, usize)> = Vec::new();
        for value in self.list_of("names in quotes")? {
            let name = value.short_text()?;
            if names.iter().any(|(there, _)| *there == name) {
                return Err(value.invalid(format!("has {name:?} twice: remove one")));
            }
            names.push((name, value.offset()));
        }
        Ok(names)
    }

    /// A table.
    pub(super) fn section(&self) -> ValueResult<Section<'a>> {
        let table = self.spanned.get_ref().as_table();
        let table = table.ok_or_else(|| self.expected("a table"))?;
        let first = table.keys().map(|key| key.span().start).min();
        let offset = self.offset().min(first.unwrap_or(usize::MAX));
        let known = BTreeSet::new();
        Ok(Section {
            source: self.source,
            table,
            name: self.name.clone(),
            offset,
            read_keys: known,
        })
    }
}

/// A key as it is written in TOML.
fn format_key(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !key.is_empty() && key.chars().all(bare) {
        return key.to_owned();
    }
    format!("{:?}", truncate(&sanitize(key), 60))
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
