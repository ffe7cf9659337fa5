//! Where a value is in a message, such as `heartbeat.status`.

use serde_json::Value;

use crate::model::text::sanitize;

/// The longest path, in steps.
const MAX_STEPS: usize = 16;
/// The longest path, in bytes.
const MAX_BYTES: usize = 500;
/// The most items of a list that become one text.
const MAX_JOINED: usize = 20;
/// The names of fields that wrap a single value in an object, in the JSON of OpenTelemetry.
const WRAPPERS: [&str; 4] = ["stringValue", "intValue", "doubleValue", "boolValue"];

/// Where a value is in a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::ingest) struct Path {
    text: String,
    base: Base,
    steps: Vec<Step>,
}

/// Where a path starts.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Base {
    /// The item that is read; the message, if it has no list of items.
    Item,
    /// An enclosing value of the item, by a number of levels.
    Enclosing(usize),
    /// The message.
    Message,
    /// A header of the request, by its name in lower case.
    Header(String),
    /// A parameter of the query.
    Query(String),
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    /// A member of an object, or an item of a list by its number.
    Member(String),
    /// The first item of a list in which the first name has this text.
    Find(String, String),
}

/// The values in which paths are followed.
#[derive(Clone, Debug)]
pub(super) struct Scope<'a> {
    /// The message, and the items within items that are read, the innermost last.
    pub(super) items: Vec<&'a Value>,
    /// The position of the message in `items`; earlier ones enclose it.
    pub(super) message: usize,
    /// The headers of the request, with names in lower case.
    pub(super) headers: &'a [(String, String)],
    /// The parameters of the query.
    pub(super) query: &'a [(String, String)],
}

impl Path {
    /// Parses a path.
    ///
    /// # Errors
    /// The error, as the second half of a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("is an empty path: name a field of the message".into());
        }
        if text.len() > MAX_BYTES {
            return Err(format!("is a path of more than {MAX_BYTES} bytes"));
        }
        let (base, rest) = parse_base(text)?;
        let steps = parse_steps(rest)?;
        if steps.len() > MAX_STEPS {
            return Err(format!("has more than {MAX_STEPS} steps"));
        }
        Ok(Self { text: text.to_owned(), base, steps })
    }

    /// Returns the path as it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the value at the path.
    pub(super) fn value<'a>(&self, scope: &Scope<'a>) -> Option<&'a Value> {
        let start = match &self.base {
            Base::Item => scope.items.last(),
            Base::Enclosing(levels) => {
                let position = scope.items.len().checked_sub(levels + 1)?;
                scope.items.get(position)
            }
            Base::Message => scope.items.get(scope.message),
            Base::Header(_) | Base::Query(_) => None,
        };
        let mut value = *start?;
        for step in &self.steps {
            value = step.follow(value)?;
        }
        Some(value)
    }

    /// Returns the text at the path; `None` if there is no meaningful one.
    pub(super) fn text(&self, scope: &Scope<'_>) -> Option<String> {
        let find = |pairs: &[(String, String)], name: &str| {
            let (_, text) = pairs.iter().find(|(other, _)| other == name)?;
            present(text)
        };
        match &self.base {
            Base::Header(name) => find(scope.headers, name),
            Base::Query(name) => find(scope.query, name),
            _ => text_of(self.value(scope)?),
        }
    }
}

fn parse_base(text: &str) -> Result<(Base, &str), String> {
    if let Some(rest) = text.strip_prefix("@header.") {
        return parse_name(rest).map(|name| (Base::Header(name.to_ascii_lowercase()), ""));
    }
    if let Some(rest) = text.strip_prefix("@query.") {
        return parse_name(rest).map(|name| (Base::Query(name), ""));
    }
    if text.starts_with('@') {
        return Err("is a path that starts with @: write @header.NAME or @query.NAME".into());
    }
    let levels = text.bytes().take_while(|byte| *byte == b'^').count();
    let (base, rest) = match text.strip_prefix('$') {
        Some(rest) => (Base::Message, rest),
        None if levels > 0 => (Base::Enclosing(levels), &text[levels..]),
        None => return Ok((Base::Item, text)),
    };
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    Ok((base, rest))
}

fn parse_name(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty() && !text.chars().any(char::is_whitespace);
    if is_name { Ok(text.to_owned()) } else { Err("names no header or parameter".into()) }
}

fn parse_steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = text;
    let mut must_have_step = false;
    while !rest.is_empty() || must_have_step {
        must_have_step = false;
        if let Some(bracket) = rest.strip_prefix('[') {
            let Some(end) = closing_bracket(bracket) else {
                return Err(format!("has a [ without a ] in {:?}", sanitize(text)));
            };
            steps.push(parse_bracket(&bracket[..end])?);
            rest = &bracket[end + 1..];
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let name = rest[..end].trim();
            if name.is_empty() {
                return Err(format!("has an empty step in {:?}", sanitize(text)));
            }
            steps.push(Step::Member(name.to_owned()));
            rest = &rest[end..];
        }
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
            must_have_step = true;
        }
    }
    Ok(steps)
}

/// Returns the position of the closing bracket; brackets within quotes are skipped.
fn closing_bracket(text: &str) -> Option<usize> {
    match text.strip_prefix('"') {
        Some(quoted) => quoted.find("\"]").map(|end| end + 2),
        None => text.find(']'),
    }
}

