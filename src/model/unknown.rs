//! Values of later versions: texts that an enum of this version has no variant for, and how
//! strictly values are read.
//!
//! Whatever is read (an answer, a stored event, an export, an outbox) carries such values on and
//! shows them as text. Only requests are read strictly, with [`strictly`]. See
//! `src/docs/compatibility.md`.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::io;
use std::marker::PhantomData;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use serde::de::{DeserializeOwned, Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::schema::Schema;

use super::text::sanitize;

/// The most texts that are interned.
const MAX_TEXTS: usize = 10_000;
/// The longest text that is interned, in bytes.
const MAX_WORD_BYTES: usize = 512;
/// The text of [`Word::UNNAMED`].
const UNNAMED: &str = "unknown";

/// A text for which an enum of this version has no variant. It is interned, so that it is as cheap
/// to copy as the other variants.
///
/// Texts are never removed. Beyond 10,000 of them, and for one of more than 512 bytes, the value is
/// [`Word::UNNAMED`]: it is shown as `unknown`, and nothing fails. An event remembers its original
/// text even then ([`Extra`](super::Extra)).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Word(u16);

struct Interner {
    /// Each text, with its form for people.
    texts: Vec<(&'static str, &'static str)>,
    numbers: HashMap<&'static str, u16>,
}

static INTERNER: LazyLock<RwLock<Interner>> = LazyLock::new(|| {
    RwLock::new(Interner {
        texts: vec![(UNNAMED, UNNAMED)],
        numbers: HashMap::from([(UNNAMED, 0)]),
    })
});

impl Word {
    /// Stands for a text that could not be interned.
    pub const UNNAMED: Self = Self(0);

    /// Returns the word with a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let interner = INTERNER.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = interner.numbers.get(text) {
            return Self(*number);
        }
        drop(interner);
        if text.len() > MAX_WORD_BYTES {
            return Self::UNNAMED;
        }
        let mut interner = INTERNER.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = interner.numbers.get(text) {
            return Self(*number);
        }
        if interner.texts.len() >= MAX_TEXTS {
            return Self::UNNAMED;
        }
        let Ok(number) = u16::try_from(interner.texts.len()) else { return Self::UNNAMED };
        let text: &'static str = Box::leak(text.into());
        let label = sanitize(spaced(text)).into_string();
        interner.texts.push((text, if label == text { text } else { Box::leak(label.into()) }));
        interner.numbers.insert(text, number);
        Self(number)
    }

    /// Returns the word of a text that was read before, written as it was read or as people see it,
    /// in any case. Nothing is interned.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        let label = spaced(text).to_lowercase();
        let interner = INTERNER.read().unwrap_or_else(PoisonError::into_inner);
        let is_same = |(_, other): &(&str, &str)| other.to_lowercase() == label;
        let number = match interner.numbers.get(text) {
            Some(number) => usize::from(*number),
            None => interner.texts.iter().position(is_same)?,
        };
        // A text that could not be interned may be any value.
        u16::try_from(number).ok().filter(|number| *number != 0).map(Self)
    }

    /// Returns the text as it was read. It is not sanitized.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.texts().0
    }

    /// Returns the text for people, who are shown `on hold` for `on_hold`; sanitized.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.texts().1
    }

    fn texts(self) -> (&'static str, &'static str) {
        let interner = INTERNER.read().unwrap_or_else(PoisonError::into_inner);
        interner.texts.get(usize::from(self.0)).copied().unwrap_or((UNNAMED, UNNAMED))
    }
}

