-- Evidence, issues in trackers, and what was published. All times are milliseconds since 1970.

-- The content of files and captured output that belong to incidents. The name is in their events.
CREATE TABLE evidence (
    id       BLOB    NOT NULL PRIMARY KEY, -- UUID
    incident BLOB    NOT NULL,             -- UUID of the incident
    hash     BLOB    NOT NULL,             -- SHA-256 of the content, 32 bytes
    at       INTEGER NOT NULL,             -- when it was added
    size     INTEGER NOT NULL,             -- of the content in bytes
    content  BLOB    NOT NULL
);

-- The teams that help with incidents, besides the team of each.
CREATE TABLE involved (
    team     INTEGER NOT NULL,             -- the id of a name
    incident INTEGER NOT NULL,             -- the key of the incident
    PRIMARY KEY (team, incident)
) WITHOUT ROWID;
CREATE INDEX involved_by_incident ON involved (incident);

-- Action items that are issues in a tracker, or are to be. What is known of an issue is in the events
-- of the incident, and a trigger fills the table, so that a program of an earlier version does so too.
-- The columns from `claimed` on belong to the programs that make the issues.
CREATE TABLE follow_up (
    incident INTEGER NOT NULL,             -- incident.key
    item     TEXT    NOT NULL,             -- UUID of the action item
    tracker  TEXT    NOT NULL,             -- name in the settings; empty for the default one
    state    INTEGER NOT NULL,             -- 0 to be made, 1 exists and may change, 2 ended
    next     INTEGER NOT NULL,             -- when it is to be made, or its state to be read
    body     TEXT    NOT NULL,             -- JSON
    claimed  INTEGER NOT NULL DEFAULT 0,   -- until when a program works on it
    fence    INTEGER NOT NULL DEFAULT 0,   -- how often it was claimed
    attempts INTEGER NOT NULL DEFAULT 0,   -- failures that follow each other
    sent     INTEGER,                      -- when a program began to create the issue, until that ended
    problem  TEXT,                         -- why the last attempt failed
    PRIMARY KEY (incident, item)
) WITHOUT ROWID;
CREATE INDEX follow_up_by_time ON follow_up (next) WHERE state < 2;

CREATE TRIGGER listed_follow_up INSTEAD OF INSERT ON listed_event
WHEN NEW.body ->> '$.kind' = 'follow_up_set' AND NEW.body ->> '$.follow_up.item' IS NOT NULL
BEGIN
    INSERT INTO follow_up (incident, item, tracker, state, next, body)
        VALUES (NEW.incident, NEW.body ->> '$.follow_up.item',
            coalesce(NEW.body ->> '$.follow_up.tracker', ''),
            CASE NEW.body ->> '$.follow_up.state' WHEN 'requested' THEN 0 WHEN 'open' THEN 1
                WHEN 'started' THEN 1 ELSE 2 END,
            NEW.at, NEW.body -> '$.follow_up')
        ON CONFLICT (incident, item) DO UPDATE SET tracker = excluded.tracker,
            state = excluded.state, next = excluded.next, body = excluded.body, attempts = 0,
            problem = NULL, sent = CASE excluded.state WHEN 0 THEN sent END;
END;

CREATE TRIGGER event_followed_up AFTER INSERT ON event
WHEN instr(NEW.body, '"kind":"follow_up_set"')
BEGIN
    INSERT INTO listed_event (incident, at, body) VALUES (NEW.incident, NEW.at, NEW.body);
END;

-- What was sent or written last of each report, status page and publisher.
CREATE TABLE publication (
    name TEXT    NOT NULL PRIMARY KEY,
    at   INTEGER NOT NULL,
    body TEXT    NOT NULL                  -- JSON: the outcome
) WITHOUT ROWID;

-- Who reads or writes a store need not know these tables, so neither number is raised.
UPDATE meta SET value = 1013 WHERE name = 'needed_to_read' AND value BETWEEN 1005 AND 1012;
PRAGMA user_version = 1013;
