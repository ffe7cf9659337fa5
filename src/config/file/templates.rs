//! `[templates]`: texts for stakeholders, by name.

use super::section::Section;
use crate::config::panes::Template;
use crate::config::pattern::Pattern;
use crate::model::check;

/// Takes in the file's templates: one with a known name replaces the one there is.
pub(super) fn read(top: &mut Section<'_>, templates: &mut Vec<Template>) {
    let Some(section) = top.section("templates") else { return };
    for (name, at, value) in section.entries() {
        let text = value.text().and_then(|text| {
            check::name("", name)
                .map_err(|bad| value.invalid(format!("as a name {}", bad.problem)))?;
            check::required_text("", text).map_err(|bad| value.invalid(bad.problem))?;
            Ok(text)
        });
        let Some(text) = section.source.ok_or_warn(text) else { continue };
        let (pattern, unknown) = Pattern::parse(text);
        // It is read before it is sent: what is unknown stays in it as it was written.
        for placeholder in unknown {
            let told = format!("{}: {}", value.name(), placeholder.message);
            section.source.warn(value.offset_in(text, placeholder.at.start), &told);
        }
        section.source.record_position(format!("templates.{name}"), at);
        match templates.iter_mut().find(|template| template.name == name) {
            Some(there) => there.text = pattern,
            None => templates.push(Template { name: name.to_owned(), text: pattern }),
        }
    }
}
