//! The manual page of the settings file, redphone.toml(5), from the commented sample: each setting
//! with its default and its sentence. A test holds that the sample has every setting that is read.

use super::roff::Roff;
use crate::config::sample::EXAMPLES_LINE;

/// The name of the page.
pub(super) const NAME: &str = "redphone.toml";

/// Returns the page for a sample.
pub(super) fn settings_page(sample: &str) -> String {
    let mut page = Roff::new(NAME, 5);
    page.section("NAME");
    page.text(&format!("{NAME} - settings of redphone"));
    page.section("SYNOPSIS");
    page.text(
        "**redphone/config.toml** in the XDG config folder ($XDG_CONFIG_HOME, else **~/.config**)",
    );
    page.section("DESCRIPTION");
    let (defaults, examples) = sample.split_once(EXAMPLES_LINE).unwrap_or((sample, ""));
    let mut blocks = defaults.split("\n\n").map(Block::parse);
    for (index, block) in blocks.by_ref().enumerate() {
        if block.lines.is_empty() && index == 0 {
            page.text(&block.sentence);
            page.paragraph(
                "**redphone config init** writes a file with all of this commented out. \
                 **redphone config check** says what is wrong in a file, **redphone config show** \
                 what holds and where it comes from. Below, each setting has its default.",
            );
            page.section("SETTINGS");
            continue;
        }
        write_defaults(&mut page, &block);
    }
    page.section("TABLES");
    page.text("Nothing of this is there unless it is set; what follows are examples.");
    for block in examples.split("\n\n").skip(1).map(Block::parse) {
        write_example(&mut page, &block);
    }
    page.section("FILES");
    page.term(
        "**~/.config/redphone/config.toml**",
        "The settings, or another file by **--config**",
    );
    page.section("SEE ALSO");
    page.text("redphone(1), redphone-config(1)");
    page.into_string()
}

/// Lines of the sample between empty ones: sentences, a table's header and settings.
#[derive(Debug, Default)]
struct Block {
    /// The sentences before the first setting.
    sentence: String,
    lines: Vec<Line>,
}

#[derive(Debug)]
enum Line {
    /// The header of a table, such as `[looks]`.
    Table(String),
    /// A setting with its value, and the sentences before it within its block.
    Setting { text: String, sentence: String },
}

impl Block {
    fn parse(text: &str) -> Self {
        let mut block = Self::default();
        let mut sentence = String::new();
        for line in text.lines() {
            // An indented line continues a value.
            if let Some(text) = line.strip_prefix("# ").filter(|text| !text.starts_with(' ')) {
                // A line of hyphens separates parts.
                if !text.chars().all(|ch| ch == '-') {
                    sentence.push_str(text);
                    sentence.push(' ');
                }
                continue;
            }
            let Some(text) = line.strip_prefix('#').filter(|text| !text.is_empty()) else {
                continue;
            };
            if block.lines.is_empty() {
                std::mem::take(&mut sentence).trim_end().clone_into(&mut block.sentence);
            }
            let is_continued = text.starts_with([' ', ']']) && !block.lines.is_empty();
            if text.starts_with('[') {
                block.lines.push(Line::Table(text.to_owned()));
            } else if let (true, Some(Line::Setting { text: before, .. })) =
                (is_continued, block.lines.last_mut())
            {
                before.push('\n');
                before.push_str(text);
            } else {
                let sentence = std::mem::take(&mut sentence).trim_end().to_owned();
                block.lines.push(Line::Setting { text: text.to_owned(), sentence });
            }
        }
        if block.lines.is_empty() {
            sentence.trim_end().clone_into(&mut block.sentence);
        }
        block
    }
}

/// Writes settings with their defaults.
fn write_defaults(page: &mut Roff, block: &Block) {
    let is_table = matches!(block.lines.first(), Some(Line::Table(_)));
    let mut is_first = true;
    for line in &block.lines {
        match line {
            Line::Table(name) => {
                page.subsection(name);
                if !block.sentence.is_empty() {
                    page.text(&block.sentence);
                }
            }
            Line::Setting { text, sentence } => {
                // In a block without a table, the sentence is about its only setting. The name of
                // an action is followed by its description.
                let (text, what) = text.split_once(" # ").unwrap_or((text, ""));
                let before = if is_first && !is_table { &block.sentence } else { sentence };
                let meaning = if before.is_empty() { what } else { before };
                page.term(&format!("**{text}**"), meaning);
            }
        }
        is_first = false;
    }
}

/// Writes a table as an example, with its sentences before it.
fn write_example(page: &mut Roff, block: &Block) {
    let name = block.lines.iter().find_map(|line| match line {
        Line::Table(name) => Some(name.as_str()),
        Line::Setting { .. } => None,
    });
    let Some(name) = name else { return };
    page.subsection(name);
    if !block.sentence.is_empty() {
        page.text(&block.sentence);
    }
    let mut lines: Vec<&str> = Vec::new();
    for line in &block.lines {
        match line {
            Line::Table(name) => lines.push(name),
            Line::Setting { text, .. } => lines.extend(text.lines()),
        }
    }
    page.example(lines);
    for line in &block.lines {
        if let Line::Setting { text, sentence } = line
            && !sentence.is_empty()
        {
            let name = text.split(" = ").next().unwrap_or_default();
            page.term(&format!("**{name}**"), sentence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_their_sentence_and_tables_their_example() {
        let sample = "# The settings.\n# A file.\n\n# Who acts. Default: you.\n#user = \"ines\"\n\n\
                      # Looks of it.\n#[looks]\n# Light or dark.\n#theme = \"auto\"\n#mouse = false\n\n\
                      # -----\n# From here on examples: nothing of this.\n\n# Places.\n#[profiles.prod]\n\
                      #backend = \"https://x\"\n# Where it is from.\n#levels = [\n#    { a = 1 },\n#]\n";
        let page = settings_page(sample);
        for part in [
            ".SH DESCRIPTION\nThe settings. A file.\n",
            ".TP\n\\fBuser = \\(dqines\\(dq\\fR\nWho acts. Default: you.\n",
            ".SS [looks]\nLooks of it.\n.TP\n\\fBtheme = \\(dqauto\\(dq\\fR\nLight or dark.\n\
             .TP\n\\fBmouse = false\\fR\n",
            ".SS [profiles.prod]\nPlaces.\n.PP\n.RS 4\n.nf\n[profiles.prod]\n\
             backend = \\(dqhttps://x\\(dq\nlevels = [\n    { a = 1 },\n]\n.fi\n.RE\n\
             .TP\n\\fBlevels\\fR\nWhere it is from.\n",
        ] {
            assert!(page.contains(part), "{part}\n-- is not in:\n{page}");
        }
    }
}
