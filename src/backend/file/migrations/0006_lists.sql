-- Lists over all incidents: events by time, reviews, action items, and the incidents of a problem.
-- Triggers fill the tables, so that a program of version 5, which still writes this store, does so
-- too. A program needs no more than version 5 to read or to write it.

-- Events in the order in which they were recorded. The log has another one where events were imported.
CREATE INDEX event_by_recorded ON event (recorded);

-- The action items of all reviews, in their present state.
CREATE TABLE action_item (
    incident INTEGER NOT NULL,          -- incident.key
    id       TEXT    NOT NULL,
    owner    TEXT    NOT NULL,          -- handle; empty for none
    due      TEXT    NOT NULL,          -- such as 2026-11-30; ~ for none, which sorts last
    done     INTEGER NOT NULL,
    body     TEXT    NOT NULL,          -- JSON
    PRIMARY KEY (incident, id)
) WITHOUT ROWID;
CREATE INDEX action_item_by_due   ON action_item (done, due, incident, id);
CREATE INDEX action_item_by_owner ON action_item (owner, done, due, incident, id);

-- Reviews that were begun, and those that are missing of a P1 or P2 that ended.
CREATE TABLE review (
    incident  INTEGER PRIMARY KEY,      -- incident.key
    state     INTEGER NOT NULL,         -- 0 missing, 1 draft, 2 published
    owed      INTEGER NOT NULL,         -- whether the incident was a P1 or P2 and ended
    sections  INTEGER NOT NULL,         -- one bit for each section with text
    published INTEGER                   -- milliseconds since 1970
);
CREATE INDEX review_by_state ON review (state, incident);

-- Which incidents link to a problem.
CREATE TABLE problem_link (
    problem  TEXT    NOT NULL,          -- id
    incident INTEGER NOT NULL,          -- incident.key
    title    TEXT    NOT NULL,          -- of the link, which is another one if the title is
    PRIMARY KEY (problem, incident, title)
) WITHOUT ROWID;
CREATE INDEX problem_link_by_incident ON problem_link (incident);

-- What an event adds to the lists. Nothing is inserted into the view itself: its triggers are the
-- one definition, for a new event, for this migration and for a rebuild.
CREATE VIEW listed_event AS SELECT incident, at, body FROM event;

CREATE TRIGGER listed_review INSTEAD OF INSERT ON listed_event
WHEN NEW.body ->> '$.kind' IN ('review_written', 'review_published', 'action_item_set')
    OR json_type(NEW.body, '$.undo.fields.review') = 'object'
BEGIN
    INSERT INTO action_item (incident, id, owner, due, done, body)
        SELECT NEW.incident, NEW.body ->> '$.item.id',
            coalesce(NEW.body ->> '$.item.owner.handle', ''),
            coalesce(NEW.body ->> '$.item.due', '~'), coalesce(NEW.body ->> '$.item.done', 0),
            NEW.body -> '$.item'
        WHERE NEW.body ->> '$.kind' = 'action_item_set' AND NEW.body ->> '$.item.id' IS NOT NULL
        ON CONFLICT (incident, id) DO UPDATE SET owner = excluded.owner, due = excluded.due,
            done = excluded.done, body = excluded.body;
    INSERT INTO review (incident, state, owed, sections, published)
        SELECT NEW.incident, 0, 0, 0, NULL WHERE true ON CONFLICT (incident) DO NOTHING;
    UPDATE review SET sections = CASE trim(coalesce(NEW.body ->> '$.text', ''), char(9, 10, 11, 12, 13, 32))
            WHEN '' THEN sections & ~b.bit ELSE sections | b.bit END
        FROM (SELECT CASE NEW.body ->> '$.section' WHEN 'summary' THEN 1 WHEN 'timeline' THEN 2
            WHEN 'impact' THEN 4 WHEN 'root_cause' THEN 8 WHEN 'resolution' THEN 16
            WHEN 'communication' THEN 32 WHEN 'gaps' THEN 64 ELSE 0 END AS bit) b
        WHERE incident = NEW.incident AND NEW.body ->> '$.kind' = 'review_written';
    UPDATE review SET published = NEW.at
        WHERE incident = NEW.incident AND NEW.body ->> '$.kind' = 'review_published';
    -- An undo that restores the review as it was.
    DELETE FROM action_item WHERE incident = NEW.incident
        AND json_type(NEW.body, '$.undo.fields.review') = 'object';
    INSERT INTO action_item (incident, id, owner, due, done, body)
        SELECT NEW.incident, a.value ->> '$.id', coalesce(a.value ->> '$.owner.handle', ''),
            coalesce(a.value ->> '$.due', '~'), coalesce(a.value ->> '$.done', 0), a.value
        FROM json_each(NEW.body, '$.undo.fields.review.actions') a
        WHERE json_type(NEW.body, '$.undo.fields.review') = 'object'
            AND a.type = 'object' AND a.value ->> '$.id' IS NOT NULL
        ON CONFLICT (incident, id) DO NOTHING;
    UPDATE review SET
        published = round((julianday(NEW.body ->> '$.undo.fields.review.published_at')
            - 2440587.5) * 86400000.0),
        sections = (SELECT coalesce(sum(CASE s.key WHEN 'summary' THEN 1 WHEN 'timeline' THEN 2
            WHEN 'impact' THEN 4 WHEN 'root_cause' THEN 8 WHEN 'resolution' THEN 16
            WHEN 'communication' THEN 32 WHEN 'gaps' THEN 64 ELSE 0 END), 0)
            FROM json_each(NEW.body, '$.undo.fields.review.sections') s
            WHERE trim(coalesce(s.value, ''), char(9, 10, 11, 12, 13, 32)) <> '')
        WHERE incident = NEW.incident
            AND json_type(NEW.body, '$.undo.fields.review') = 'object';
    UPDATE review SET state = CASE WHEN published IS NOT NULL THEN 2
            WHEN sections <> 0
                OR EXISTS (SELECT 1 FROM action_item a WHERE a.incident = NEW.incident) THEN 1
            ELSE 0 END
        WHERE incident = NEW.incident;
    DELETE FROM review WHERE incident = NEW.incident AND state = 0 AND owed = 0;
