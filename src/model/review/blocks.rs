//! Converts an author's Markdown to HTML. Everything is escaped: no markup of a text passes
//! through, and links are not followed.

use crate::model::runbook::{Block, BlockKind, RunbookPage, TextSpan, TextStyle};

/// A list that is open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum List {
    Bullets,
    Numbers,
}

impl List {
    const fn end(self) -> &'static str {
        match self {
            Self::Bullets => "</ul>\n",
            Self::Numbers => "</ol>\n",
        }
    }
}

/// Returns the HTML of a Markdown text, in elements that are allowed in a section below a heading
/// of the second level.
pub(super) fn to_html(markdown: &str) -> String {
    let mut writer = Writer::default();
    for block in &RunbookPage::parse_body(markdown).blocks {
        writer.block(block);
    }
    writer.close_lists(0);
    writer.close_quote();
    writer.out
}

/// Escapes a text for HTML. It must have been sanitized.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for ch in text.chars() {
        match ch {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[derive(Default)]
struct Writer {
    out: String,
    /// The enclosing lists; an item of each is open.
    lists: Vec<List>,
    is_quoted: bool,
}

impl Writer {
    fn block(&mut self, block: &Block) {
        if block.quoted != self.is_quoted {
            self.close_lists(0);
            self.close_quote();
            if block.quoted {
                self.out.push_str("<blockquote>\n");
                self.is_quoted = true;
            }
        }
        if let BlockKind::Item(mark) = &block.kind {
            self.item(mark, block.indent);
            self.out.push_str(&spans(&block.spans));
            self.out.push('\n');
            return;
        }
        self.close_lists(block.indent);
        match &block.kind {
            BlockKind::Heading(_) => self.element("h3", &spans(&block.spans)),
            BlockKind::Text => self.element("p", &spans(&block.spans)),
            BlockKind::Code(lines, _) => {
                let lines: Vec<String> = lines.iter().map(|line| escape(line.trim_end())).collect();
                self.out.extend([format!("<pre><code>{}</code></pre>\n", lines.join("\n"))]);
            }
            BlockKind::Table(rows) => self.table(rows),
            BlockKind::Rule => self.out.push_str("<hr>\n"),
            BlockKind::Item(_) => {}
        }
    }

    fn table(&mut self, rows: &[Vec<String>]) {
        let row = |cells: &[String], start: &str, end: &str| {
            let cells = cells.iter().map(|cell| format!("{start}{}{end}", escape(cell.trim())));
            format!("<tr>{}</tr>\n", cells.collect::<String>())
        };
        let Some((head, body)) = rows.split_first() else { return };
        let body: String = body.iter().map(|cells| row(cells, "<td>", "</td>")).collect();
        let body = if body.is_empty() { body } else { format!("<tbody>\n{body}</tbody>\n") };
        self.out.extend([format!(
            "<div class=\"wide\">\n<table>\n<thead>\n{}</thead>\n{body}</table>\n</div>\n",
            row(head, "<th scope=\"col\">", "</th>")
        )]);
    }

    fn element(&mut self, name: &str, content: &str) {
        if !content.trim().is_empty() {
            self.out.extend([format!("<{name}>{}</{name}>\n", content.trim())]);
        }
    }

    /// Begins an item of a list that is inside of `indent` lists.
    fn item(&mut self, mark: &str, indent: usize) {
        let number = mark.strip_suffix('.').and_then(|number| number.parse::<u64>().ok());
        let list = if number.is_some() { List::Numbers } else { List::Bullets };
        self.close_lists(indent + 1);
        if self.lists.len() == indent + 1 {
            self.out.push_str("</li>\n");
            if self.lists.last() == Some(&list) {
                self.out.push_str("<li>");
                return;
            }
            if let Some(other) = self.lists.pop() {
                self.out.push_str(other.end());
            }
        }
        while self.lists.len() <= indent {
            let start = match (list, number) {
                (List::Numbers, Some(first)) if first != 1 => format!("<ol start=\"{first}\">\n"),
                (List::Numbers, _) => "<ol>\n".to_owned(),
                (List::Bullets, _) => "<ul>\n".to_owned(),
            };
            self.out.push_str(&start);
            self.out.push_str("<li>");
            self.lists.push(list);
        }
    }

    /// Closes the lists beyond the first `depth` ones.
    fn close_lists(&mut self, depth: usize) {
        while self.lists.len() > depth {
            if let Some(list) = self.lists.pop() {
                self.out.push_str("</li>\n");
                self.out.push_str(list.end());
            }
        }
    }

    fn close_quote(&mut self) {
        if std::mem::take(&mut self.is_quoted) {
            self.out.push_str("</blockquote>\n");
        }
    }
}

fn spans(spans: &[TextSpan]) -> String {
    let mut out = String::new();
    for span in spans {
        let text = escape(&span.text);
        match span.style {
            TextStyle::Plain => out.push_str(&text),
            TextStyle::Strong => out.extend([format!("<strong>{text}</strong>")]),
            TextStyle::Emphasis => out.extend([format!("<em>{text}</em>")]),
            TextStyle::Code => out.extend([format!("<code>{text}</code>")]),
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a **b** *c* `d`", "<p>a <strong>b</strong> <em>c</em> <code>d</code></p>\n")]
    #[case("# Cause", "<h3><strong>Cause</strong></h3>\n")]
    #[case("- a\n- b", "<ul>\n<li>a\n</li>\n<li>b\n</li>\n</ul>\n")]
    #[case("- [x] a\n- [ ] *b*", "<ul>\n<li>[x] a\n</li>\n<li>[ ] <em>b</em>\n</li>\n</ul>\n")]
    #[case("3. a\n4. b", "<ol start=\"3\">\n<li>a\n</li>\n<li>b\n</li>\n</ol>\n")]
    #[case(
        "- a\n  1. b\n- c",
        "<ul>\n<li>a\n<ol>\n<li>b\n</li>\n</ol>\n</li>\n<li>c\n</li>\n</ul>\n"
    )]
    #[case("> quoted\n\nnot", "<blockquote>\n<p>quoted</p>\n</blockquote>\n<p>not</p>\n")]
    #[case("```\na < b  \n```", "<pre><code>a &lt; b</code></pre>\n")]
    #[case("", "")]
    #[case(
        "| a | b |\n|---|---|\n| 1 | `<i>` |",
        "<div class=\"wide\">\n<table>\n<thead>\n<tr><th scope=\"col\">a</th><th scope=\"col\">b</th></tr>\n\
         </thead>\n<tbody>\n<tr><td>1</td><td>&lt;i&gt;</td></tr>\n</tbody>\n</table>\n</div>\n"
    )]
    fn markdown_becomes_elements(#[case] markdown: &str, #[case] expected: &str) {
        assert_eq!(to_html(markdown), expected);
    }

    #[rstest]
    #[case("<script>alert(1)</script>")]
    #[case("a <img src=x onerror=alert(1)> b")]
    #[case("[x](javascript:alert(1))")]
    #[case("![x](https://example.org/pixel.png)")]
    #[case("`<b>`\n\n    <i>\n")]
    #[case("\"' & <!-- -->")]
    fn no_markup_of_a_text_comes_through(#[case] markdown: &str) {
        let html = to_html(markdown);
        let ours = ["p", "pre", "code"];
        for tag in html.split('<').skip(1) {
            let name = tag.split('>').next().unwrap().trim_start_matches('/');
            assert!(ours.contains(&name), "{name} in {html}");
        }
        assert!(!html.contains("<a") && !html.contains("<img"), "{html}");
    }
}
