//! Definitions of the figures of the pages.

type Definitions = &'static [(&'static str, &'static str)];

pub(super) const OVERVIEW: Definitions = &[
    (
        "window",
        "From its start up to, but without, its end; compared with the window of the same length before it, and a calendar month with the month before.",
    ),
    (
        "left out",
        "Merged and reclassified incidents and false alarms do not count; they are counted apart.",
    ),
    ("thin", "Rests on fewer than 5 incidents: no change is shown."),
    ("Enter", "Opens the incidents behind the row. Each figure has its definition on its page."),
];

pub(super) const TIMES: Definitions = &[
    (
        "MTTD",
        "Mean of detected − began, of incidents reported in the window whose beginning is known.",
    ),
    (
        "MTTA",
        "Mean of first acknowledged − reported, of incidents reported in the window. One that nobody acknowledged counts apart.",
    ),
    (
        "MTTR",
        "Mean of resolved (the last time, if reopened) − detected, of incidents resolved in the window.",
    ),
    (
        "time out",
        "For how long service was out: from detection to resolution, and from each reopening to the next.",
    ),
    ("unowned", "For how long nobody led the response, of incidents resolved in the window."),
    ("chart", "Means of each day or hour: MTTA by the report, MTTR by the resolution."),
    ("distribution", "How many took so long; a row opens those that were resolved."),
    ("p90", "The least time that at least 9 of 10 do not exceed."),
    ("thin", "Rests on fewer than 5 incidents: no change is shown."),
];

pub(super) const VOLUME: Definitions = &[
    ("reported", "Incidents reported in the window, by their present priority."),
    ("by weekday", "Hours and days by your clock."),
    (
        "when they come",
        "Incidents reported by hour and day of the week. Right and Left choose an hour of the selected day; Enter opens its incidents.",
    ),
    ("by service", "By the primary service, which is the first one."),
    ("left out", "Merged and reclassified incidents and false alarms."),
];

pub(super) const LEVELS: Definitions = &[
    (
        "acknowledged",
        "The share of incidents acknowledged within the level; the due instant itself is in time.",
    ),
    (
        "resolved",
        "The share resolved within the level. Pauses stop this clock, and never the other.",
    ),
    ("missed", "Ended late, or open and past. Open and not yet due counts in neither."),
    (
        "updates sent",
        "Promised updates of stakeholders that came by then, or whose incident was resolved by then.",
    ),
    ("change", "In points of percent, against the window before."),
    ("chart", "The share in time of the incidents that were reported in each day or hour."),
    ("Enter", "Opens those that missed their level, or all if none did."),
];

pub(super) const RECURRING: Definitions = &[
    (
        "fault",
        "Two or more incidents in the window with the same deduplication key, or the same primary service, category and title without numbers and ids.",
    ),
    ("last", "The last incident of the fault; it names those before as similar."),
    ("problem", "The problem that the last incident links to."),
    ("Enter", "Opens the incidents of the fault."),
];

pub(super) const BUDGETS: Definitions = &[
    (
        "objective",
        "The share of the time in which a service is to be available: from [[objectives]] of the settings, or that of the service in the directory, over 30 days.",
    ),
    (
        "used",
        "Downtime over the days of the objective, of what it allows. Downtime is that of P1 and P2, from detection to the last resolution; what overlaps counts once.",
    ),
    (
        "burn 1h, 6h",
        "How fast the budget was used: 1.0 uses exactly all of it in its days. From 14.4 over 1 h or 6 over 6 h it is marked.",
    ),
    (
        "used up in",
        "If it goes on as in the last hour, or as in the last 6 hours without downtime in the last one.",
    ),
    (
        "chart",
        "How much was used up to each time in the days of the objective, of the most used ones.",
    ),
];

pub(super) const PEOPLE: Definitions = &[
    ("pages", "Messages that were sent to the person because of incidents."),
    ("by night", "Those from 22:00 to 07:00 by your clock."),
    ("interruptions", "Pages within 15 minutes of the one before count once."),
    ("on call", "For how long the person was on call, for one team or several at once."),
    ("Enter", "Opens the messages to the person."),
];

pub(super) const PRACTICE: Definitions = &[
    (
        "P1 and P2 reviewed",
        "Incidents of P1 and P2 resolved in the window whose review is published.",
    ),
    (
        "runbook used",
        "Resolved incidents with a runbook on whose timeline a step of one is ticked.",
    ),
    ("reopened", "Incidents resolved in the window that were reopened at some time."),
    ("false alarms", "Of all incidents reported in the window and the false alarms among them."),
    (
        "complete",
        "Neither category, services, symptoms nor team is empty today; the chart counts the others apart.",
    ),
    ("without …", "Incidents reported in the window of which the field is empty today."),
];
