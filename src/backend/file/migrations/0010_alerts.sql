-- The alerts of incidents, as monitoring reports them. See alerts/.
CREATE TABLE alert (
    position  INTEGER PRIMARY KEY,   -- in the order in which they were reported first
    incident  INTEGER NOT NULL,      -- incident.key
    group_key TEXT    NOT NULL,      -- the group in which it was reported, as incident.dedup_key
    key       TEXT    NOT NULL,      -- what tells it from others of the group
    state     INTEGER NOT NULL,      -- 0 firing, 1 resolved, 2 of a later version; see alerts/table.rs
    last      INTEGER NOT NULL,      -- when it was last reported, in milliseconds since 1970
    body      TEXT    NOT NULL,      -- JSON
    UNIQUE (incident, group_key, key)
);
CREATE INDEX alert_by_key   ON alert (group_key, key);
CREATE INDEX alert_by_state ON alert (incident, state, last);

-- Those that were imported by a version that did not know them.
INSERT OR IGNORE INTO alert (incident, group_key, key, state, last, body)
    SELECT i.key, f.body ->> '$.alert.group', f.body ->> '$.alert.key',
           CASE f.body ->> '$.alert.state' WHEN 'firing' THEN 0 WHEN 'resolved' THEN 1 ELSE 2 END,
           round((julianday(f.body ->> '$.alert.last_at') - 2440587.5) * 86400000.0),
           f.body -> '$.alert'
    FROM foreign_record f
        JOIN incident i ON i.id = unhex(replace(f.body ->> '$.alert.incident', '-', ''))
    WHERE json_type(f.body, '$.alert') = 'object' ORDER BY f.id;
DELETE FROM foreign_record WHERE json_type(body, '$.alert') = 'object';

-- Who reads or writes a store need not know this table, so neither number is raised. A store whose
-- incidents are not all brought up to date stays one for this version.
UPDATE meta SET value = 1010 WHERE name = 'needed_to_read' AND value BETWEEN 1005 AND 1009;
PRAGMA user_version = 1010;
