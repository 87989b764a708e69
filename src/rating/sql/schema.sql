-- schema.sql: the rating room's projection: all of it follows from the log and is made anew by a rebuild.
-- Times are Unix seconds. actor, rater and author are store_actor()'s numbers; subject is rating_state_subject's.
-- value is 0 to 10000; weight is in 1/2^32.

-- What follows from these tables and from the texts begins anew with them.
UPDATE rating_state_epoch SET epoch = epoch + 1, trimmed = 0, facts = 0;
DELETE FROM rating_state_journal;
DELETE FROM rating_state_compared;

-- What rules need to know of an article, of its current revision.
CREATE TABLE rating_subject (
    subject INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,           -- of the current revision
    id BLOB NOT NULL,               -- 32 bytes
    declared INTEGER NOT NULL,      -- the date its text gives, 0 none
    date INTEGER NOT NULL,          -- what rules and lists go by
    author INTEGER NOT NULL,
    lineage INTEGER NOT NULL,       -- the subject that the work began as
    language TEXT NOT NULL          -- first part of the tag in lower case, '' unknown
);
CREATE INDEX rating_subject_date ON rating_subject (date, subject);
CREATE INDEX rating_subject_lineage ON rating_subject (lineage);
CREATE INDEX rating_subject_seq ON rating_subject (seq);
CREATE TABLE rating_topic (
    subject INTEGER NOT NULL,
    topic INTEGER NOT NULL,         -- rating_state_topic's
    PRIMARY KEY (subject, topic)
);
CREATE INDEX rating_topic_topic ON rating_topic (topic);
-- Each revision known of an article: from which one a rating is.
CREATE TABLE rating_revision (
    id BLOB PRIMARY KEY,            -- 32 bytes
    subject INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    bytes INTEGER NOT NULL          -- of its text
);
CREATE INDEX rating_revision_subject ON rating_revision (subject, created_at DESC, id);

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
CREATE INDEX rating_mark_dimension ON rating_mark (dimension) WHERE dimension > 4;
-- Ratings that another of the same rater, subject and dimension stands before (kind 7 beside 34259, two d for one
-- thing): one of them takes its place when it goes.
CREATE TABLE rating_waiting (
    seq INTEGER PRIMARY KEY,
    subject INTEGER NOT NULL,
    rater INTEGER NOT NULL,
    dimension INTEGER NOT NULL,
    value INTEGER NOT NULL,
    time INTEGER NOT NULL,
    revision BLOB,
    flags INTEGER NOT NULL
);
CREATE INDEX rating_waiting_mark ON rating_waiting (subject, rater, dimension);

-- Which 34706 records stand.
CREATE TABLE rating_dimension (
    seq INTEGER PRIMARY KEY,
    dimension INTEGER NOT NULL,
    author INTEGER NOT NULL
);
CREATE INDEX rating_dimension_number ON rating_dimension (dimension);

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
