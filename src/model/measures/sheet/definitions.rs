//! What the figures of the pages mean.

type Definitions = &'static [(&'static str, &'static str)];

pub(super) const OVERVIEW: Definitions = &[
    (
        "window",
        "From its start up to, but without, its end; compared with the window of the same length before it.",
    ),
    (
        "left out",
        "Merged and reclassified incidents and false alarms do not count; they are counted apart.",
    ),
    ("thin", "Rests on fewer than 5 incidents: no change is shown."),
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
    ("p90", "The least time that at least 9 of 10 do not exceed."),
    ("thin", "Rests on fewer than 5 incidents: no change is shown."),
];

pub(super) const VOLUME: Definitions = &[
    ("reported", "Incidents reported in the window, by their present priority."),
    ("by weekday", "Hours and days by your clock."),
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
];

pub(super) const RECURRING: Definitions = &[
    (
        "fault",
        "Two or more incidents in the window with the same deduplication key, or the same primary service, category and title without numbers and ids.",
    ),
    ("last", "The last incident of the fault; it names those before as similar."),
    ("problem", "The problem that the last incident links to."),
];

pub(super) const BUDGETS: Definitions = &[
    (
        "objective",
        "The share of the time in which a service is to be available, from [[objectives]] of the settings.",
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
];

pub(super) const PEOPLE: Definitions = &[
    ("pages", "Messages that were sent to the person because of incidents."),
    ("by night", "Those from 22:00 to 07:00 by your clock."),
    ("interruptions", "Pages within 15 minutes of the one before count once."),
    ("on call", "For how long the person was on call, for one team or several at once."),
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
    ("without …", "Incidents reported in the window of which the field is empty today."),
];
