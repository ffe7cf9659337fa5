//! Reads `[templates]`: texts for stakeholders, by name.

use super::section::Section;
use crate::config::panes::Template;
use crate::config::pattern::Pattern;
use crate::model::check;

/// Reads the file's templates. One with the name of an existing template replaces it.
pub(super) fn read(top: &mut Section<'_>, templates: &mut Vec<Template>) {
    let Some(section) = top.section("templates") else { return };
    for (name, at, value) in section.entries() {
        let text = value.text().and_then(|text| {
            check::name("", name)
                .map_err(|error| value.invalid(format!("as a name {}", error.problem)))?;
            check::required_text("", text)
                .map_err(|error| value.invalid(error.problem.to_string()))?;
            Ok(text)
        });
        let Some(text) = section.source.ok_or_warn(text) else { continue };
        let (pattern, unknown) = Pattern::parse(text);
        // A person reads the text before it is sent: unknown placeholders remain in it unchanged.
        for placeholder in unknown {
            let message = format!("{}: {}", value.name(), placeholder.message);
            section.source.warn(value.offset_in(text, placeholder.at.start), &message);
        }
        section.source.record_position(format!("templates.{name}"), at);
        match templates.iter_mut().find(|template| template.name == name) {
            Some(existing) => existing.text = pattern,
            None => templates.push(Template { name: name.to_owned(), text: pattern }),
        }
    }
}
