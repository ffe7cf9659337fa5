//! The metrics pane.

use redphone::backend::BackendError;
use redphone::sync::Sourced;
use redphone::tui::core::message::Message;
use redphone::tui::core::pane::Pane;

use super::timeline::{at, reading};
use crate::support::stage::Stage;

#[test]
fn measure_days_name_their_starting_hour() {
    let mut stage = Stage::busy();
    stage.keys("4 z");
    assert!(stage.screen().contains("Tue 05-13 – Tue 05-20  by day, UTC"), "{}", stage.screen());
    stage.zone(2);
    let screen = stage.screen();
    assert!(screen.contains("02:00  by day, UTC+2"), "{screen}");
}

#[test]
fn failing_measures_are_reported_once_and_not_every_minute() {
    let mut stage = Stage::busy();
    let fails = |stage: &mut Stage| {
        let (span, error) = (stage.app.metrics.span, BackendError::Broken("a page".into()));
        stage.send(Message::Measures(span, Err(error), stage.now));
    };
    fails(&mut stage);
    assert!(stage.screen().contains("computing measures: "), "{}", stage.screen());
    stage.keys("j a");
    let reported = stage.screen().lines().last().map(str::to_owned);
    fails(&mut stage);
    assert_eq!(stage.screen().lines().last().map(str::to_owned), reported);
    // After a success, the next failure is reported again.
    let measures = stage.app.metrics.loaded.clone().expect("they were there").1;
    stage.send(Message::Measures(stage.app.metrics.span, Ok(Sourced::fresh(measures)), stage.now));
    fails(&mut stage);
    assert!(stage.screen().contains("computing measures: "), "{}", stage.screen());
}

#[test]
fn keys_change_the_window_of_the_metrics() {
    let mut stage = reading((126, 36));
    stage.keys("4 [");
    assert_eq!(at(&stage), None);
    assert!(stage.screen().contains("24 h"), "{}", stage.screen());
}

#[test]
fn levels_are_never_cut_whatever_the_width() {
    for columns in (40..=200).step_by(3) {
        let mut stage = Stage::busy_at((columns, 60));
        stage.keys("4");
        for line in &*stage.app.metrics.lines {
            let inside = usize::from(
                stage.app.layout().slot(Pane::Metrics).expect("it is shown").inner().width,
            );
            assert!(line.width() <= inside, "{columns}: {} of {inside}", line.width());
        }
    }
}

#[test]
fn columns_of_several_days_are_called_so() {
    let mut stage = Stage::busy_at((100, 30));
    stage.keys("4 ] ]");
    let screen = stage.screen();
    assert!(!screen.contains("  by day"), "{screen}");
    assert!(screen.contains(" days"), "{screen}");
}
