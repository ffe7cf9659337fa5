//! Manual pages of section 7 from the pages of the guide, which are Markdown: a title, an
//! introductory sentence, paragraphs, lists, tables and indented examples.

use super::roff::Roff;

/// The section of the pages.
pub(super) const SECTION: u8 = 7;

/// Returns the name of the page of a topic, such as `redphone-ntfy`.
pub(super) fn page_name(topic: &str) -> String {
    format!("redphone-{topic}")
}

/// Returns the page of a topic.
pub(super) fn guide_page(topic: &str, markdown: &str) -> String {
    let name = page_name(topic);
    let mut page = Roff::new(&name, SECTION);
    let mut blocks = blocks(markdown).into_iter();
    let mut first = blocks.next().unwrap_or_default();
    if first.first().is_some_and(|line| line.starts_with("# ")) {
        first = blocks.next().unwrap_or_default();
    }
    let summary = first.join(" ");
    page.section("NAME");
    let sentence = summary.split_once(". ").map_or(summary.as_str(), |(sentence, _)| sentence);
    page.text(&format!("{name} - {}", sentence.trim_end_matches('.').replace('`', "")));
    page.section("DESCRIPTION");
    page.text(&bold(&summary));
    for block in blocks {
        write_block(&mut page, &block);
    }
    page.section("SEE ALSO");
    page.text("redphone(1), redphone-help(1), redphone.toml(5)");
    page.into_string()
}

/// Splits a page at its empty lines. An example continues after one.
fn blocks(markdown: &str) -> Vec<Vec<&str>> {
    let mut blocks: Vec<Vec<&str>> = Vec::new();
    let mut is_after_gap = true;
    for line in markdown.lines() {
        if line.trim().is_empty() {
            is_after_gap = true;
            continue;
        }
        match blocks.last_mut() {
            Some(block) if !is_after_gap => block.push(line),
            Some(block) if is_example(line) && block.iter().all(|line| is_example(line)) => {
                block.extend(["    ", line]);
            }
            _ => blocks.push(vec![line]),
        }
        is_after_gap = false;
    }
    blocks
}

fn is_example(line: &str) -> bool {
    line.starts_with("    ")
}

fn write_block(page: &mut Roff, block: &[&str]) {
    let Some(first) = block.first() else { return };
    if let Some(heading) = first.strip_prefix('#') {
        page.section(&heading.trim_start_matches('#').trim().to_uppercase());
        write_block(page, &block[1..]);
    } else if is_example(first) {
        page.example(block.iter().map(|line| line.strip_prefix("    ").unwrap_or(line)));
    } else if first.starts_with('|') {
        let rows: Vec<Vec<&str>> = block
            .iter()
            .map(|line| line.trim().trim_matches('|').split('|').map(str::trim).collect())
            .filter(|cells: &Vec<&str>| !cells.iter().all(|cell| is_rule(cell)))
            .collect();
        // The first row names the columns.
        for cells in rows.iter().skip(1) {
            let (term, meaning) = cells.split_first().unwrap_or((&"", &[]));
            page.term(&bold(term), &bold(&meaning.join("; ")));
        }
    } else if first.starts_with("- ") {
        for item in items(block) {
            page.paragraph(&bold(&item));
        }
    } else {
        page.paragraph(&bold(&block.join(" ")));
    }
}

/// Returns whether a cell of a table is part of the line below its heading.
fn is_rule(cell: &str) -> bool {
    cell.chars().all(|ch| matches!(ch, '-' | ':'))
}

/// Joins the lines of each item of a list.
fn items(block: &[&str]) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for line in block {
        match (line.strip_prefix("- "), items.last_mut()) {
            (Some(text), _) => items.push(text.to_owned()),
            (None, Some(item)) => {
                item.push(' ');
                item.push_str(line.trim_start());
            }
            (None, None) => items.push(line.trim_start().to_owned()),
        }
    }
    items
}

/// Marks text between backticks as bold.
fn bold(text: &str) -> String {
    text.replace('`', "**")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_has_paragraphs_examples_lists_and_tables() {
        let markdown = "# pager\n\nMessages by `pager`. More.\n\n    [a]\n\n    [b]\n\nText\ngoes on.\n\n\
                        - one\n  more\n- two\n\n| field | what |\n|---|---|\n| `url` | where |\n\n\
                        ## Limits\n\nNone.\n";
        let page = guide_page("pager", markdown);
        let body = page.split_once('\n').unwrap().1;
        let expected = ".SH NAME\nredphone\\-pager \\- Messages by pager\n.SH DESCRIPTION\n\
                        Messages by \\fBpager\\fR. More.\n.PP\n.RS 4\n.nf\n[a]\n\n[b]\n.fi\n.RE\n\
                        .PP\nText goes on.\n.PP\none more\n.PP\ntwo\n.TP\n\\fBurl\\fR\nwhere\n\
                        .SH LIMITS\nNone.\n\
                        .SH SEE ALSO\nredphone(1), redphone\\-help(1), redphone.toml(5)\n";
        assert_eq!(body, expected);
    }
}
