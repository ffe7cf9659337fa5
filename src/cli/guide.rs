//! `help`: prints a page of the guide.

use clap::CommandFactory;

use super::args::Cli;
use super::failure::{Exit, Failure};
use super::out::Out;
use crate::config::suggestion;
use crate::model::text::SafeText;

/// Defines the pages, each a file in `src/docs/guide/`.
macro_rules! pages {
    ($($topic:literal),* $(,)?) => {
        /// The pages, each with its topic.
        pub const PAGES: &[(&str, &str)] =
            &[$(($topic, include_str!(concat!("../docs/guide/", $topic, ".md")))),*];

        /// The topics of all pages.
        pub const TOPICS: &[&str] = &[$($topic),*];
    };
}

pages![
    "channels",
    "command",
    "email",
    "ntfy",
    "webhook",
    "slack",
    "gotify",
    "pushover",
    "telegram",
    "matrix",
    "mattermost",
    "discord",
    "teams",
    "twilio_sms",
    "twilio_call",
    "answers",
    "contacts",
    "roles",
    "alertmanager",
    "heartbeats",
    "impact",
    "selftests",
    "calendars",
    "maintenance",
    "metrics",
    "reminders",
    "reports",
    "reviews",
    "statuspage",
    "follow-ups",
    "problems",
    "prometheus",
    "pagerduty",
    "opsgenie",
    "goalert",
    "ingest",
    "azure",
    "checkmk",
    "cdevents",
    "cloudevents",
    "cloudwatch",
    "datadog",
    "gcp",
    "github",
    "gitlab",
    "grafana",
    "icinga",
    "nagios",
    "oncall",
    "otlp",
    "sentry",
    "uptime-kuma",
    "zabbix",
    "integrations",
    "mail",
    "stability",
    "storms",
];

/// Prints the page of a topic, or the list of all topics.
pub fn run(out: &mut Out, topic: Option<&str>) -> Result<(), Failure> {
    let Some(topic) = topic else {
        for (name, page) in PAGES {
            out.line(format!("{name:12}  {}", summary(page)))?;
        }
        return Ok(());
    };
    let page = PAGES.iter().find(|(name, _)| name.eq_ignore_ascii_case(topic));
    let Some((_, page)) = page else {
        let hint = match Cli::command().find_subcommand(topic) {
            Some(command) => {
                format!("`redphone {} --help` explains the command", command.get_name())
            }
            None => suggestion(topic, TOPICS),
        };
        let topic = SafeText::from(topic);
        return Err(Failure::new(Exit::NotFound, format!("there is no page {topic:?}: {hint}")));
    };
    for line in page.lines() {
        out.line(line)?;
    }
    Ok(())
}

/// Returns the first sentence of a page, below its title.
fn summary(page: &str) -> String {
    let lines = page.lines().skip(1).skip_while(|line| line.is_empty());
    let paragraph: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    let text = paragraph.join(" ");
    text.split_once(". ").map_or(text.as_str(), |(first, _)| first).trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::notification::ChannelKind;

    #[test]
    fn each_kind_of_channel_has_a_page() {
        for kind in ChannelKind::all() {
            assert!(PAGES.iter().any(|(topic, _)| *topic == kind.as_str()), "{kind}");
        }
    }

    #[test]
    fn each_page_begins_with_its_topic_and_a_sentence() {
        for (topic, page) in &PAGES[1..] {
            assert!(page.starts_with(&format!("# {topic}\n\n")), "{topic}");
            let (summary, text) = (summary(page), page.split_whitespace().collect::<Vec<_>>());
            assert!((9..=112).contains(&summary.len()), "{topic}: {summary}");
            assert!(text.join(" ").contains(&format!("{summary}. ")), "{topic}: {summary}");
        }
    }
}
