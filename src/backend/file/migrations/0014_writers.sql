-- The tables of 0006_lists.sql and follow_up are filled by the program that inserts an event, no more by
-- triggers, which each connection had to read and each new text of an INSERT to compile.
DROP TRIGGER IF EXISTS event_listed;
DROP TRIGGER IF EXISTS event_followed_up;
DROP VIEW IF EXISTS listed_event;
DROP TRIGGER IF EXISTS incident_owes_review;
DROP TRIGGER IF EXISTS incident_comes_to_owe_review;
DROP TRIGGER IF EXISTS incident_owes_no_review;

-- So a program that does not fill them must not write: neither one that opens the store from now on, nor
-- a process that had the file open meanwhile.
DROP TRIGGER IF EXISTS event_of_older_program;
CREATE TRIGGER event_of_older_program BEFORE INSERT ON event WHEN NEW.format < 14 BEGIN
    SELECT RAISE(ABORT, 'the store was brought up to date by a newer redphone: start this one again');
END;
-- Changes, problems, the directory and maintenance windows have no events of their own.
DROP TRIGGER IF EXISTS command_of_old_program;
CREATE TRIGGER command_of_old_program BEFORE INSERT ON command
    WHEN NEW.format IS NULL OR NEW.format < 14 BEGIN
    SELECT RAISE(ABORT, 'the store was brought up to date by a newer redphone: start this one again');
END;
DROP TRIGGER IF EXISTS directory_of_old_program;
CREATE TRIGGER directory_of_old_program BEFORE INSERT ON directory
    WHEN NEW.format IS NULL OR NEW.format < 14 BEGIN
    SELECT RAISE(ABORT, 'the store was brought up to date by a newer redphone: start this one again');
END;
UPDATE meta SET value = max(value, 14) WHERE name = 'needed_to_write';

-- Follow-ups in events that a version before 13 has imported, which did not define their kind.
INSERT INTO follow_up (incident, item, tracker, state, next, body)
    SELECT incident, body ->> '$.follow_up.item', coalesce(body ->> '$.follow_up.tracker', ''),
        CASE body ->> '$.follow_up.state' WHEN 'requested' THEN 0 WHEN 'open' THEN 1
            WHEN 'started' THEN 1 ELSE 2 END,
        at, body -> '$.follow_up'
    FROM (SELECT *, max(log) FROM event
        WHERE kind = 5 AND body ->> '$.kind' = 'follow_up_set' AND body ->> '$.follow_up.item' IS NOT NULL
        GROUP BY incident, body ->> '$.follow_up.item')
    WHERE true
    ON CONFLICT (incident, item) DO NOTHING;

-- Rows of incidents that were resolved without anybody having acknowledged them, and reopened since, do not
-- say so. Only those that were reopened are made anew; see migrate/reopened.rs.
INSERT OR IGNORE INTO migration SELECT 'reopened', 0, 0, (SELECT count(*) FROM incident)
    WHERE EXISTS (SELECT 1 FROM incident);

-- Reviews whose submission a version before 14 has imported, which did not define that kind of event.
UPDATE review SET sections = sections | 32768 WHERE incident IN (
    SELECT incident FROM (SELECT incident, body ->> '$.returned' AS returned, max(seq) FROM event
        WHERE kind = 5 AND body ->> '$.kind' = 'review_submitted' GROUP BY incident)
    WHERE returned IS NULL);

-- The alerts that fire by what tells them from others, whatever their group: alerts whose group has changed
-- are found by it.
CREATE INDEX IF NOT EXISTS alert_firing ON alert (key, group_key) WHERE state = 0;

-- Who only reads a store need not know which program fills the tables.
UPDATE meta SET value = 1014 WHERE name = 'needed_to_read' AND value BETWEEN 1005 AND 1013;
PRAGMA user_version = 1014;
