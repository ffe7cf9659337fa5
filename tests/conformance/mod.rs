//! One suite for every backend: each case runs against each factory.
//!
//! A backend joins by a module with a function that makes an empty one and a line in
//! [`each_backend`]. Cases use nothing but the trait.

mod cases;
mod demo;
mod file;
mod http;

/// Runs every case against every backend.
macro_rules! each_backend {
    ($($case:ident),+ $(,)?) => {
        mod on_the_file_backend {
            $(#[tokio::test]
            async fn $case() {
                let fixture = crate::conformance::file::empty().await;
                crate::conformance::cases::$case(&fixture.store).await;
            })+
        }

        // From the client over HTTP to a server, and from there to a file.
        mod on_the_api {
            $(#[tokio::test]
            async fn $case() {
                let fixture = crate::conformance::http::empty().await;
                crate::conformance::cases::$case(&fixture.client).await;
            })+
        }

        mod on_the_demo {
            $(#[tokio::test]
            async fn $case() {
                let demo = crate::conformance::demo::empty().await;
                crate::conformance::cases::$case(&demo.store).await;
            })+
        }
    };
}

each_backend!(
    new_store_is_empty,
    a_declaration_gets_a_number_and_a_row,
    numbers_are_given_in_order,
    repeated_command_returns_the_first_outcome,
    an_id_stands_for_one_command,
    an_expected_position_is_checked,
    replayed_declaration_creates_no_second_incident,
    late_command_reports_who_was_first,
    an_unknown_incident_is_not_found,
    invalid_command_is_rejected,
    an_incident_runs_through_its_lifecycle,
    undone_resolution_leaves_the_incident_open,
    every_command_is_executed_or_refused_with_a_reason,
    commands_of_the_table_are_recorded_or_refused,
    a_repeated_alert_is_grouped_into_the_open_incident,
    alert_after_resolution_declares_a_new_incident,
    alert_of_a_merged_incident_raises_the_open_end,
    merge_appears_on_both_timelines,
    merge_into_nothing_or_itself_is_refused,
    timelines_are_returned_in_ranges,
    a_long_timeline_folds_to_the_same_record,
    open_incidents_are_ranked_by_urgency_and_paged,
    the_history_is_paged_in_both_directions,
    filters_match_as_the_model_does,
    text_search_covers_titles_symptoms_notes_and_services,
    every_text_is_searched_in_every_script,
    incidents_without_a_service_are_selected,
    labels_roles_and_dates_are_searched,
    invalid_limits_and_page_marks_are_refused,
    page_mark_is_valid_only_in_its_own_order,
    changes_without_a_cursor_are_all_open_incidents,
    changes_after_a_cursor_are_returned_once_each,
    a_wait_without_changes_ends_with_the_same_cursor,
    a_wait_ends_when_something_changes,
    suspected_changes_come_with_the_incident,
    similar_incidents_and_the_problem_come_with_the_incident,
    entries_are_added_replaced_and_removed,
    entry_that_makes_no_sense_is_refused,
    schedule_may_have_a_name_of_its_own,
    stand_ins_are_added_and_removed,
    cover_is_accepted_by_exactly_one,
    declined_cover_changes_nobody,
    repeated_request_has_its_first_outcome,
    what_is_expected_of_an_entry_is_checked,
    changes_of_administration_are_listed,
    measures_follow_what_happened,
    feed_has_the_events_of_all_incidents,
    changes_are_listed_by_their_start,
    reviews_are_listed_with_the_missing_ones,
    action_items_are_listed_overdue_first,
    problems_are_listed_with_their_incidents,
    notifications_of_a_quiet_incident_are_none,
    lists_refuse_foreign_marks_and_limits,
);

mod only_on_the_file_backend {
    #[tokio::test]
    async fn directory_is_empty_until_it_is_set() {
        let fixture = crate::conformance::file::empty().await;
        crate::conformance::cases::directory_is_empty_until_it_is_set(&fixture.store).await;
    }

    #[tokio::test]
    async fn capabilities_name_the_store() {
        let fixture = crate::conformance::file::empty().await;
        crate::conformance::cases::capabilities_name_the_store(&fixture.store).await;
    }
}

mod only_on_the_api {
    use redphone::backend::Backend;
    use redphone::model::{Actor, PersonRef};

