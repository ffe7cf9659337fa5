//! The manual page of a command, from its definition.

use std::fmt::Write;

use clap::builder::PossibleValue;
use clap::{Arg, Command};

use super::roff::Roff;

/// Headings of the help that manual pages call otherwise.
const HEADINGS: [(&str, &str); 1] = [("Exit codes:", "EXIT STATUS")];

/// Returns the name of the page of a command, such as `redphone-token-create`.
pub(super) fn page_name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// Returns the page of a command that was built. `pages` are the names of the pages that belong
/// together.
pub(super) fn command_page(command: &Command, related: &[String]) -> String {
    let name = page_name(command);
    let mut page = Roff::new(name, 1);
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    page.section("NAME");
    page.text(&format!("{name} - {about}"));
    page.section("SYNOPSIS");
    page.text(&synopsis(command));
    page.section("DESCRIPTION");
    let description = command.get_long_about().map(ToString::to_string).unwrap_or(about);
    for (index, paragraph) in description.split("\n\n").enumerate() {
        if index == 0 { page.text(paragraph) } else { page.paragraph(paragraph) }
    }
    options(&mut page, command);
    let subcommands: Vec<&Command> =
        command.get_subcommands().filter(|one| !one.is_hide_set()).collect();
    if !subcommands.is_empty() {
        page.section("SUBCOMMANDS");
        for subcommand in subcommands {
            let about = subcommand.get_about().map(ToString::to_string).unwrap_or_default();
            page.term(&format!("{}(1)", page_name(subcommand)), &about);
        }
    }
    if let Some(text) = command.get_after_help() {
        after_help(&mut page, &text.to_string());
    }
    if let Some(version) = command.get_version() {
        page.section("VERSION");
        page.text(&format!("v{version}"));
    }
    if !related.is_empty() {
        page.section("SEE ALSO");
        page.text(&related.join(", "));
    }
    page.into_string()
}

/// Returns the line that shows how a command is written.
fn synopsis(command: &Command) -> String {
    let mut line = format!("**{}**", command.get_bin_name().unwrap_or_else(|| command.get_name()));
    let visible = || command.get_arguments().filter(|arg| !arg.is_hide_set());
    let options = |is_required: bool| {
        visible().filter(move |arg| !arg.is_positional() && arg.is_required_set() == is_required)
    };
    for arg in options(false).chain(options(true)) {
        let names = option_names(arg, "|");
        line.push_str(&enclosed(&names, arg.is_required_set()));
    }
    for arg in visible().filter(|arg| arg.is_positional()) {
        line.push_str(&enclosed(&value_name(arg), arg.is_required_set()));
    }
    if command.get_subcommands().any(|one| !one.is_hide_set()) {
        line.push_str(&enclosed("subcommands", command.is_subcommand_required_set()));
    }
    line
}

fn enclosed(text: &str, is_required: bool) -> String {
    if is_required { format!(" <{text}>") } else { format!(" [{text}]") }
}

/// Returns the names of an option in bold.
fn option_names(arg: &Arg, separator: &str) -> String {
    let short = arg.get_short().map(|short| format!("**-{short}**"));
    let long = arg.get_long().map(|long| format!("**--{long}**"));
    short.into_iter().chain(long).collect::<Vec<_>>().join(separator)
}

fn value_name(arg: &Arg) -> String {
    match arg.get_value_names() {
        Some(names) => names.iter().map(clap::builder::Str::as_str).collect::<Vec<_>>().join(" "),
        None => arg.get_id().to_string(),
    }
}

/// Writes the options: those without a heading first, and then those of each heading.
fn options(page: &mut Roff, command: &Command) {
    let visible: Vec<&Arg> = command.get_arguments().filter(|arg| !arg.is_hide_set()).collect();
    let mut headings: Vec<Option<&str>> = vec![None];
    for arg in &visible {
        if !headings.contains(&arg.get_help_heading()) {
            headings.push(arg.get_help_heading());
        }
    }
    for heading in headings {
        let mut of_heading: Vec<&Arg> =
            visible.iter().copied().filter(|arg| arg.get_help_heading() == heading).collect();
        if of_heading.is_empty() {
            continue;
        }
        // Options first, in the order of the help.
        of_heading.sort_by_key(|arg| (arg.is_positional(), arg.get_display_order()));
        page.section(&heading.unwrap_or("OPTIONS").to_uppercase());
        for arg in of_heading {
            page.term(&header(arg), &meaning(arg));
        }
    }
}

