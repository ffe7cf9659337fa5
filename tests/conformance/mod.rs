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
                let place = crate::conformance::file::empty().await;
                crate::conformance::cases::$case(&place.store).await;
            })+
        }

        // From the client over HTTP to a server, and from there to a file.
        mod on_the_api {
            $(#[tokio::test]
            async fn $case() {
                let place = crate::conformance::http::empty().await;
                crate::conformance::cases::$case(&place.client).await;
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
    a_new_place_is_empty,
    a_declaration_gets_a_number_and_a_row,
    numbers_are_given_in_order,
    the_same_command_again_is_answered_with_the_first_outcome,
    a_replayed_declaration_makes_no_second_incident,
    a_command_that_came_too_late_says_who_was_first,
    an_unknown_incident_is_not_found,
    a_command_that_makes_no_sense_is_rejected,
    an_incident_runs_through_its_lifecycle,
    a_resolution_that_is_taken_back_leaves_it_open,
    every_ask_is_carried_out_or_refused_in_words,
    a_repeated_alert_is_grouped_into_the_open_incident,
    an_alert_after_the_end_declares_anew,
    a_merge_is_told_on_both_timelines,
    a_merge_into_nothing_or_itself_is_refused,
    timelines_are_given_in_parts,
    a_long_timeline_folds_to_the_same_record,
    open_incidents_are_ranked_by_urgency_and_paged,
    the_history_is_paged_in_both_directions,
    filters_find_what_the_model_says,
    words_are_found_in_titles_symptoms_notes_and_services,
    limits_and_marks_that_make_no_sense_are_refused,
    a_page_goes_on_only_in_its_own_order,
    changes_without_a_cursor_are_all_open_incidents,
    changes_after_a_cursor_come_once_each,
    a_wait_without_changes_ends_with_the_same_cursor,
    a_wait_ends_when_something_changes,
    suspected_changes_come_with_the_incident,
    similar_incidents_and_the_problem_come_with_the_incident,
    measures_follow_what_happened,
);

mod only_on_the_file_backend {
    #[tokio::test]
    async fn the_directory_is_empty_until_it_is_set() {
        let place = crate::conformance::file::empty().await;
        crate::conformance::cases::the_directory_is_empty_until_it_is_set(&place.store).await;
    }

    #[tokio::test]
    async fn capabilities_name_the_place() {
        let place = crate::conformance::file::empty().await;
        crate::conformance::cases::capabilities_name_the_place(&place.store).await;
    }
}

mod only_on_the_api {
    use redphone::backend::Backend;
    use redphone::model::{Actor, PersonRef};

    use crate::support::requests::declare;

    #[tokio::test]
    async fn who_acts_follows_from_the_token() {
        let place = crate::conformance::http::empty().await;
        let capabilities = place.client.capabilities().await.unwrap();
        let ines = PersonRef::new("ines", "Ines Moreau");
        assert_eq!(capabilities.me, Some(ines.clone()));
        let (_, mut envelope) = declare("by whom");
        envelope.actor = Actor::Person(PersonRef::new("mallory", "Mallory"));
        let outcome = place.client.execute(&envelope).await.unwrap();
        assert_eq!(outcome.events[0].actor, Actor::Person(ines));
    }
}

mod only_on_the_demo {
    use redphone::backend::Backend;

    #[tokio::test]
    async fn the_directory_is_that_of_the_company() {
        let demo = crate::conformance::demo::empty().await;
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
    async fn each_sees_what_the_other_does_without_asking_again() {
        let place = crate::conformance::file::empty().await;
        let other = crate::conformance::file::again(&place).await;
        let (id, first) = declare("shared queue");
        place.store.execute(&first).await.unwrap();
        let seen = other.changes(None, Duration::ZERO).await.unwrap();
        assert_eq!(seen.rows.len(), 1);
        let waiting = tokio::spawn({
            let other = other.clone();
            async move {
                let begun = std::time::Instant::now();
                let delta = other.changes(Some(seen.cursor), Duration::from_secs(20)).await;
                (delta.unwrap(), begun.elapsed())
            }
        });
        until_watched(place.folder.path()).await;
        place.store.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap();
        let (delta, after) = waiting.await.unwrap();
        assert_eq!(delta.rows.len(), 1);
        assert!(delta.rows[0].acknowledged_at.is_some());
        // Mostly some milliseconds; the rest is for a machine that is busy with other things.
        assert!(after < Duration::from_secs(5), "it took {after:?}");
    }

    #[tokio::test]
    async fn one_command_sent_through_both_happens_once() {
        let place = crate::conformance::file::empty().await;
        let other = crate::conformance::file::again(&place).await;
        let id = declared(&place.store, "twice").await;
        let acknowledge = ask(id, IncidentCommand::Acknowledge);
        let (one, two) =
            tokio::join!(place.store.execute(&acknowledge), other.execute(&acknowledge));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.events, two.events);
        assert_ne!(one.replayed, two.replayed);
    }

    #[tokio::test]
    async fn two_who_acknowledge_at_once_are_told_who_was_first() {
        let place = crate::conformance::file::empty().await;
        let other = crate::conformance::file::again(&place).await;
        let id = declared(&place.store, "race").await;
        let (mine, theirs) =
            (ask(id, IncidentCommand::Acknowledge), ask(id, IncidentCommand::Acknowledge));
        let (one, two) = tokio::join!(place.store.execute(&mine), other.execute(&theirs));
        let refused = one.as_ref().err().or(two.as_ref().err()).unwrap();
        assert_eq!(refused.to_string(), "already acknowledged by Ines Moreau just now");
        assert!(one.is_ok() || two.is_ok());
    }

    #[tokio::test]
    async fn a_record_kept_in_memory_follows_what_the_other_wrote() {
        let place = crate::conformance::file::empty().await;
        let other = crate::conformance::file::again(&place).await;
        let id = declared(&place.store, "to and fro").await;
        for round in 0..10 {
            let store = if round % 2 == 0 { &place.store } else { &other };
            let note = IncidentCommand::AddNote { text: format!("round {round}") };
            let outcome = store.execute(&ask(id, note)).await.unwrap();
            assert_eq!(outcome.events[0].seq, round + 2);
        }
    }
}
