-- Verdicts of service levels, and work on all incidents in resumable batches. Until that is done the
-- file has a version that every program without this step refuses; migrate/ sets the last one.

-- The service levels by which clocks are judged that ended before goals were recorded: those of the
-- settings when this was made. JSON.
CREATE TABLE service_level (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    body TEXT    NOT NULL
);

-- What is still to be done on all incidents, in the order of their keys; empty when all is done.
CREATE TABLE IF NOT EXISTS migration (
    work  TEXT    PRIMARY KEY,          -- see migrate/mod.rs
    after INTEGER NOT NULL,             -- the key of the last incident that is done
    done  INTEGER NOT NULL,             -- how many incidents are done
    total INTEGER NOT NULL              -- of how many
) WITHOUT ROWID;
INSERT INTO migration SELECT 'verdicts', -9223372036854775808, 0, count(*) FROM incident;

-- A process of an older version that had the file open meanwhile must not write to it any more. Its
-- statements don't set this column.
ALTER TABLE event     ADD COLUMN format INTEGER;
ALTER TABLE command   ADD COLUMN format INTEGER;
ALTER TABLE directory ADD COLUMN format INTEGER;
ALTER TABLE fact_day  ADD COLUMN format INTEGER;
DELETE FROM fact_day;
CREATE TRIGGER event_of_old_program BEFORE INSERT ON event WHEN NEW.format IS NULL BEGIN
    SELECT RAISE(ABORT, 'the store was brought up to date by a newer redphone: start this one again');
END;
CREATE TRIGGER command_of_old_program BEFORE INSERT ON command WHEN NEW.format IS NULL BEGIN
    SELECT RAISE(ABORT, 'the store was brought up to date by a newer redphone: start this one again');
END;
CREATE TRIGGER directory_of_old_program BEFORE INSERT ON directory WHEN NEW.format IS NULL BEGIN
    SELECT RAISE(ABORT, 'the store was brought up to date by a newer redphone: start this one again');
END;
CREATE TRIGGER fact_day_of_old_program BEFORE INSERT ON fact_day WHEN NEW.format IS NULL BEGIN
    SELECT RAISE(ABORT, 'the store was brought up to date by a newer redphone: start this one again');
END;

UPDATE meta SET value = 1005 WHERE name = 'needed_to_read';
UPDATE meta SET value = max(value, 5) WHERE name = 'needed_to_write';
PRAGMA user_version = 1005;
