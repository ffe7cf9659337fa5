-- The pauses of open incidents, which give them more time to be resolved: the first page of the queue reads
-- them here, without the rows. See queue.rs. The numbers are those of packed rows: their version, and since
-- when and for how long they are paused; the value that is left out is that of never. Programs that do not
-- know this index keep it as well.
CREATE INDEX IF NOT EXISTS incident_paused ON incident (facets, substr(row, 1, 1), substr(row, 106, 16))
    WHERE facets >= 0 AND facets < 320
    AND substr(row, 106, 16) <> x'00000000000000800000000000000000';

UPDATE meta SET value = 1015 WHERE name = 'needed_to_read' AND value BETWEEN 1005 AND 1014;
PRAGMA user_version = 1015;