impl Word {
    /// Returns the value of a text that is JSON, and any other text as it is.
    #[must_use]
    pub fn as_json(self) -> Value {
        let text = self.as_str();
        serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl PartialOrd for Word {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Word {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        if self == other {
            return std::cmp::Ordering::Equal;
        }
        self.as_str().cmp(other.as_str())
    }
}

/// How values are read on this thread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Values of later versions are carried on.
    Tolerant,
    /// Values that this version does not define are errors.
    Strict,
    /// As [`Strict`](Self::Strict), and fields that this version does not define are dropped: the
    /// caller compares the result with its input.
    Exact,
    /// As [`Tolerant`](Self::Tolerant), and list entries that can't be read are left out.
    Salvage,
}

thread_local! {
    static READING: Cell<Reading> = const { Cell::new(Reading::Tolerant) };
    /// How many entries were left out since [`salvaging`] began.
    static UNREADABLE: Cell<usize> = const { Cell::new(0) };
}

/// Restores the way of reading, also when a parser panics.
struct Restore(Reading);

impl Drop for Restore {
    fn drop(&mut self) {
        READING.set(self.0);
    }
}

fn read_as<T>(reading: Reading, read: impl FnOnce() -> T) -> T {
    let _restore = Restore(READING.replace(reading));
    read()
}

/// Reads a request: a value that this version does not define is an error that lists those that it
/// does.
pub fn strictly<T>(read: impl FnOnce() -> T) -> T {
    read_as(Reading::Strict, read)
}

/// Reads an answer of which some list entries can't be read: those are left out. Returns their number as
/// well.
pub fn salvaging<T>(read: impl FnOnce() -> T) -> (T, usize) {
    UNREADABLE.set(0);
    let value = read_as(Reading::Salvage, read);
    (value, UNREADABLE.take())
}

/// Returns whether values that this version does not define are errors.
#[must_use]
pub fn is_strict() -> bool {
    matches!(READING.get(), Reading::Strict | Reading::Exact)
}

/// Returns whether fields that this version does not define are dropped instead of carried.
pub(super) fn is_exact() -> bool {
    READING.get() == Reading::Exact
}

/// Reads JSON that contains only fields and values that this version defines, in the form that this
/// version writes; `None` for any other JSON, which must be read in another way.
///
/// This is several times faster than collecting the fields and values of later versions: the value
/// is read directly and written again, and if that gives the same bytes, there were none.
pub fn read_exactly<T: DeserializeOwned + Serialize>(json: &[u8]) -> Option<T> {
    let value: T = read_as(Reading::Exact, || serde_json::from_slice(json)).ok()?;
    let mut expected = Expected(json);
    serde_json::to_writer(&mut expected, &value).ok()?;
    expected.0.is_empty().then_some(value)
}

/// Fails at the first byte that differs from those that are expected.
struct Expected<'a>(&'a [u8]);

impl io::Write for Expected<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or(io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns whether an answer is read of which some entries can't be.
pub(super) fn is_salvaging() -> bool {
    READING.get() == Reading::Salvage
}

/// Reads a list whose entries do not depend on each other. While [`salvaging`], entries that can't
/// be read are left out.
///
/// # Errors
/// The error of the first entry that can't be read, unless salvaging.
pub fn read_entries<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    if READING.get() != Reading::Salvage {
        return Vec::deserialize(from);
    }
    let entries = Vec::<Value>::deserialize(from)?;
    let count = entries.len();
    let readable: Vec<T> =
        entries.into_iter().filter_map(|entry| serde_json::from_value(entry).ok()).collect();
    UNREADABLE.set(UNREADABLE.get() + count - readable.len());
    Ok(readable)
}

/// A list whose entries do not depend on each other; see [`read_entries`].
#[derive(Debug, Deserialize)]
#[serde(transparent, bound(deserialize = "T: DeserializeOwned"))]
pub struct Entries<T>(#[serde(deserialize_with = "read_entries")] pub Vec<T>);

/// Reads a text and converts it, without copying it first.
pub(crate) fn read_text<'de, D: Deserializer<'de>, T>(
    from: D,
    convert: fn(&str) -> T,
) -> Result<T, D::Error> {
    struct TextVisitor<T>(fn(&str) -> T, PhantomData<T>);

    impl<T> Visitor<'_> for TextVisitor<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_str<E>(self, text: &str) -> Result<T, E> {
            Ok((self.0)(text))
        }
    }

    from.deserialize_str(TextVisitor(convert, PhantomData))
}

