//! The definition of each screen.

use crate::tui::alerts::logic::AlertsScreen;
use crate::tui::contacts::logic::ContactsScreen;
use crate::tui::feed::logic::FeedScreen;
use crate::tui::handoff::logic::HandoffScreen;
use crate::tui::lists::action_items::ActionItemsScreen;
use crate::tui::lists::changes::ChangesScreen;
use crate::tui::lists::noise::NoiseScreen;
use crate::tui::lists::notifications::NotificationsScreen;
use crate::tui::lists::problems::ProblemsScreen;
use crate::tui::lists::reviews::ReviewsScreen;
use crate::tui::lists::services::ServicesScreen;
use crate::tui::maintenance::logic::MaintenanceScreen;
use crate::tui::oncall::logic::OnCallScreen;
use crate::tui::problems::logic::ProblemScreen;
use crate::tui::screens::ScreenKind;
use crate::tui::screens::logic::ScreenLogic;
use crate::tui::similar::logic::SimilarScreen;

/// Returns the definition of a screen.
pub(in crate::tui) fn logic(kind: ScreenKind) -> &'static dyn ScreenLogic {
    match kind {
        ScreenKind::OnCall => &OnCallScreen,
        ScreenKind::Feed => &FeedScreen,
        ScreenKind::Handoff => &HandoffScreen,
        ScreenKind::Reviews => &ReviewsScreen,
        ScreenKind::ActionItems => &ActionItemsScreen,
        ScreenKind::Problems => &ProblemsScreen,
        ScreenKind::Problem => &ProblemScreen,
        ScreenKind::Changes => &ChangesScreen,
        ScreenKind::Notifications => &NotificationsScreen,
        ScreenKind::Contacts => &ContactsScreen,
        ScreenKind::Maintenance => &MaintenanceScreen,
        ScreenKind::Noise => &NoiseScreen,
        ScreenKind::Services => &ServicesScreen,
        ScreenKind::Alerts => &AlertsScreen,
        ScreenKind::Similar | ScreenKind::FaultGroup => &SimilarScreen,
    }
}