    use crate::support::requests::declare;

    #[tokio::test]
    async fn actor_follows_from_the_token() {
        let fixture = crate::conformance::http::empty().await;
        let capabilities = fixture.client.capabilities().await.unwrap();
        let ines = PersonRef::new("ines", "Ines Moreau");
        assert_eq!(capabilities.me, Some(ines.clone()));
        let (_, mut envelope) = declare("by whom");
        envelope.actor = Actor::Person(PersonRef::new("mallory", "Mallory"));
        let outcome = fixture.client.execute(&envelope).await.unwrap();
        assert_eq!(outcome.events[0].actor, Actor::Person(ines));
    }
}

mod only_on_the_demo {
    use redphone::backend::Backend;

    #[tokio::test]
    async fn directory_is_that_of_the_company() {
        let options = redphone::backend::demo::Options::default();
        let demo = redphone::backend::demo::open_empty(options).await.unwrap();
        let directory = demo.store.directory().await.unwrap();
        assert!(directory.services.len() >= 50 && directory.people.len() >= 30);
        assert_eq!(demo.store.capabilities().await.unwrap().name, "demo");
    }
}

mod two_processes_on_one_file {
    use std::time::Duration;

    use redphone::backend::Backend;
    use redphone::model::IncidentCommand;

    use crate::support::requests::{ask, declare, declared};
    use crate::support::wait::until_watched;

    #[tokio::test]
    async fn each_process_sees_what_the_other_writes_while_it_waits() {
        let fixture = crate::conformance::file::empty().await;
        let other = crate::conformance::file::reopen(&fixture).await;
        let (id, first) = declare("shared queue");
        fixture.store.execute(&first).await.unwrap();
        let seen = other.changes(None, Duration::ZERO).await.unwrap();
        assert_eq!(seen.rows.len(), 1);
        let waiting = tokio::spawn({
            let other = other.clone();
            async move {
                let begun = std::time::Instant::now();
                let delta = other.changes(Some(seen.cursor), Duration::from_mins(1)).await;
                (delta.unwrap(), begun.elapsed())
            }
        });
        until_watched(fixture.folder.path()).await;
        fixture.store.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap();
        let (delta, after) = waiting.await.unwrap();
        assert_eq!(delta.rows.len(), 1);
        assert!(delta.rows[0].acknowledged_at.is_some());
        // It takes some milliseconds, and not until the end of the wait.
        assert!(after < Duration::from_secs(30), "it took {after:?}");
    }

    #[tokio::test]
    async fn one_command_sent_through_both_happens_once() {
        let fixture = crate::conformance::file::empty().await;
        let other = crate::conformance::file::reopen(&fixture).await;
        let id = declared(&fixture.store, "twice").await;
        let acknowledge = ask(id, IncidentCommand::Acknowledge);
        let (one, two) =
            tokio::join!(fixture.store.execute(&acknowledge), other.execute(&acknowledge));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.events, two.events);
        assert_ne!(one.replayed, two.replayed);
    }

    #[tokio::test]
    async fn concurrent_acknowledgements_report_who_was_first() {
        let fixture = crate::conformance::file::empty().await;
        let other = crate::conformance::file::reopen(&fixture).await;
        let id = declared(&fixture.store, "race").await;
        let (mine, theirs) =
            (ask(id, IncidentCommand::Acknowledge), ask(id, IncidentCommand::Acknowledge));
        let (one, two) = tokio::join!(fixture.store.execute(&mine), other.execute(&theirs));
        let refused = one.as_ref().err().or(two.as_ref().err()).unwrap();
        assert_eq!(refused.to_string(), "already acknowledged by Ines Moreau just now");
        assert!(one.is_ok() || two.is_ok());
    }

    #[tokio::test]
    async fn cached_record_follows_what_the_other_process_wrote() {
        let fixture = crate::conformance::file::empty().await;
        let other = crate::conformance::file::reopen(&fixture).await;
        let id = declared(&fixture.store, "to and fro").await;
        for round in 0..10 {
            let store = if round % 2 == 0 { &fixture.store } else { &other };
            let note = IncidentCommand::AddNote { text: format!("round {round}") };
            let outcome = store.execute(&ask(id, note)).await.unwrap();
            assert_eq!(outcome.events[0].seq, round + 2);
        }
    }
}
