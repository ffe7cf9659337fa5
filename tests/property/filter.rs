use chrono::TimeDelta;
use proptest::prelude::*;
use redphone::model::Priority;
use redphone::model::filter::{Date, Filter, Owner, Period, Predicate, Sla, StateFilter, Term};
use redphone::model::service_level::SlaTarget;
use redphone::model::status::{Category, Source, Status};
use redphone::model::text::{fold, is_word_char};

use crate::support::strategies;
use crate::support::strategies::{any_text, of};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any_text(),
        of(&[
            "p1", "none", "me", "-x", "a:b", "age>2h", "idle<1d", "\"", "\\", "is:", "sev3", "-",
            ":", "<"
        ])
        .prop_map(str::to_owned),
    ]
    .prop_filter("a blank is no word", |text| !text.trim().is_empty())
}

/// Whether there is something to look for in a text.
fn has_word(text: &str) -> bool {
    fold(text).chars().any(is_word_char)
}

fn owner() -> impl Strategy<Value = Owner> {
    prop_oneof![
        Just(Owner::Me),
        Just(Owner::Nobody),
        text()
            .prop_map(|who| who.trim_start_matches('@').to_owned())
            .prop_filter("a name", |who| !who.trim().is_empty())
            .prop_map(Owner::Person),
    ]
}

fn term() -> impl Strategy<Value = Term> {
    let span = (0i64..10_000_000).prop_map(TimeDelta::seconds);
    let predicate = prop_oneof![
        text().prop_filter("a word", |text| has_word(text)).prop_map(Predicate::Text),
        of(&Priority::ALL).prop_map(Predicate::Priority),
        of(Status::ALL).prop_map(Predicate::Status),
        prop::option::of(text()).prop_map(Predicate::Service),
        prop::option::of(text()).prop_map(Predicate::Primary),
        owner().prop_map(Predicate::Owner),
        prop::option::of(text()).prop_map(Predicate::Team),
        prop::option::of(of(Category::ALL)).prop_map(Predicate::Category),
        of(Source::ALL).prop_map(Predicate::Source),
        span.clone().prop_map(Predicate::Older),
        span.clone().prop_map(Predicate::Younger),
        span.clone().prop_map(Predicate::Idle),
        span.clone().prop_map(Predicate::Active),
        span.clone().prop_map(Predicate::BeganWithin),
        span.clone().prop_map(Predicate::BeganBefore),
        span.clone().prop_map(Predicate::TookLonger),
        span.prop_map(Predicate::TookLess),
        (of(&[SlaTarget::Acknowledge, SlaTarget::Resolve]), prop::option::of(of(&Priority::ALL)))
            .prop_map(|(target, priority)| Predicate::Missed(target, priority)),
        prop::option::of(text()).prop_map(Predicate::Leading),
        of(&[Date::Today, Date::Yesterday, Date::Period(Period::LastWeek)])
            .prop_map(Predicate::ResolvedOn),
        any::<u64>().prop_map(Predicate::MoreUsers),
        any::<u64>().prop_map(Predicate::FewerUsers),
        prop::option::of(text()).prop_map(Predicate::Reporter),
        of(Sla::ALL).prop_map(Predicate::Sla),
        of(StateFilter::ALL).prop_map(Predicate::State),
    ];
    (any::<bool>(), predicate).prop_map(|(not, predicate)| Term { negated: not, predicate })
}

proptest! {
    #![proptest_config(strategies::usual())]

    #[test]
    fn filter_round_trips_through_its_text(terms in prop::collection::vec(term(), 0..6)) {
        let filter = Filter { terms };
        let written = filter.to_string();
        prop_assert_eq!(written.parse::<Filter>(), Ok(filter), "{}", written);
    }

    #[test]
    fn any_text_is_a_filter_or_an_error_inside_the_text(text in any_text()) {
        match text.parse::<Filter>() {
            Ok(filter) => prop_assert_eq!(filter.to_string().parse::<Filter>(), Ok(filter)),
            Err(error) => prop_assert!(text.get(error.range.clone()).is_some(), "{:?}", error.range),
        }
    }
}
