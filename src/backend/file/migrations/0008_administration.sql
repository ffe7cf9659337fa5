-- Changes of administration: of the directory and of the tokens, with who made them. Append only; the
-- oldest ones beyond a bound are removed, see administration_table.rs. The directory has their outcome.
CREATE TABLE administration (
    position INTEGER PRIMARY KEY,
    id       BLOB    NOT NULL UNIQUE,   -- of the request
    body     TEXT    NOT NULL           -- JSON
);

-- Those that were imported by a version that did not know them.
INSERT OR IGNORE INTO administration (id, body)
    SELECT unhex(replace(json_extract(body, '$.administration.id'), '-', '')),
           json_extract(body, '$.administration')
    FROM foreign_record
    WHERE json_type(body, '$.administration') = 'object'
        AND length(unhex(replace(json_extract(body, '$.administration.id'), '-', ''))) = 16
    ORDER BY id;
DELETE FROM foreign_record WHERE json_type(body, '$.administration') = 'object';

-- Who reads or writes a store need not know this table, so neither number is raised. A store whose
-- incidents are not all brought up to date stays one for this version.
UPDATE meta SET value = 1008 WHERE name = 'needed_to_read' AND value BETWEEN 1005 AND 1007;
PRAGMA user_version = 1008;