fn parse_bracket(text: &str) -> Result<Step, String> {
    if let Some(name) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        return Ok(Step::Member(name.to_owned()));
    }
    if let Some((name, value)) = text.split_once('=') {
        return Ok(Step::Find(name.trim().to_owned(), value.trim().to_owned()));
    }
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        return Ok(Step::Member(text.to_owned()));
    }
    Err(format!("has [{text}]: write a number, a name in quotes, or NAME=TEXT"))
}

impl Step {
    fn follow<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Member(name) => member(value, name),
            Self::Find(name, text) => {
                let has_text = |item: &&Value| {
                    member(item, name).and_then(text_of).is_some_and(|found| found == *text)
                };
                value.as_array()?.iter().find(has_text)
            }
        }
    }
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(members) => members.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}

/// Returns the text of a value: of a text, a number or a truth value, or those of a list.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => present(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(items) => {
            let is_plain = |item: &&Value| !item.is_array() && !item.is_object();
            let texts = items.iter().filter(is_plain).filter_map(text_of).take(MAX_JOINED);
            let joined = texts.collect::<Vec<_>>().join(", ");
            (!joined.is_empty()).then_some(joined)
        }
        Value::Object(members) if members.len() == 1 => {
            WRAPPERS.iter().find_map(|name| members.get(*name)).and_then(|inner| match inner {
                Value::Object(_) | Value::Array(_) => None,
                plain => text_of(plain),
            })
        }
        Value::Object(_) | Value::Null => None,
    }
}

/// Returns a meaningful text. An unresolved macro of the sender is not meaningful.
pub(super) fn present(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && !is_unresolved(text)).then(|| text.to_owned())
}

/// Returns whether a text is a macro in the notation of Zabbix (`{EVENT.ID}`), Nagios
/// (`$HOSTNAME$`) or Datadog (`$HOSTNAME`), or Zabbix's text for one without a value.
fn is_unresolved(text: &str) -> bool {
    if text == "*UNKNOWN*" {
        return true;
    }
    let is_macro = |name: &str| {
        let is_part = |byte: u8| {
            byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_')
        };
        name.starts_with(|first: char| first.is_ascii_uppercase()) && name.bytes().all(is_part)
    };
    if let Some(name) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        return is_macro(name);
    }
    text.strip_prefix('$').is_some_and(|name| is_macro(name.strip_suffix('$').unwrap_or(name)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn text(path: &str) -> Option<String> {
        let outer = json!({"Type": "Notification"});
        let message = json!({
            "monitor": {"id": 7, "is.up": true, "tags": ["a", "b", null]},
            "attributes": [
                {"key": "service.name", "value": {"stringValue": "checkout"}},
                {"key": "n", "value": {"intValue": "5"}},
            ],
            "pairs": [["env", "prod"], ["region", "eu"]],
            "blank": "  ", "macro": "{EVENT.ID}", "unknown": "*UNKNOWN*", "nagios": "$HOSTNAME$",
        });
        let item = json!({"name": "db", "price": "$5"});
        let (headers, query) = ([("ce-id".into(), "9".into())], [("team".into(), "pay".into())]);
        let scope = Scope {
            items: vec![&outer, &message, &item],
            message: 1,
            headers: &headers,
            query: &query,
        };
        Path::parse(path).expect("a path").text(&scope)
    }

    #[rstest]
    #[case("name", Some("db"))]
    #[case("price", Some("$5"))]
    #[case("other.name", None)]
    #[case("$.monitor.id", Some("7"))]
    #[case("^.monitor.id", Some("7"))]
    #[case("^^.Type", Some("Notification"))]
    #[case("^^^.Type", None)]
    #[case("$.monitor[\"is.up\"]", Some("true"))]
    #[case("$.monitor.tags", Some("a, b"))]
    #[case("$.monitor.tags[1]", Some("b"))]
    #[case("$.monitor.tags.1", Some("b"))]
    #[case("$.monitor.tags[9]", None)]
    #[case("$.monitor", None)]
    #[case("$.attributes[key=service.name].value", Some("checkout"))]
    #[case("$.attributes[key=n].value", Some("5"))]
    #[case("$.attributes[key=x].value", None)]
    #[case("$.pairs[0=region].1", Some("eu"))]
    #[case("$.blank", None)]
    #[case("$.macro", None)]
    #[case("$.unknown", None)]
    #[case("$.nagios", None)]
    #[case("@header.CE-id", Some("9"))]
    #[case("@query.team", Some("pay"))]
    #[case("@query.other", None)]
    fn paths_lead_to_texts(#[case] path: &str, #[case] expected: Option<&str>) {
        assert_eq!(text(path).as_deref(), expected);
    }

    #[rstest]
    #[case("", "is an empty path: name a field of the message")]
    #[case("a..b", "has an empty step in \"a..b\"")]
    #[case("a.", "has an empty step in \"a.\"")]
    #[case("a[1", "has a [ without a ] in \"a[1\"")]
    #[case("a[x]", "has [x]: write a number, a name in quotes, or NAME=TEXT")]
    #[case("@body", "is a path that starts with @: write @header.NAME or @query.NAME")]
    #[case("@header.", "names no header or parameter")]
    fn wrong_paths_are_explained(#[case] path: &str, #[case] error: &str) {
        assert_eq!(Path::parse(path), Err(error.to_owned()));
    }
}
