//! `man`: prints a manual page, or writes all of them.

mod command_page;
mod guide_page;
mod roff;
mod settings_page;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::CommandFactory;

use super::args::{Cli, Man};
use super::failure::{Exit, Failure, io_error_text, output_failed};
use super::guide;
use super::out::Out;
use crate::config::sample::{ActionKeys, sample};
use crate::config::suggestion;
use crate::model::text::SafeText;
use crate::tui::action::TABLE;
use command_page::{command_page, page_name};

/// A manual page.
struct Page {
    name: String,
    section: u8,
    text: String,
}

/// Prints a page, or writes all pages into a folder.
pub fn run(out: &mut Out, args: &Man) -> Result<(), Failure> {
    let pages = pages();
    let Some(folder) = &args.out else {
        let name = match args.page.join("-") {
            name if name.is_empty() || name == "redphone" => "redphone".to_owned(),
            name if name.starts_with("redphone-") || name == settings_page::NAME => name,
            name => format!("redphone-{name}"),
        };
        let page = pages.iter().find(|page| page.name == name);
        let page = page.ok_or_else(|| no_such_page(&name, &pages))?;
        return out
            .document_writer()
            .write_all(page.text.as_bytes())
            .map_err(|error| output_failed(&error));
    };
    for page in &pages {
        write_page(folder, page)?;
    }
    out.done_line(format!("{} pages written to {}", pages.len(), folder.display()))
}

fn no_such_page(name: &str, pages: &[Page]) -> Failure {
    let names: Vec<&str> = pages.iter().map(|page| page.name.as_str()).collect();
    let why = suggestion(name, &names);
    Failure::new(Exit::NotFound, format!("there is no page {:?}: {why}", SafeText::from(name)))
}

/// Returns all pages: of each command, of the settings and of the guide.
fn pages() -> Vec<Page> {
    let mut command = Cli::command();
    command.build();
    let mut pages = Vec::new();
    collect(&command, None, &mut pages);
    let actions = TABLE.iter().map(|entry| ActionKeys {
        name: entry.name,
        keys: entry.keys,
        help: entry.help,
    });
    let text = settings_page::settings_page(&sample(actions));
    pages.push(Page { name: settings_page::NAME.into(), section: 5, text });
    pages.extend(guide::PAGES.iter().map(|(topic, markdown)| Page {
        name: guide_page::page_name(topic),
        section: guide_page::SECTION,
        text: guide_page::guide_page(topic, markdown),
    }));
    pages
}

/// Adds the pages of a command and of its subcommands.
fn collect(command: &clap::Command, parent: Option<&str>, pages: &mut Vec<Page>) {
    let name = page_name(command).to_owned();
    let mut related: Vec<String> = parent.map(|name| format!("{name}(1)")).into_iter().collect();
    if parent.is_none_or(|_| command.get_name() == "config") {
        related.push(format!("{}(5)", settings_page::NAME));
    }
    let text = command_page(command, &related);
    pages.push(Page { name: name.clone(), section: 1, text });
    for subcommand in command.get_subcommands().filter(|one| !one.is_hide_set()) {
        collect(subcommand, Some(&name), pages);
    }
}

/// Writes a page into a folder. If that is the folder of section 1, a page of another section goes
/// into the sibling folder of that section, where `man` looks for it.
fn write_page(folder: &Path, page: &Page) -> Result<(), Failure> {
    let folder: PathBuf = match folder.parent() {
        Some(parent) if folder.ends_with("man1") => parent.join(format!("man{}", page.section)),
        _ => folder.to_owned(),
    };
    let file = folder.join(format!("{}.{}", page.name, page.section));
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(file, &page.text));
    written.map_err(|error| {
        Failure::failed(format!(
            "can't write the pages to {}: {}: name another folder",
            folder.display(),
            io_error_text(&error)
        ))
    })
}