END;

CREATE TRIGGER listed_link INSTEAD OF INSERT ON listed_event
WHEN (NEW.body ->> '$.kind' IN ('linked', 'unlinked')
        AND NEW.body ->> '$.link.problem.id' IS NOT NULL)
    OR json_type(NEW.body, '$.undo.fields.links') = 'array'
BEGIN
    INSERT INTO problem_link (problem, incident, title)
        SELECT NEW.body ->> '$.link.problem.id', NEW.incident,
            coalesce(NEW.body ->> '$.link.problem.title', '')
        WHERE NEW.body ->> '$.kind' = 'linked' AND NEW.body ->> '$.link.problem.id' IS NOT NULL
        ON CONFLICT DO NOTHING;
    DELETE FROM problem_link WHERE incident = NEW.incident
        AND NEW.body ->> '$.kind' = 'unlinked'
        AND problem = NEW.body ->> '$.link.problem.id'
        AND title = coalesce(NEW.body ->> '$.link.problem.title', '');
    DELETE FROM problem_link WHERE incident = NEW.incident
        AND json_type(NEW.body, '$.undo.fields.links') = 'array';
    INSERT INTO problem_link (problem, incident, title)
        SELECT l.value ->> '$.problem.id', NEW.incident, coalesce(l.value ->> '$.problem.title', '')
        FROM json_each(NEW.body, '$.undo.fields.links') l
        WHERE json_type(NEW.body, '$.undo.fields.links') = 'array'
            AND l.type = 'object' AND l.value ->> '$.problem.id' IS NOT NULL
        ON CONFLICT DO NOTHING;
END;

-- The texts that these events have somewhere in their JSON. Inside a string a quote is escaped, so a
-- note about one of them does not count.
CREATE TRIGGER event_listed AFTER INSERT ON event
WHEN instr(NEW.body, '"kind":"review_') OR instr(NEW.body, '"kind":"action_item_set"')
    OR instr(NEW.body, '"kind":"linked"') OR instr(NEW.body, '"kind":"unlinked"')
    OR instr(NEW.body, '"undo":')
BEGIN
    INSERT INTO listed_event (incident, at, body) VALUES (NEW.incident, NEW.at, NEW.body);
END;

-- A P1 or P2 that is resolved or closed owes a review; see row.rs for the facets.
CREATE TRIGGER incident_owes_review AFTER INSERT ON incident
WHEN NEW.facets >> 6 IN (5, 6) AND NEW.facets >> 4 & 3 < 2
BEGIN
    INSERT INTO review (incident, state, owed, sections, published) VALUES (NEW.key, 0, 1, 0, NULL)
        ON CONFLICT (incident) DO UPDATE SET owed = 1;
END;
CREATE TRIGGER incident_comes_to_owe_review AFTER UPDATE OF facets ON incident
WHEN NEW.facets >> 6 IN (5, 6) AND NEW.facets >> 4 & 3 < 2
    AND NOT (OLD.facets >> 6 IN (5, 6) AND OLD.facets >> 4 & 3 < 2)
BEGIN
    INSERT INTO review (incident, state, owed, sections, published) VALUES (NEW.key, 0, 1, 0, NULL)
        ON CONFLICT (incident) DO UPDATE SET owed = 1;
END;
CREATE TRIGGER incident_owes_no_review AFTER UPDATE OF facets ON incident
WHEN OLD.facets >> 6 IN (5, 6) AND OLD.facets >> 4 & 3 < 2
    AND NOT (NEW.facets >> 6 IN (5, 6) AND NEW.facets >> 4 & 3 < 2)
BEGIN
    UPDATE review SET owed = 0 WHERE incident = NEW.key;
    DELETE FROM review WHERE incident = NEW.key AND state = 0;
END;

INSERT INTO review (incident, state, owed, sections, published)
    SELECT key, 0, 1, 0, NULL FROM incident WHERE facets >> 6 IN (5, 6) AND facets >> 4 & 3 < 2;
INSERT INTO listed_event (incident, at, body)
    SELECT incident, at, body FROM event
    WHERE instr(body, '"kind":"review_') OR instr(body, '"kind":"action_item_set"')
        OR instr(body, '"kind":"linked"') OR instr(body, '"kind":"unlinked"')
        OR instr(body, '"undo":')
    ORDER BY log;

-- Work of the step to version 5 may still be there; migrate/ sets the last version.
UPDATE meta SET value = 1006 WHERE name = 'needed_to_read' AND value = 1005;
PRAGMA user_version = 1006;
