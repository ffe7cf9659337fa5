-- How far the remote's clock was ahead of the one that made the times of a command, in milliseconds.
-- It is decided once, so that each attempt sends the same; NULL until it is known.

ALTER TABLE entry ADD COLUMN clock_offset INTEGER;

-- What may have reached the remote went there as it is.
UPDATE entry SET clock_offset = 0 WHERE tries > 0;
