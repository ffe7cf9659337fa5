//! The history of a status page as RSS 2.0: incidents and maintenance windows, the last news first.

use chrono::{DateTime, Utc};

use super::html::escape_lines;
use super::{PublicIncident, PublicMaintenance, StatusPage};
use crate::model::html::escape;

/// The most entries of the feed.
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
             <description>Incidents with their updates, and maintenance</description>\n<language>en</language>\n\
             <lastBuildDate>{}</lastBuildDate>\n",
            self.made_at.to_rfc2822()
        );
        let incidents = self.incidents.iter().take(MAX_ITEMS);
        let mut items: Vec<Item> = incidents.map(|one| self.incident_item(one)).collect();
        items.extend(self.maintenance.iter().take(MAX_ITEMS).map(|one| self.window_item(one)));
        items.sort_by_key(|item| std::cmp::Reverse(item.at));
        items.iter().take(MAX_ITEMS).for_each(|item| item.push(&mut out));
        out.push_str("</channel>\n</rss>\n");
        out
    }

    fn incident_item(&self, incident: &PublicIncident) -> Item {
        let posts = incident.posts.iter().rev().map(|post| {
            let at = post.at.format("%Y-%m-%d %H:%M UTC");
            let text = escape_lines(&post.text);
            format!(
                "<p><small>{at}</small><br><strong>{}</strong>: {text}</p>",
                post.status.label()
            )
        });
        Item {
            title: incident.name.clone(),
            link: self.link(&incident.id),
            description: posts.collect(),
            at: incident.updated_at(),
            guid: format!("{}-{}", incident.id, incident.posts.len()),
        }
    }

    fn window_item(&self, window: &PublicMaintenance) -> Item {
        let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC");
        Item {
            title: window.name.clone(),
            link: self.link(&window.id),
            description: format!(
                "<p><small>{} – {}</small><br>{}</p>",
                time(window.from),
                time(window.until),
                escape_lines(&window.text)
            ),
            at: window.created_at,
            // Another time is news.
            guid: format!("{}-{}", window.id, window.from.timestamp()),
        }
    }
}

/// An entry of the feed.
struct Item {
    title: String,
    /// Empty if the address of the page is not set.
    link: String,
    /// The content as HTML.
    description: String,
    at: DateTime<Utc>,
    guid: String,
}

impl Item {
    fn push(&self, out: &mut String) {
        out.extend([format!("<item>\n<title>{}</title>\n", escape(&self.title))]);
        if !self.link.is_empty() {
            out.extend([format!("<link>{}</link>\n", escape(&self.link))]);
        }
        // Readers show a description as HTML, so it is escaped once as HTML and once as XML.
        out.extend([format!(
            "<description>{}</description>\n<pubDate>{}</pubDate>\n\
             <guid isPermaLink=\"false\">{}</guid>\n</item>\n",
            escape(&self.description),
            self.at.to_rfc2822(),
            self.guid
        )]);
    }
}
