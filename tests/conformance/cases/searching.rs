//! Search: order, pages, filters and free text.

use std::cmp::Ordering;

use chrono::{TimeDelta, Utc};
use redphone::backend::{Backend, BackendError, PageMark, Search};
use redphone::model::command::Decision;
use redphone::model::queue::{Sort, compare, urgency_key};
use redphone::model::review::Section;
use redphone::model::service_level::ServiceLevels;
use redphone::model::status::{Category, Role};
use redphone::model::{Impact, IncidentCommand, PersonRef, Summary, Urgency};

use crate::support::requests::{
    ago, declaration, declared, declared_as, done, ines, resolve, search, titles,
};

/// Returns all titles, fetched page by page.
async fn paged(backend: &dyn Backend, mut request: Search) -> Vec<String> {
    let mut titles = Vec::new();
    for _ in 0..100 {
        let page = backend.search(&request).await.unwrap();
        assert!(page.rows.len() <= request.limit as usize);
        assert_eq!(page.counts.is_some(), request.after.is_none() && page.total.is_some());
        titles.extend(page.rows.into_iter().map(|row| row.title));
        match page.next {
            Some(next) => request.after = Some(next),
            None => return titles,
        }
    }
    panic!("the pages don't end");
}

pub async fn open_incidents_are_ranked_by_urgency_and_paged(backend: &dyn Backend) {
    let levels = [Impact::High, Impact::Medium, Impact::Low];
    for number in 0..23 {
        let mut one = declaration(&format!("number {number}"));
        one.impact = levels[number % 3];
        one.urgency = levels[number / 3 % 3];
        one.reported_at = ago(i64::try_from(number * 37 % 600).unwrap());
        one.detected_at = one.reported_at;
        let id = declared_as(backend, one).await;
        if number % 7 == 0 {
            let until = Utc::now() + TimeDelta::hours(1);
            done(backend, id, IncidentCommand::Snooze { until }).await;
        }
        if number % 8 == 1 {
            done(backend, id, resolve()).await;
        }
    }
    let request = Search { sort: Sort::Urgent, limit: 6, ..search("") };
    let first = backend.search(&request).await.unwrap();
    let counts = first.counts.unwrap();
    assert_eq!((counts.total(), counts.snoozed), (20, 4));
    assert_eq!(first.total, Some(16));
    let all = backend.search(&Search { limit: 100, ..request.clone() }).await.unwrap();
    let ranks: Vec<_> = all
        .rows
        .iter()
        .map(|row| urgency_key(row, request.now, &ServiceLevels::default()))
        .collect();
    assert!(ranks.is_sorted());
    let expected: Vec<String> = all.rows.into_iter().map(|row| row.title).collect();
    assert_eq!(paged(backend, request.clone()).await, expected);
    for sort in [Sort::Priority, Sort::Service, Sort::Owner, Sort::Changed] {
        let request = Search { sort, ..request.clone() };
        let complete =
            backend.search(&Search { limit: 100, ..request.clone() }).await.unwrap().rows;
        let fixture = |row: &Summary| urgency_key(row, request.now, &ServiceLevels::default());
        let in_order = |a: &Summary, b: &Summary| {
            compare(sort, (a, &fixture(a)), (b, &fixture(b))) != Ordering::Greater
        };
        assert!(complete.is_sorted_by(in_order), "{sort}");
        let expected: Vec<String> = complete.into_iter().map(|row| row.title).collect();
        assert_eq!(paged(backend, request).await, expected, "{sort}");
    }
}

pub async fn the_history_is_paged_in_both_directions(backend: &dyn Backend) {
    for number in 0..17 {
        let mut one = declaration(&format!("number {number:02}"));
        one.reported_at = ago(100 - number);
        one.detected_at = one.reported_at;
        let id = declared_as(backend, one).await;
        done(backend, id, resolve()).await;
    }
    let mut expected: Vec<String> = (0..17).map(|n| format!("number {n:02}")).collect();
    for filter in ["is:any", "is:ended", "is:any service:checkout", "is:any number", "is:any p2"] {
        let request = Search { limit: 5, ..search(filter) };
        let oldest = Search { sort: Sort::Oldest, ..request.clone() };
        assert_eq!(paged(backend, oldest).await, expected, "{filter} oldest first");
        expected.reverse();
        assert_eq!(paged(backend, request).await, expected, "{filter} newest first");
        expected.reverse();
    }
}

