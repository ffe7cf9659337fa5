//! The text of a mail. That of one in HTML alone has the lines that a reader of mails shows.

use std::borrow::Cow;

use mail_parser::decoders::html::html_to_text;
use mail_parser::{Message, PartType};

/// The elements of HTML that begin on a line of their own.
const BLOCKS: [&str; 22] = [
    "address",
    "article",
    "blockquote",
    "br",
    "dd",
    "div",
    "dt",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "header",
    "hr",
    "li",
    "p",
    "pre",
    "section",
    "table",
    "tr",
    "ul",
];

/// Returns the text of a mail; `None` if it has none.
#[must_use]
pub fn mail_text<'a>(mail: &'a Message<'_>) -> Option<Cow<'a, str>> {
    match &mail.text_part(0)?.body {
        PartType::Text(text) => Some(Cow::Borrowed(text.as_ref())),
        PartType::Html(html) => Some(Cow::Owned(text_of_html(html))),
        _ => None,
    }
}

/// Returns the text of HTML, without lines that are empty.
fn text_of_html(html: &str) -> String {
    // The decoder breaks lines only at plain tags of breaks, and at the end of paragraphs.
    let mut broken = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        broken.push_str(before);
        if is_block(tag) {
            broken.push_str("<br>");
        }
        broken.push('<');
        rest = tag.get(1..).unwrap_or_default();
    }
    broken.push_str(rest);
    let text = html_to_text(&broken);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

/// Returns whether a text begins with the tag of a block, its start or its end.
fn is_block(text: &str) -> bool {
    let name = text.trim_start_matches(['<', '/']);
    let end = name.find(|ch: char| !ch.is_ascii_alphanumeric()).unwrap_or(name.len());
    let name = name.get(..end).unwrap_or_default();
    BLOCKS.iter().any(|block| block.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use mail_parser::MessageParser;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("<html><body><div>ack</div><div>Best</div></body></html>", "ack\nBest")]
    #[case(
        "<DIV dir=\"auto\">ack&nbsp;</DIV><br clear=\"all\"><blockquote>no</blockquote>",
        "ack\nno"
    )]
    #[case("ack<hr><b>From</b>: redphone", "ack\nFrom: redphone")]
    #[case("<p>Since <b>nine</b></p><ul><li>a</li><li>b</li></ul>", "Since nine\na\nb")]
    #[case("<style>div { }</style><div>ack</div>", "ack")]
    fn lines_of_html_are_those_that_people_see(#[case] html: &str, #[case] expected: &str) {
        let mail = format!("Content-Type: text/html\r\n\r\n{html}");
        let mail = MessageParser::default().parse(mail.as_bytes()).unwrap();
        assert_eq!(mail_text(&mail).unwrap_or_default(), expected);
    }

    #[test]
    fn plain_text_is_preferred() {
        let mail = "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\
                    Content-Type: text/plain\r\n\r\nack\r\n--b\r\n\
                    Content-Type: text/html\r\n\r\n<p>resolve</p>\r\n--b--\r\n";
        let mail = MessageParser::default().parse(mail.as_bytes()).unwrap();
        assert_eq!(mail_text(&mail).unwrap().trim(), "ack");
    }
}
