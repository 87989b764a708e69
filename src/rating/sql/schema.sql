-- schema.sql: the rating room's projection: all of it follows from the log and is made anew by a rebuild.
-- Times are Unix seconds. actor, rater and author are store_actor()'s numbers; subject is rating_state_subject's.
-- value is 0 to 10000; weight is in 1/2^32.

-- Numbers of what is rated or can be: state, never renumbered.
CREATE TABLE IF NOT EXISTS rating_state_subject (
    subject INTEGER PRIMARY KEY,    -- from 1, below 2^32
    coordinate TEXT NOT NULL UNIQUE -- "30023:<key>:<d>", an event's id in hex, or "0:<key>:" of an actor
);

-- What rules need to know of an article, of its current revision.
CREATE TABLE rating_subject (
    subject INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,           -- of the current revision
    id BLOB NOT NULL,               -- 32 bytes
    date INTEGER NOT NULL,
    author INTEGER NOT NULL,
    lineage INTEGER NOT NULL,       -- the subject that the work began as
    language TEXT NOT NULL,         -- first part of the tag in lower case, '' unknown
    words INTEGER NOT NULL          -- of the text the tenth is counted in
);
CREATE INDEX rating_subject_date ON rating_subject (date, subject);
CREATE TABLE rating_topic (
    subject INTEGER NOT NULL,
    topic TEXT NOT NULL,
    PRIMARY KEY (subject, topic)
);
-- Each revision known of a subject: from which one a rating is.
CREATE TABLE rating_revision (
    id BLOB PRIMARY KEY,            -- 32 bytes
    subject INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    behind INTEGER NOT NULL         -- 1: the current text differs from it by more than a tenth of its words
);
CREATE INDEX rating_revision_subject ON rating_revision (subject, created_at);

-- Standing ratings: the newest of each rater for each subject and dimension.
CREATE TABLE rating_mark (
    subject INTEGER NOT NULL,
    rater INTEGER NOT NULL,
    dimension INTEGER NOT NULL,     -- rating_state_dimension's
    seq INTEGER NOT NULL,           -- of the rating's record
    value INTEGER NOT NULL,
    time INTEGER NOT NULL,          -- created_at
    revision BLOB,                  -- the revision that was read; NULL where the record does not say
    flags INTEGER NOT NULL,         -- MARK_… of source.h
    PRIMARY KEY (subject, rater, dimension)
);
CREATE INDEX rating_mark_rater ON rating_mark (rater, subject);
CREATE INDEX rating_mark_seq ON rating_mark (seq);
-- What the columns follow: every change of a mark, 16 bytes each (struct mark), in order. Old rows may be dropped once
-- the columns hold them.
CREATE TABLE rating_journal (
    n INTEGER PRIMARY KEY,
    mark BLOB NOT NULL
);

-- Dimensions' numbers: state. 0 to 4 ship.
CREATE TABLE IF NOT EXISTS rating_state_dimension (
    dimension INTEGER PRIMARY KEY,  -- below 256
    coordinate TEXT NOT NULL UNIQUE -- the five's name, else "34706:<key>:<d>"
);
-- Which 34706 records stand.
CREATE TABLE rating_dimension (
    seq INTEGER PRIMARY KEY,
    dimension INTEGER NOT NULL,
    author INTEGER NOT NULL
);

-- Published trust: each set's edges; a truster's list is the union, the largest weight for each target.
CREATE TABLE rating_edge (
    seq INTEGER NOT NULL,           -- of the set's record
    truster INTEGER NOT NULL,
    target INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    petname TEXT NOT NULL,
    PRIMARY KEY (seq, target)
);
CREATE INDEX rating_edge_truster ON rating_edge (truster, target, weight);

-- Filters that stand, kind 34701.
CREATE TABLE rating_filter (
    seq INTEGER PRIMARY KEY,
    author INTEGER NOT NULL,
    d TEXT NOT NULL,
    name TEXT NOT NULL,
    origin TEXT NOT NULL,           -- coordinate of the filter it was copied from, ''
    UNIQUE (author, d)
);

-- A reader's private trust list, decrypted: state of this node, never exported (backups of the node hold it).
CREATE TABLE IF NOT EXISTS rating_state_trust (
    reader BLOB NOT NULL,           -- 32 bytes
    target BLOB NOT NULL,
    weight INTEGER NOT NULL,
    petname TEXT NOT NULL,
    PRIMARY KEY (reader, target)
);