/// Marks the schema of an enum as one to which later versions may add values.
pub(crate) fn extensible(schema: RefOr<Schema>) -> RefOr<Schema> {
    let RefOr::T(Schema::Object(mut object)) = schema else { return schema };
    let extensions = ExtensionsBuilder::new().add("x-extensible-enum", true).build();
    object.extensions.get_or_insert_default().merge(extensions);
    RefOr::T(Schema::Object(object))
}

/// A value with content for which an enum of this version has no variant, as JSON: a text, or an
/// object with the name of the variant as its only key.
#[derive(Clone, PartialEq, Eq)]
pub struct Foreign {
    value: Arc<Value>,
    text: Arc<str>,
}

impl Foreign {
    fn new(value: Value) -> Self {
        let text = describe(&value).into();
        Self { value: Arc::new(value), text }
    }

    /// Returns the name of the variant. It is not sanitized.
    #[must_use]
    pub fn name(&self) -> &str {
        variant_name(&self.value).unwrap_or_default()
    }

    /// Returns a short description of the value: its name, and the text in it. It is not sanitized.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns a value that is an object with one key, which is none of `defined`.
    #[must_use]
    pub fn from_object(value: Value, defined: &[&str]) -> Option<Self> {
        let name = variant_name(&value).filter(|_| value.is_object())?;
        (!defined.contains(&name)).then(|| Self::new(value))
    }

    /// Returns the value as a word that contains its JSON; see [`Word::as_json`].
    #[must_use]
    pub fn to_word(&self) -> Word {
        Word::new(&self.value.to_string())
    }

    /// Reads an enum whose variants have the names `defined`. A value of another name is converted
    /// by `convert`, unless reading is strict.
    pub(super) fn read_enum<'de, D: Deserializer<'de>, T>(
        from: D,
        defined: &[&str],
        read: impl FnOnce(&Value) -> Result<T, serde_json::Error>,
        convert: impl FnOnce(Self) -> T,
    ) -> Result<T, D::Error> {
        let value = Value::deserialize(from)?;
        match variant_name(&value) {
            Some(name) if !is_strict() && !defined.contains(&name) => Ok(convert(Self::new(value))),
            _ => read(&value).map_err(D::Error::custom),
        }
    }
}

/// Returns the name of the variant in the JSON of an enum value.
fn variant_name(value: &Value) -> Option<&str> {
    match value {
        Value::String(name) => Some(name),
        Value::Object(object) if object.len() == 1 => object.keys().next().map(String::as_str),
        _ => None,
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value)
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl Hash for Foreign {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.to_string().hash(state);
    }
}

impl Serialize for Foreign {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(to)
    }
}

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

/// Turns the name of a field or a variant into words: `on_hold` becomes `on hold`.
#[must_use]
pub fn spaced(name: &str) -> String {
    name.replace(['_', '-'], " ")
}

/// Returns a short description of a value of an unknown kind. The text is not sanitized.
#[must_use]
pub fn describe(value: &Value) -> String {
    match value {
        Value::String(text) => spaced(text),
        Value::Object(object) if object.len() == 1 => {
            let (name, content) = object
                .iter()
                .next()
                .map_or(("", &Value::Null), |(name, content)| (name.as_str(), content));
            let content = plain_text(content);
            if content.is_empty() { spaced(name) } else { format!("{} {content}", spaced(name)) }
        }
        other => plain_text(other),
    }
}

/// Returns a value for people: a text unchanged, an object by its name or title if it has one, and
/// anything else as JSON.
#[must_use]
pub fn plain_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(object) => ["name", "title", "text", "label", "handle", "url"]
            .into_iter()
            .find_map(|key| object.get(key)?.as_str())
            .map_or_else(|| value.to_string(), ToOwned::to_owned),
        other => other.to_string(),
    }
}

/// Returns the kind of a JSON value for people.
#[must_use]
pub fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
