//! Texts with names in braces, such as `{host.name}: {service.output}`.

use crate::model::text::sanitize;

/// The longest text of a template, in bytes.
const MAX_BYTES: usize = 2000;

/// A text with names in braces.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::ingest) struct Template<T> {
    text: String,
    parts: Vec<Part<T>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part<T> {
    Text(String),
    /// The value of the first of some names that has one.
    Names {
        names: Vec<T>,
        /// Whether it is absent if no name has a value.
        is_optional: bool,
    },
}

impl<T> Template<T> {
    /// Parses a template: `{a}` is the value of a name, `{a|b}` that of the first that has one, `{a|}`
    /// may be empty, and `{{` and `}}` are braces.
    ///
    /// # Errors
    /// The error, as the second half of a sentence.
    pub(in crate::ingest) fn parse(
        text: &str,
        parse_name: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("has more than {MAX_BYTES} bytes"));
        }
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let brace = &rest[at..];
            if let Some(after) = brace.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = brace.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else if let Some(inner) = brace.strip_prefix('{') {
                let Some(end) = inner.find('}') else {
                    let text = sanitize(text);
                    return Err(format!("has a {{ without a }} in {text:?}: {{{{ is a brace"));
                };
                if !literal.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut literal)));
                }
                parts.push(Part::parse(&inner[..end], &parse_name)?);
                rest = &inner[end + 1..];
            } else {
                let text = sanitize(text);
                return Err(format!("has a }} without a {{ in {text:?}: }}}} is a brace"));
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// Returns the template as it was written.
    pub(in crate::ingest) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the text with the values of the names; `None` if one that must have a value has none.
    pub(in crate::ingest) fn fill(&self, value: impl Fn(&T) -> Option<String>) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Names { names, is_optional } => match names.iter().find_map(&value) {
                    Some(value) => text.push_str(&value),
                    None if *is_optional => {}
                    None => return None,
                },
            }
        }
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}

impl<T> Part<T> {
    fn parse(text: &str, parse_name: &impl Fn(&str) -> Result<T, String>) -> Result<Self, String> {
        let mut texts: Vec<&str> = text.split('|').map(str::trim).collect();
        let is_optional = texts.len() > 1 && texts.last() == Some(&"");
        if is_optional {
            texts.pop();
        }
        let names = texts.into_iter().map(parse_name).collect::<Result<_, _>>()?;
        Ok(Self::Names { names, is_optional })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn parse(text: &str) -> Result<Template<String>, String> {
        Template::parse(text, |name| match name {
            "" => Err("names nothing".into()),
            name => Ok(name.to_owned()),
        })
    }

    #[rstest]
    #[case("{host}: {state}", Some("db-1: down"))]
    #[case("{none|host}", Some("db-1"))]
    #[case("{host} {none|}", Some("db-1"))]
    #[case("{host} {none}", None)]
    #[case("{none|}", None)]
    #[case("{{{host}}}", Some("{db-1}"))]
    #[case("plain", Some("plain"))]
    fn values_stand_for_names(#[case] text: &str, #[case] expected: Option<&str>) {
        let value = |name: &String| match name.as_str() {
            "host" => Some("db-1".to_owned()),
            "state" => Some("down".to_owned()),
            _ => None,
        };
        assert_eq!(parse(text).expect("a template").fill(value).as_deref(), expected);
    }

    #[rstest]
    #[case("{host", "has a { without a } in \"{host\": {{ is a brace")]
    #[case("host}", "has a } without a { in \"host}\": }} is a brace")]
    #[case("{}", "names nothing")]
    fn wrong_templates_are_explained(#[case] text: &str, #[case] error: &str) {
        assert_eq!(parse(text), Err(error.to_owned()));
    }
}