/// Returns how an argument is written, with its default.
fn header(arg: &Arg) -> String {
    let takes_values = arg.get_action().takes_values();
    let mut header = if arg.is_positional() {
        enclosed(&value_name(arg), arg.is_required_set()).trim_start().to_owned()
    } else {
        option_names(arg, ", ")
    };
    if takes_values && !arg.is_positional() {
        // Writing to a String can't fail.
        let _ = write!(header, " <{}>", value_name(arg));
    }
    if takes_values && !arg.is_hide_default_value_set() && !arg.get_default_values().is_empty() {
        let values = arg.get_default_values().iter().map(|value| value.to_string_lossy());
        let _ = write!(header, " [default: {}]", values.collect::<Vec<_>>().join(","));
    }
    header
}

/// Returns the description of an argument, with its possible values.
fn meaning(arg: &Arg) -> String {
    let help = arg.get_long_help().or_else(|| arg.get_help());
    let mut text = help.map(ToString::to_string).unwrap_or_default();
    if arg.get_action().takes_values() && !arg.is_hide_possible_values_set() {
        let values = arg.get_possible_values();
        let names: Vec<&str> =
            values.iter().filter(|one| !one.is_hide_set()).map(PossibleValue::get_name).collect();
        if !names.is_empty() {
            // Writing to a String can't fail.
            let _ = write!(text, ". Possible values: {}", names.join(", "));
        }
    }
    text
}

/// Writes the text after the options in the help: paragraphs, lists and examples.
fn after_help(page: &mut Roff, text: &str) {
    let mut is_in_notes = false;
    for block in text.split("\n\n") {
        let mut lines = block.lines().peekable();
        let heading = lines.next_if(|line| line.ends_with(':') && !line.starts_with(' '));
        let is_list = lines.clone().all(|line| line.starts_with(' '));
        match heading {
            Some(heading) if is_list => {
                let other = HEADINGS.iter().find(|(help, _)| *help == heading);
                let name = other.map_or_else(
                    || heading.trim_end_matches(':').to_uppercase(),
                    |(_, name)| (*name).to_owned(),
                );
                page.section(&name);
                is_in_notes = false;
                if heading == "Examples:" { examples(page, lines) } else { list(page, lines) }
            }
            heading => {
                if !is_in_notes {
                    page.section("NOTES");
                }
                let paragraph: Vec<&str> = heading.into_iter().chain(lines).collect();
                let paragraph = paragraph.join(" ");
                if is_in_notes {
                    page.paragraph(&paragraph);
                } else {
                    page.text(&paragraph);
                }
                is_in_notes = true;
            }
        }
    }
}

/// Writes each example as a command of its own, with the lines that continue it.
fn examples<'a>(page: &mut Roff, lines: impl Iterator<Item = &'a str>) {
    let mut example: Vec<&str> = Vec::new();
    for line in lines {
        let line = line.strip_prefix("  ").unwrap_or(line);
        if !line.starts_with(' ') && !example.is_empty() {
            page.example(std::mem::take(&mut example));
        }
        example.push(line);
    }
    if !example.is_empty() {
        page.example(example);
    }
}

/// Writes a list whose lines are a term, at least two blanks, and its description.
fn list<'a>(page: &mut Roff, lines: impl Iterator<Item = &'a str>) {
    let mut entries: Vec<(String, String)> = Vec::new();
    for line in lines {
        match (line.trim_start().split_once("  "), entries.last_mut()) {
            (Some((term, meaning)), _) if line.starts_with("  ") && !line.starts_with("    ") => {
                entries.push((term.to_owned(), meaning.trim().to_owned()));
            }
            (_, Some((_, meaning))) => {
                meaning.push(' ');
                meaning.push_str(line.trim());
            }
            (_, None) => entries.push((line.trim().to_owned(), String::new())),
        }
    }
    for (term, meaning) in entries {
        page.term(&format!("**{term}**"), &meaning);
    }
}
