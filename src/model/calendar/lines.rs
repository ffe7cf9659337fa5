//! Lines of a calendar: unfolded, and split into name, parameters and value.

/// A line of a calendar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ContentLine {
    /// The name in capital letters.
    pub(super) name: String,
    /// The parameters, with names in capital letters.
    pub(super) parameters: Vec<(String, String)>,
    /// The value, unparsed.
    pub(super) value: String,
}

impl ContentLine {
    /// Parses a line; `None` if it has no name.
    fn parse(line: &str) -> Option<Self> {
        let mut is_quoted = false;
        let mut parts: Vec<&str> = Vec::new();
        let mut start = 0;
        let mut value_at = None;
        for (at, character) in line.char_indices() {
            match character {
                '"' => is_quoted = !is_quoted,
                ';' | ':' if !is_quoted => {
                    parts.push(line.get(start..at)?);
                    start = at + 1;
                    if character == ':' {
                        value_at = Some(start);
                        break;
                    }
                }
                _ => {}
            }
        }
        let value = line.get(value_at?..)?.to_owned();
        let mut parts = parts.into_iter();
        let name = parts.next()?.trim().to_ascii_uppercase();
        let parameters = parts.filter_map(|part| {
            let (name, value) = part.split_once('=')?;
            Some((name.trim().to_ascii_uppercase(), value.trim_matches('"').to_owned()))
        });
        (!name.is_empty()).then(|| Self { name, parameters: parameters.collect(), value })
    }

    /// Returns a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut named = self.parameters.iter().filter(|(other, _)| other == name);
        named.next().map(|(_, value)| value.as_str())
    }

    /// Returns the value as a text: escaped characters as they are meant.
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(self.value.len());
        let mut characters = self.value.chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' => match characters.next() {
                    Some('n' | 'N') => text.push('\n'),
                    Some(other) => text.push(other),
                    None => {}
                },
                other => text.push(other),
            }
        }
        text
    }
}

/// Returns the unfolded lines of a text: a line that begins with a blank continues the line before
/// it.
pub(super) fn content_lines(text: &str) -> impl Iterator<Item = ContentLine> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.trim_start_matches('\u{feff}').split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines.into_iter().filter_map(|line| ContentLine::parse(&line))
}
