-- The rating room's state: numbers that are never given anew, a reader's private list, what the columns follow.

-- Numbers of what is rated or can be.
CREATE TABLE rating_state_subject (
    subject INTEGER PRIMARY KEY,    -- from 1, below 2^32
    coordinate TEXT NOT NULL UNIQUE -- "30023:<key>:<d>", an event's id in hex, or "0:<key>:" of an actor
);
-- Dimensions' numbers. 0 to 4 ship.
CREATE TABLE rating_state_dimension (
    dimension INTEGER PRIMARY KEY,  -- below 256
    coordinate TEXT NOT NULL UNIQUE -- the five's name, else "34706:<key>:<d>"
);
INSERT INTO rating_state_dimension (dimension, coordinate)
VALUES (0, 'worth'), (1, 'accurate'), (2, 'clear'), (3, 'junk'), (4, 'agree');
CREATE TABLE rating_state_topic (
    topic INTEGER PRIMARY KEY,      -- from 1
    name TEXT NOT NULL UNIQUE       -- NFC, lower case
);
-- A reader's private trust list, decrypted; never exported (backups of the node hold it).
CREATE TABLE rating_state_trust (
    reader BLOB NOT NULL,           -- 32 bytes
    target BLOB NOT NULL,
    weight INTEGER NOT NULL,        -- in 1/2^32
    petname TEXT NOT NULL,
    PRIMARY KEY (reader, target)
);
-- One row. epoch counts how often the projection was made anew, so that the columns notice; trimmed is the last row
-- that left the journal for being old, facts the last that told of a subject's facts.
CREATE TABLE rating_state_epoch (
    epoch INTEGER NOT NULL,
    trimmed INTEGER NOT NULL,
    facts INTEGER NOT NULL
);
INSERT INTO rating_state_epoch (epoch, trimmed, facts) VALUES (0, 0, 0);
-- What the columns follow: of each mark the last change, in order; with rater 0 a change of the subject's facts or, with
-- subject 0, nothing. A mark that is gone has the flag MARK_WITHDRAWN. Old rows go when the columns hold them.
CREATE TABLE rating_state_journal (
    n INTEGER PRIMARY KEY,          -- grows, never given twice in an epoch
    subject INTEGER NOT NULL,
    rater INTEGER NOT NULL,
    dimension INTEGER NOT NULL,
    value INTEGER NOT NULL,
    time INTEGER NOT NULL,
    flags INTEGER NOT NULL          -- MARK_… of source.h
);
CREATE UNIQUE INDEX rating_state_journal_mark ON rating_state_journal (subject, rater, dimension);
-- Whether two texts differ by more than a tenth of their words, where that was counted.
CREATE TABLE rating_state_compared (
    id BLOB PRIMARY KEY,            -- of a revision, 32 bytes
    subject INTEGER NOT NULL,
    current BLOB NOT NULL,          -- the revision it was compared with
    behind INTEGER NOT NULL         -- 1: more than a tenth
);
CREATE INDEX rating_state_compared_subject ON rating_state_compared (subject);
