//! Documents for whoever works on the program. Each is a Markdown file in `src/docs/`.
//!
//! | document | answers |
//! |---|---|
//! | [`architecture`] | what stands where, what may use what, and how a key, a change, a request and a setting travel |
//! | [`storage`] | how the local store is built, written, read and repaired |
//! | [`compatibility`] | what is made of values and files of later versions |
//! | [`outbox`] | what becomes of a command for a remote |
//! | [`guide`] | how each kind of notification channel is set up, how alerts and heartbeats come in, and what is remembered, for users |
//! | [`how_to`] | how to add a verb, a setting, a backend, a screen |
//! | [`glossary`] | what the project's own words mean |
//! | [`decisions`] | what was decided, why, and what was refused |
//!
//! How to build, test and commit is in `.github/CONTRIBUTING.md`.

#![allow(clippy::doc_markdown, reason = "the documents are prose, which names products")]

pub mod architecture {
    #![doc = include_str!("architecture.md")]
}

pub mod storage {
    #![doc = include_str!("storage.md")]
}

pub mod compatibility {
    #![doc = include_str!("compatibility.md")]
}

pub mod outbox {
    #![doc = include_str!("outbox.md")]
}

pub mod guide {
    //! Pages for users, which `redphone help TOPIC` prints. Their examples are settings and shell
    //! commands, indented as a terminal shows them, which rustdoc would take for tests in Rust.

    #![allow(rustdoc::invalid_rust_codeblocks, reason = "the examples are in other languages")]

    pub mod answers {
        #![cfg_attr(not(doctest), doc = include_str!("guide/answers.md"))]
    }

    pub mod alertmanager {
        #![cfg_attr(not(doctest), doc = include_str!("guide/alertmanager.md"))]
    }

    pub mod azure {
        #![cfg_attr(not(doctest), doc = include_str!("guide/azure.md"))]
    }

    pub mod channels {
        #![cfg_attr(not(doctest), doc = include_str!("guide/channels.md"))]
    }

    pub mod checkmk {
        #![cfg_attr(not(doctest), doc = include_str!("guide/checkmk.md"))]
    }

    pub mod cdevents {
        #![cfg_attr(not(doctest), doc = include_str!("guide/cdevents.md"))]
    }

    pub mod cloudevents {
        #![cfg_attr(not(doctest), doc = include_str!("guide/cloudevents.md"))]
    }

    pub mod cloudwatch {
        #![cfg_attr(not(doctest), doc = include_str!("guide/cloudwatch.md"))]
    }

    pub mod command {
        #![cfg_attr(not(doctest), doc = include_str!("guide/command.md"))]
    }

    pub mod contacts {
        #![cfg_attr(not(doctest), doc = include_str!("guide/contacts.md"))]
    }

    pub mod datadog {
        #![cfg_attr(not(doctest), doc = include_str!("guide/datadog.md"))]
    }

    pub mod discord {
        #![cfg_attr(not(doctest), doc = include_str!("guide/discord.md"))]
    }

    pub mod email {
        #![cfg_attr(not(doctest), doc = include_str!("guide/email.md"))]
    }

    pub mod follow_ups {
        #![cfg_attr(not(doctest), doc = include_str!("guide/follow-ups.md"))]
    }

    pub mod gcp {
        #![cfg_attr(not(doctest), doc = include_str!("guide/gcp.md"))]
    }

    pub mod github {
        #![cfg_attr(not(doctest), doc = include_str!("guide/github.md"))]
    }

    pub mod gitlab {
        #![cfg_attr(not(doctest), doc = include_str!("guide/gitlab.md"))]
    }

    pub mod goalert {
        #![cfg_attr(not(doctest), doc = include_str!("guide/goalert.md"))]
    }

    pub mod gotify {
        #![cfg_attr(not(doctest), doc = include_str!("guide/gotify.md"))]
    }

    pub mod grafana {
        #![cfg_attr(not(doctest), doc = include_str!("guide/grafana.md"))]
    }

    pub mod calendars {
        #![cfg_attr(not(doctest), doc = include_str!("guide/calendars.md"))]
    }

    pub mod impact {
        #![cfg_attr(not(doctest), doc = include_str!("guide/impact.md"))]
    }
    pub mod heartbeats {
        #![cfg_attr(not(doctest), doc = include_str!("guide/heartbeats.md"))]
    }
    pub mod metrics {
        #![cfg_attr(not(doctest), doc = include_str!("guide/metrics.md"))]
    }

    pub mod icinga {
        #![cfg_attr(not(doctest), doc = include_str!("guide/icinga.md"))]
    }

    pub mod maintenance {
        #![cfg_attr(not(doctest), doc = include_str!("guide/maintenance.md"))]
    }

    pub mod ingest {
        #![cfg_attr(not(doctest), doc = include_str!("guide/ingest.md"))]
    }

    pub mod integrations {
        #![cfg_attr(not(doctest), doc = include_str!("guide/integrations.md"))]
    }

