//! Texts with placeholders, such as `{number}`, for templates and for arguments of commands.

use std::ops::Range;

use crate::model::status::text_enum;

use super::nearest;

text_enum! {
    /// The field of an incident that replaces a placeholder.
    Placeholder, "placeholder" {
        /// The id of the incident.
        Id = "id",
        /// The number of the incident, such as `INC-2041`.
        Number = "number",
        /// The title of the incident.
        Title = "title",
        /// The status of the incident.
        Status = "status",
        /// The priority of the incident.
        Priority = "priority",
        /// The impact of the incident.
        Impact = "impact",
        /// The urgency of the incident.
        Urgency = "urgency",
        /// The primary service of the incident.
        Service = "service",
        /// The team that answers for it.
        Team = "team",
        /// The person who leads the response.
        Owner = "owner",
        /// Since when the incident has lasted.
        Since = "since",
        /// When the next stakeholder update is due.
        Next = "next",
    }
}

/// A text with placeholders. `{{` and `}}` are escapes for single braces.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Text(String),
    Field(Placeholder),
}

/// An unknown placeholder. The text contains it unchanged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownPlaceholder {
    /// Range of the placeholder in the text, in bytes.
    pub at: Range<usize>,
    /// The error and the remedy.
    pub message: String,
}

impl Pattern {
    /// Parses a text. Braces that contain no known name stay as they are and are returned.
    #[must_use]
    pub fn parse(text: &str) -> (Self, Vec<UnknownPlaceholder>) {
        let mut pattern = Self::default();
        let mut unknown = Vec::new();
        let mut plain = String::new();
        let mut at = 0;
        while let Some(ch) = text[at..].chars().next() {
            let rest = &text[at..];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                plain.push(ch);
                at += 2;
                continue;
            }
            let name = rest.strip_prefix('{').and_then(|after_brace| after_brace.split_once('}'));
            if let Some((name, _)) = name
                && !name.contains(['{', '\n'])
            {
                let end = at + name.len() + 2;
                if let Some(field) = Placeholder::ALL.iter().find(|p| p.as_str() == name) {
                    if !plain.is_empty() {
                        pattern.parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    pattern.parts.push(Part::Field(*field));
                } else {
                    plain.push_str(&text[at..end]);
                    unknown
                        .push(UnknownPlaceholder { at: at..end, message: unknown_message(name) });
                }
                at = end;
                continue;
            }
            plain.push(ch);
            at += ch.len_utf8();
        }
        if !plain.is_empty() {
            pattern.parts.push(Part::Text(plain));
        }
        (pattern, unknown)
    }

    /// Returns the text with its placeholders filled in.
    pub fn fill(&self, mut value: impl FnMut(Placeholder) -> String) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Field(field) => text.push_str(&value(*field)),
            }
        }
        text
    }

    /// Returns whether the text has no placeholders.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// Returns the source text, so that parsing it gives the same pattern.
    #[must_use]
    pub fn source(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => {
                    text.push_str(&plain.replace('{', "{{").replace('}', "}}"));
                }
                Part::Field(field) => {
                    text.push('{');
                    text.push_str(field.as_str());
                    text.push('}');
                }
            }
        }
        text
    }
}

fn unknown_message(name: &str) -> String {
    let names: Vec<&str> = Placeholder::ALL.iter().map(|p| p.as_str()).collect();
    format!("there is no placeholder {{{name}}}: {}", nearest::suggestion(name, &names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        Pattern::parse(text).0.fill(|field| format!("<{field}>"))
    }

    #[test]
    fn placeholders_are_filled_and_other_text_stays() {
        assert_eq!(filled("{number}: {title}"), "<number>: <title>");
        assert_eq!(filled("{{number}} } { {}"), "{number} } { {}");
        assert_eq!(filled("ü{status}ü"), "ü<status>ü");
        assert_eq!(filled("{"), "{");
    }

    #[test]
    fn unknown_placeholder_stays_and_suggests_the_nearest() {
        let (pattern, unknown) = Pattern::parse("é {nubmer} {title}");
        assert_eq!(pattern.fill(|_| "x".into()), "é {nubmer} x");
        assert_eq!(unknown[0].at, 3..11);
        assert_eq!(unknown[0].message, "there is no placeholder {nubmer}: did you mean number?");
    }

    #[test]
    fn pattern_source_parses_to_the_same_pattern() {
        for text in ["{number} {{x}} {nope}", "a } b { c", ""] {
            let pattern = Pattern::parse(text).0;
            assert_eq!(Pattern::parse(&pattern.source()).0, pattern, "{text}");
        }
    }
}
