-- The ledger of notifications: messages to people about incidents, and every attempt to send them. See
-- notifications/. The addresses of people are not stored.
CREATE TABLE notification (
    position     INTEGER PRIMARY KEY,   -- in the order in which they were planned
    id           BLOB    NOT NULL UNIQUE,
    event        BLOB    NOT NULL,      -- because of which it was planned
    incident     INTEGER NOT NULL,      -- incident.key
    person       TEXT    NOT NULL,      -- handle
    contact      TEXT    NOT NULL,
    channel      TEXT    NOT NULL,
    state        INTEGER NOT NULL,      -- 0 waiting, 1 sending, 2 or more: final; see notifications/table.rs
    planned      INTEGER NOT NULL,      -- milliseconds since 1970, as all times
    next_try     INTEGER,               -- while it waits
    waits_for    INTEGER,               -- 0 room in the limit of the contact, or else a later event of the incident
    sent         INTEGER,               -- when the last message began that may have arrived
    claimant     BLOB,                  -- which open store sends it
    fence        INTEGER NOT NULL,      -- how often it was claimed
    bundled_into BLOB,                  -- the notification with which it is sent, or was
    body         TEXT    NOT NULL,      -- JSON
    UNIQUE (event, person, contact)
);
CREATE INDEX notification_by_time     ON notification (planned, id);
CREATE INDEX notification_by_incident ON notification (incident, planned, id);
CREATE INDEX notification_by_channel  ON notification (channel, next_try) WHERE state = 0;
CREATE INDEX notification_by_due      ON notification (next_try) WHERE state = 0;
CREATE INDEX notification_by_wait     ON notification (waits_for) WHERE state = 0 AND waits_for > 0;
CREATE INDEX notification_by_claimant ON notification (claimant) WHERE state = 1;
CREATE INDEX notification_by_contact  ON notification (person, contact, sent) WHERE sent IS NOT NULL;

CREATE TABLE attempt (
    notification BLOB    NOT NULL,
    number       INTEGER NOT NULL,      -- from 1
    body         TEXT    NOT NULL,      -- JSON
    PRIMARY KEY (notification, number)
) WITHOUT ROWID;
CREATE TRIGGER notification_removed AFTER DELETE ON notification BEGIN
    DELETE FROM attempt WHERE notification = OLD.id;
END;

-- Up to which position of the log notifications were planned (id 1); the other rows are the positions of
-- imported events after it, of which nobody is notified.
CREATE TABLE notification_plan (
    id    INTEGER PRIMARY KEY,
    log   INTEGER NOT NULL,
    until INTEGER
);
INSERT INTO notification_plan (id, log) SELECT 1, ifnull(max(log), 0) FROM event;

-- Those that were imported by a version that did not know them. Nothing is sent of what was imported.
INSERT OR IGNORE INTO notification (id, event, incident, person, contact, channel, state, planned, fence, body)
    SELECT unhex(replace(f.body ->> '$.notification.id', '-', '')),
           unhex(replace(f.body ->> '$.notification.event', '-', '')), i.key,
           f.body ->> '$.notification.person.handle', f.body ->> '$.notification.contact',
           f.body ->> '$.notification.channel',
           CASE f.body ->> '$.notification.state' WHEN 'sent' THEN 2 WHEN 'bundled' THEN 3
               WHEN 'failed' THEN 4 WHEN 'waiting' THEN 5 WHEN 'sending' THEN 5 WHEN 'cancelled' THEN 5
               WHEN 'unreachable' THEN 6 ELSE 7 END,
           round((julianday(f.body ->> '$.notification.planned_at') - 2440587.5) * 86400000.0), 0,
           CASE WHEN f.body ->> '$.notification.state' IN ('waiting', 'sending')
               THEN json_set(json_remove(f.body -> '$.notification', '$.next_try'),
                   '$.state', 'cancelled', '$.reason', 'it was imported')
               ELSE f.body -> '$.notification' END
    FROM foreign_record f
        JOIN incident i ON i.id = unhex(replace(f.body ->> '$.notification.incident', '-', ''))
    WHERE json_type(f.body, '$.notification') = 'object' ORDER BY f.id;
INSERT OR IGNORE INTO attempt (notification, number, body)
    SELECT n.id, f.body ->> '$.attempt.number',
           CASE f.body ->> '$.attempt.outcome' WHEN 'running'
               THEN json_set(f.body -> '$.attempt', '$.outcome', 'interrupted')
               ELSE f.body -> '$.attempt' END
    FROM foreign_record f
        JOIN notification n ON n.id = unhex(replace(f.body ->> '$.attempt.notification', '-', ''))
    WHERE json_type(f.body, '$.attempt') = 'object' ORDER BY f.id;
DELETE FROM foreign_record WHERE json_type(body, '$.notification') = 'object'
    OR json_type(body, '$.attempt') = 'object';

-- Who reads or writes a store need not know these tables, so neither number is raised. A store whose
-- incidents are not all brought up to date stays one for this version.
UPDATE meta SET value = 1009 WHERE name = 'needed_to_read' AND value BETWEEN 1005 AND 1008;
PRAGMA user_version = 1009;
