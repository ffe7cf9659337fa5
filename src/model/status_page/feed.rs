//! The history of a status page as RSS 2.0.

use super::html::escape_lines;
use super::{PublicIncident, StatusPage};
use crate::model::measures::report::escape;

/// The most incidents of the feed.
const MAX_ITEMS: usize = 50;

impl StatusPage {
    /// Returns the history as RSS.
    #[must_use]
    pub fn to_rss(&self) -> String {
        let title = escape(&self.title);
        let link = escape(self.url.as_deref().unwrap_or("./"));
        let mut out = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\">\n<channel>\n\
             <title>{title}: incident history</title>\n<link>{link}</link>\n\
             <description>Incidents and their updates</description>\n<language>en</language>\n\
             <lastBuildDate>{}</lastBuildDate>\n",
            self.made_at.to_rfc2822()
        );
        for incident in self.incidents.iter().take(MAX_ITEMS) {
            self.push_item(incident, &mut out);
        }
        out.push_str("</channel>\n</rss>\n");
        out
    }

    fn push_item(&self, incident: &PublicIncident, out: &mut String) {
        // Readers show a description as HTML, so that it is escaped once as HTML and once as XML.
        let posts = incident.posts.iter().rev().map(|post| {
            let at = post.at.format("%Y-%m-%d %H:%M UTC");
            let text = escape_lines(&post.text);
            format!(
                "<p><small>{at}</small><br><strong>{}</strong>: {text}</p>",
                post.status.label()
            )
        });
        let description = escape(&posts.collect::<String>());
        let link = self.link(&incident.id);
        out.extend([format!("<item>\n<title>{}</title>\n", escape(&incident.name))]);
        if !link.is_empty() {
            out.extend([format!("<link>{}</link>\n", escape(&link))]);
        }
        out.extend([format!(
            "<description>{description}</description>\n<pubDate>{}</pubDate>\n\
             <guid isPermaLink=\"false\">{}-{}</guid>\n</item>\n",
            incident.updated_at().to_rfc2822(),
            incident.id,
            incident.posts.len()
        )]);
    }
}
