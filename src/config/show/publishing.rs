//! Writes the status page, the publishers and the reports on a timer.

use super::{TomlWriter, format_key, quote, quote_list, quote_path};
use crate::backend::http::TokenSource;
use crate::config::publishing::PublisherSettings;
use crate::model::report_rule::ReportRule;

impl TomlWriter<'_> {
    /// Writes the publications, and their targets.
    pub(super) fn publishing(&mut self) {
        let publishing = &self.config.publishing;
        if let Some(page) = &publishing.status_page {
            self.section("status_page");
            self.setting("title", &quote(&page.title));
            if let Some(url) = &page.url {
                self.setting("url", &quote(url));
            }
            if let Some(directory) = &page.directory {
                self.setting("directory", &quote_path(directory));
            }
            self.setting("served", &page.served.to_string());
            self.setting("days", &page.days.to_string());
        }
        for publisher in &publishing.publishers {
            self.publisher(publisher);
        }
        for report in &publishing.reports {
            self.report(report);
        }
    }

    fn publisher(&mut self, publisher: &PublisherSettings) {
        let origin = self.config.origins.get(&format!("publishers.{}", publisher.name));
        self.push_line(&format!("\n[publishers.{}] # {origin}", format_key(&publisher.name)));
        self.field("kind", &quote(publisher.kind.as_str()));
        if let Some(url) = &publisher.url {
            self.field("url", &quote(url.as_str()));
        }
        if let Some(page) = &publisher.page {
            self.field("page", &quote(page));
        }
        match &publisher.secret {
            TokenSource::Keyring => {}
            TokenSource::File(file) => self.field("secret_file", &quote_path(file)),
            TokenSource::Variable(name) => self.field("secret_env", &quote(name)),
            TokenSource::Command(run) => self.field("secret_command", &quote_list(run)),
        }
        self.field("notify", &publisher.notify.to_string());
        if !publisher.components.is_empty() {
            let components: Vec<String> = publisher
                .components
                .iter()
                .map(|(service, id)| format!("{} = {}", format_key(service), quote(id)))
                .collect();
            self.field("components", &format!("{{ {} }}", components.join(", ")));
        }
    }

    fn report(&mut self, report: &ReportRule) {
        self.entry("reports", &report.name);
        self.field("name", &quote(&report.name));
        self.field("window", &quote(&report.window.to_string()));
        if !report.teams.is_empty() {
            self.field("teams", &quote_list(&report.teams));
        }
        self.field("day", &quote(&report.day.to_string()));
        self.field("time", &quote(&report.time.format("%H:%M").to_string()));
        self.field("zone", &quote(&report.zone));
        if !report.to.is_empty() {
            self.field("to", &quote_list(&report.to));
        }
        if let Some(directory) = &report.directory {
            self.field("directory", &quote_path(directory));
        }
        self.field("format", &quote(report.form.as_str()));
    }
}