pub async fn filters_match_as_the_model_does(backend: &dyn Backend) {
    let mut one = declaration("alpha");
    one.services = vec!["checkout".into(), "Cart".into()];
    let one = declared_as(backend, one).await;
    done(backend, one, IncidentCommand::Assign { to: Some(ines()) }).await;
    let mut two = declaration("beta");
    (two.services, two.team) = (vec!["search".into()], Some("db".into()));
    (two.category, two.urgency) = (None, Urgency::Low);
    (two.reported_at, two.detected_at) = (ago(300), ago(300));
    let two = declared_as(backend, two).await;
    let bo = PersonRef::new("bo", "Bo Lindqvist");
    done(backend, two, IncidentCommand::Assign { to: Some(bo) }).await;
    done(backend, two, IncidentCommand::Pause { reason: "partner".into() }).await;
    let mut three = declaration("gamma");
    (three.category, three.team) = (Some(Category::Security), None);
    (three.reported_at, three.detected_at) = (ago(9000), ago(9000));
    let three = declared_as(backend, three).await;
    done(backend, three, resolve()).await;
    for (filter, expected) in [
        ("", "alpha beta"),
        ("is:any", "alpha beta gamma"),
        ("is:ended", "gamma"),
        ("status:resolved", "gamma"),
        ("-status:triggered is:any", "gamma"),
        ("is:any service:cart", "alpha"),
        ("is:any service:CART service:search", "alpha beta"),
        ("is:any -service:cart", "beta gamma"),
        ("owner:me", "alpha"),
        ("is:any owner:me", "alpha"),
        ("is:any owner:none", "gamma"),
        ("is:any owner:lind", "beta"),
        ("is:any owner:nobody-of-that-name", ""),
        ("is:any team:payments", "alpha"),
        ("is:any team:none", "gamma"),
        ("is:any team:none team:DB", "beta gamma"),
        ("is:any cat:security", "gamma"),
        ("is:any cat:none", "beta"),
        ("is:any p2", "alpha gamma"),
        ("is:any p2 p3", "alpha beta gamma"),
        ("is:any -p2", "beta"),
        ("is:any age>2h", "beta gamma"),
        ("is:any age<2h", "alpha"),
        ("is:any age>2h age<1d", "beta"),
        ("is:any idle>2h", ""),
        ("is:any idle<2h", "alpha beta gamma"),
        ("-idle>1h p2", "alpha"),
        ("is:any sla:late", "beta"),
        ("is:paused", "beta"),
        ("is:any is:paused", "beta"),
        ("is:any is:unacknowledged", "alpha beta"),
        ("is:any p2 service:checkout cat:application", "alpha"),
        ("service:checkout team:db", ""),
        ("INC-2", "beta"),
    ] {
        assert_eq!(titles(backend, filter).await.join(" "), expected, "{filter}");
    }
}

pub async fn text_search_covers_titles_symptoms_notes_and_services(backend: &dyn Backend) {
    let mut one = declaration("Zahlung schlägt fehl (über PayPal)");
    one.symptoms = "customers see error E-4711".into();
    let one = declared_as(backend, one).await;
    let two = declared(backend, "cart is empty").await;
    done(
        backend,
        two,
        IncidentCommand::AddNote { text: "the cache\nwas \"flushed\" -- twice".into() },
    )
    .await;
    for id in [one, two] {
        done(backend, id, resolve()).await;
    }
    let (one, two) = ("Zahlung schlägt fehl (über PayPal)", "cart is empty");
    for (filter, expected) in [
        ("is:any zahlung", vec![one]),
        ("is:any SCHLÄGT", vec![one]),
        ("is:any über paypal", vec![one]),
        ("is:any e-4711", vec![one]),
        ("is:any custom", vec![one]),
        ("is:any flush", vec![two]),
        ("is:any flushed twice", vec![two]),
        ("is:any flushed zahlung", vec![]),
        ("is:any checkout", vec![two, one]),
        ("is:any inc-2", vec![two]),
        ("is:any -cart", vec![one]),
        ("is:any \"OR NOT NEAR\"", vec![]),
        ("is:any cache p2", vec![two]),
        ("is:any cache p4", vec![]),
    ] {
        assert_eq!(titles(backend, filter).await, expected, "{filter}");
    }
    let id = declared(backend, "first title").await;
    assert_eq!(titles(backend, "is:any first").await, ["first title"]);
    let (title, none) = (Some("second title".into()), None);
    let describe = IncidentCommand::Describe { title, symptoms: none, labels: None, runbook: None };
    done(backend, id, describe).await;
    assert_eq!(titles(backend, "is:any first").await, Vec::<String>::new());
    assert_eq!(titles(backend, "is:any second").await, ["second title"]);
}

