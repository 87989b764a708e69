-- schema.sql: the news room's projection: all of it follows from the log and is made anew by a rebuild.
-- Times are Unix seconds. actor is store_actor()'s number. lang is a language tag's first part in lower case.

-- One row for each revision of an article that is kept, current or not.
CREATE TABLE news_revision (
    seq INTEGER PRIMARY KEY,
    code TEXT NOT NULL,             -- the short name of the article's address
    received_at INTEGER NOT NULL
);
CREATE INDEX news_revision_code ON news_revision (code, received_at);

-- One row for each article, of its current revision: what lists show.
CREATE TABLE news_item (
    seq INTEGER PRIMARY KEY,        -- of the current revision
    code TEXT NOT NULL,
    actor INTEGER NOT NULL,
    d TEXT NOT NULL,
    id BLOB NOT NULL,               -- 32 bytes
    date INTEGER NOT NULL,          -- what lists are ordered by: published_at, else when the first revision came
    published_at INTEGER NOT NULL,  -- as the record says, if that lies in the past; else 0
    revised_at INTEGER NOT NULL,    -- created_at of this revision
    revisions INTEGER NOT NULL,     -- how many are kept
    words INTEGER NOT NULL,
    whole INTEGER NOT NULL,         -- 1: the licence lets pages show the text
    lang TEXT NOT NULL,             -- '' unknown
    language TEXT NOT NULL,         -- the whole tag
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    license TEXT NOT NULL,          -- SPDX id where known, else as declared
    image TEXT NOT NULL,
    image_alt TEXT NOT NULL,
    source TEXT NOT NULL,
    topics TEXT NOT NULL,           -- each ended by U+001F
    credits TEXT NOT NULL           -- name, role, link, each ended by U+001F
);
CREATE UNIQUE INDEX news_item_code ON news_item (code);
CREATE INDEX news_item_date ON news_item (date, seq);
CREATE INDEX news_item_lang ON news_item (lang, date, seq);
CREATE INDEX news_item_actor ON news_item (actor, date, seq);

CREATE TABLE news_topic (
    topic TEXT NOT NULL,
    lang TEXT NOT NULL,
    date INTEGER NOT NULL,
    seq INTEGER NOT NULL,           -- of the item
    PRIMARY KEY (topic, date, seq)
);
CREATE INDEX news_topic_lang ON news_topic (topic, lang, date, seq);
CREATE INDEX news_topic_seq ON news_topic (seq);

-- How many items there are of a topic in a language; lang '*' counts all. No row says 0.
CREATE TABLE news_topic_count (
    lang TEXT NOT NULL,
    topic TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (lang, topic)
);
CREATE INDEX news_topic_count_n ON news_topic_count (lang, n, topic);

CREATE TABLE news_language_count (
    lang TEXT PRIMARY KEY,
    n INTEGER NOT NULL
);

CREATE TABLE news_author_count (
    actor INTEGER PRIMARY KEY,
    n INTEGER NOT NULL
);

-- Articles that are gone: their address was deleted (NIP-09, tag a), or their current revision was deleted or expired.
CREATE TABLE news_gone (
    seq INTEGER NOT NULL,           -- of the deletion of the address, or of the revision that went
    code TEXT NOT NULL,
    gone_at INTEGER NOT NULL,       -- created_at of the deletion, or the day it expired
    PRIMARY KEY (code, seq)
);
CREATE INDEX news_gone_seq ON news_gone (seq);

-- Current profiles (kind 0) and sorts of actors (kind 34705).
CREATE TABLE news_profile (
    actor INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    about TEXT NOT NULL,
    website TEXT NOT NULL,
    picture TEXT NOT NULL,
    name_folded TEXT NOT NULL,      -- NFKC, case folded
    display_name_folded TEXT NOT NULL
);
CREATE INDEX news_profile_name ON news_profile (name_folded);
CREATE INDEX news_profile_display_name ON news_profile (display_name_folded);

CREATE TABLE news_actor_sort (
    actor INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    sort TEXT NOT NULL
);