    pub mod mail {
        #![cfg_attr(not(doctest), doc = include_str!("guide/mail.md"))]
    }

    pub mod matrix {
        #![cfg_attr(not(doctest), doc = include_str!("guide/matrix.md"))]
    }

    pub mod mattermost {
        #![cfg_attr(not(doctest), doc = include_str!("guide/mattermost.md"))]
    }

    pub mod nagios {
        #![cfg_attr(not(doctest), doc = include_str!("guide/nagios.md"))]
    }

    pub mod ntfy {
        #![cfg_attr(not(doctest), doc = include_str!("guide/ntfy.md"))]
    }

    pub mod oncall {
        #![cfg_attr(not(doctest), doc = include_str!("guide/oncall.md"))]
    }

    pub mod otlp {
        #![cfg_attr(not(doctest), doc = include_str!("guide/otlp.md"))]
    }

    pub mod opsgenie {
        #![cfg_attr(not(doctest), doc = include_str!("guide/opsgenie.md"))]
    }

    pub mod pagerduty {
        #![cfg_attr(not(doctest), doc = include_str!("guide/pagerduty.md"))]
    }

    pub mod prometheus {
        #![cfg_attr(not(doctest), doc = include_str!("guide/prometheus.md"))]
    }

    pub mod pushover {
        #![cfg_attr(not(doctest), doc = include_str!("guide/pushover.md"))]
    }

    pub mod problems {
        #![cfg_attr(not(doctest), doc = include_str!("guide/problems.md"))]
    }

    pub mod reminders {
        #![cfg_attr(not(doctest), doc = include_str!("guide/reminders.md"))]
    }

    pub mod roles {
        #![cfg_attr(not(doctest), doc = include_str!("guide/roles.md"))]
    }

    pub mod selftests {
        #![cfg_attr(not(doctest), doc = include_str!("guide/selftests.md"))]
    }

    pub mod reviews {
        #![cfg_attr(not(doctest), doc = include_str!("guide/reviews.md"))]
    }

    pub mod reports {
        #![cfg_attr(not(doctest), doc = include_str!("guide/reports.md"))]
    }

    pub mod statuspage {
        #![cfg_attr(not(doctest), doc = include_str!("guide/statuspage.md"))]
    }

    pub mod sentry {
        #![cfg_attr(not(doctest), doc = include_str!("guide/sentry.md"))]
    }

    pub mod slack {
        #![cfg_attr(not(doctest), doc = include_str!("guide/slack.md"))]
    }

    pub mod stability {
        #![cfg_attr(not(doctest), doc = include_str!("guide/stability.md"))]
    }

    pub mod storms {
        #![cfg_attr(not(doctest), doc = include_str!("guide/storms.md"))]
    }

    pub mod teams {
        #![cfg_attr(not(doctest), doc = include_str!("guide/teams.md"))]
    }

    pub mod telegram {
        #![cfg_attr(not(doctest), doc = include_str!("guide/telegram.md"))]
    }

    pub mod twilio_call {
        #![cfg_attr(not(doctest), doc = include_str!("guide/twilio_call.md"))]
    }

    pub mod twilio_sms {
        #![cfg_attr(not(doctest), doc = include_str!("guide/twilio_sms.md"))]
    }

    pub mod uptime_kuma {
        #![cfg_attr(not(doctest), doc = include_str!("guide/uptime-kuma.md"))]
    }

    pub mod webhook {
        #![cfg_attr(not(doctest), doc = include_str!("guide/webhook.md"))]
    }

    pub mod zabbix {
        #![cfg_attr(not(doctest), doc = include_str!("guide/zabbix.md"))]
    }
}

pub mod how_to {
    #![doc = include_str!("how_to.md")]
}

pub mod glossary {
    #![doc = include_str!("glossary.md")]
}

pub mod decisions {
    #![doc = include_str!("decisions/README.md")]

    pub mod packed_rows {
        #![doc = include_str!("decisions/0001-packed-rows.md")]
    }

    pub mod wire_types_are_the_models {
        #![doc = include_str!("decisions/0002-wire-types-are-the-models.md")]
    }

    pub mod sqlx {
        #![doc = include_str!("decisions/0003-sqlx.md")]
    }

    pub mod crossterm_types {
        #![doc = include_str!("decisions/0004-crossterm-types.md")]
    }

    pub mod ratatui_textarea {
        #![doc = include_str!("decisions/0005-ratatui-textarea.md")]
    }

    pub mod group_commit {
        #![doc = include_str!("decisions/0006-group-commit.md")]
    }

    pub mod outbox_in_sqlite {
        #![doc = include_str!("decisions/0007-outbox-in-sqlite.md")]
    }

    pub mod one_crate {
        #![doc = include_str!("decisions/0008-one-crate.md")]
    }

    pub mod circles_by_file {
        #![doc = include_str!("decisions/0009-circles-by-file.md")]
    }

    pub mod mimalloc {
        #![doc = include_str!("decisions/0010-mimalloc.md")]
    }
}