pub async fn labels_roles_and_dates_are_searched(backend: &dyn Backend) {
    let mut labelled = declaration("labelled");
    labelled.labels = vec!["env=prod".into()];
    labelled.reported_at = ago(3 * 24 * 60);
    labelled.detected_at = labelled.reported_at;
    let labelled = declared_as(backend, labelled).await;
    let plain = declared(backend, "plain").await;
    let scribe = IncidentCommand::GiveRole { role: Role::Scribe, person: ines(), given: true };
    done(backend, plain, scribe).await;
    done(backend, labelled, resolve()).await;
    let cases: [(&str, &[&str]); 15] = [
        ("label:env is:any", &["labelled"]),
        ("label:ENV=prod is:any", &["labelled"]),
        ("label:env", &[]),
        ("label:none is:any", &["plain"]),
        ("role:me", &["plain"]),
        ("role:scribe", &["plain"]),
        ("role:none is:any", &["labelled"]),
        ("since:2d is:any", &["plain"]),
        ("before:2d is:any", &["labelled"]),
        ("before:2d", &[]),
        ("resolved<1h", &["labelled"]),
        ("resolved>1h", &[]),
        ("changed<1h is:any", &["plain", "labelled"]),
        ("on:2000-01-01 is:any", &[]),
        ("since:2000-01 is:any", &["plain", "labelled"]),
    ];
    for (filter, expected) in cases {
        let found = titles(backend, filter).await;
        assert_eq!(found, expected, "{filter}");
        // Incidents found among the open ones are found among all.
        let all = titles(backend, &format!("{filter} is:any")).await;
        assert!(found.iter().all(|title| all.contains(title)), "{filter}");
    }
}

pub async fn every_text_is_searched_in_every_script(backend: &dyn Backend) {
    let mut one = declaration("カード決済が失敗する");
    (one.services, one.team) = (vec!["paiements-café".into()], Some("Équipe Łódź".into()));
    let one = declared_as(backend, one).await;
    let viktor = PersonRef::new("viktor", "Viktor Šimůnek");
    done(backend, one, IncidentCommand::Assign { to: Some(viktor) }).await;
    let two = declared(backend, "Straße gesperrt in İzmir").await;
    for command in [
        IncidentCommand::AddNote { text: "Платёж завис".into() },
        IncidentCommand::UpdateStakeholders {
            message: "we expect recovery by noon".into(),
            next_due: None,
            public: None,
        },
        IncidentCommand::RecordDecision(Decision {
            decision: "fail to the second region".into(),
            reason: "the disks are unhealthy".into(),
            by: None,
        }),
        resolve(),
        IncidentCommand::WriteReview {
            section: Section::RootCause,
            text: "an expired certificate".into(),
        },
    ] {
        done(backend, two, command).await;
    }
    let (one, two) = ("カード決済が失敗する", "Straße gesperrt in İzmir");
    for (word, expected) in [
        ("決済", one),
        ("決", one),
        ("決済が失", one),
        ("ド決 する", one),
        ("simunek", one),
        ("VIKTOR", one),
        ("cafe", one),
        ("cafe\u{301}", one),
        ("ents-caf", one),
        ("lodz", one),
        ("quipe", one),
        ("STRASSE", two),
        ("izmir", two),
        ("ızmır", two),
        ("платеж", two),
        ("ВИС", two),
        ("recover", two),
        ("\"by noon\"", two),
        ("nhealth", two),
        ("\"second region\"", two),
        ("v811", two),
        ("normal", two),
        ("expired", two),
        ("INC-1", one),
        ("#2", two),
    ] {
        assert_eq!(titles(backend, &format!("is:any {word}")).await, [expected], "{word}");
    }
    for word in ["決失", "\"noon by\"", "cafes", "zebra", "INC-3"] {
        assert!(titles(backend, &format!("is:any {word}")).await.is_empty(), "{word}");
    }
    // A reassigned incident is found by its new names alone.
    let id = declared(backend, "plain").await;
    let to = |handle: &str, name: &str| IncidentCommand::Assign {
        to: Some(PersonRef::new(handle, name)),
    };
    done(backend, id, to("mei", "Mei Castellan")).await;
    assert_eq!(titles(backend, "is:any castell").await, ["plain"]);
    done(backend, id, to("bo", "Bo Lindqvist")).await;
    assert_eq!(titles(backend, "is:any castell").await, Vec::<String>::new());
    assert_eq!(titles(backend, "is:any indqv").await, ["plain"]);
}

pub async fn incidents_without_a_service_are_selected(backend: &dyn Backend) {
    let with = |title: &str, services: &[&str]| {
        let mut declaration = declaration(title);
        declaration.services = services.iter().map(|name| (*name).to_owned()).collect();
        declaration
    };
    for (title, services) in [("alpha", &["Checkout"][..]), ("beta", &[]), ("gamma", &["none"])] {
        declared_as(backend, with(title, services)).await;
    }
    let ended = declared_as(backend, with("delta", &[])).await;
    done(backend, ended, resolve()).await;
    for (filter, expected) in [
        ("service:none", "beta"),
        ("is:any service:none", "delta beta"),
        ("is:any svc:NONE service:checkout", "delta beta alpha"),
        ("is:any service:\"none\"", "gamma"),
        ("is:any -service:none", "gamma alpha"),
        ("is:ended service:none", "delta"),
    ] {
        assert_eq!(titles(backend, filter).await.join(" "), expected, "{filter}");
    }
}

pub async fn invalid_limits_and_page_marks_are_refused(backend: &dyn Backend) {
    declared(backend, "one").await;
    for request in [
        Search { limit: 0, ..search("") },
        Search { limit: 1001, ..search("is:any") },
        Search { after: Some(PageMark::from("nonsense".to_owned())), ..search("") },
        Search { after: Some(PageMark::from("k".to_owned())), ..search("is:any") },
    ] {
        let refused = backend.search(&request).await.unwrap_err();
        assert!(matches!(refused, BackendError::Rejected(_)), "{refused}");
    }
}

pub async fn page_mark_is_valid_only_in_its_own_order(backend: &dyn Backend) {
    for number in 0..3 {
        declared(backend, &format!("number {number}")).await;
    }
    let first = |filter: &str, sort| Search { sort, limit: 1, ..search(filter) };
    for (from, to) in [
        (first("", Sort::Urgent), first("", Sort::Newest)),
        (first("", Sort::Newest), first("", Sort::Urgent)),
        (first("", Sort::Urgent), first("", Sort::Owner)),
        (first("", Sort::Changed), first("", Sort::Urgent)),
        (first("", Sort::Priority), first("", Sort::Oldest)),
        (first("", Sort::Urgent), first("is:any", Sort::Newest)),
        (first("", Sort::Owner), first("is:any", Sort::Newest)),
    ] {
        let after = backend.search(&from).await.unwrap().next;
        assert!(after.is_some(), "{}", from.sort);
        let refused = backend.search(&Search { after, ..to.clone() }).await.unwrap_err();
        assert!(
            matches!(refused, BackendError::Rejected(_)),
            "{} {}: {refused}",
            from.sort,
            to.sort
        );
    }
    // After the last row there is none, whatever mark is sent.
    let after = Some(PageMark::Key(i64::MAX));
    match backend.search(&Search { after, ..first("is:any", Sort::Oldest) }).await {
        Ok(page) => assert!(page.rows.is_empty()),
        Err(error) => assert!(matches!(error, BackendError::Rejected(_)), "{error}"),
    }
}
