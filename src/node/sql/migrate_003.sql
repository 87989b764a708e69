-- Opinion keys: under which an account says what it agrees with. Nothing public names both; whoever can read this
-- database can see both.
CREATE TABLE node_opinion_key (
    id INTEGER PRIMARY KEY,
    account BLOB UNIQUE,            -- the account's public key, 32 bytes; NULL: the account is gone, and the key soon, too
    name TEXT NOT NULL UNIQUE,      -- in the keeper: random, says nothing
    key BLOB NOT NULL UNIQUE,       -- public, 32 bytes
    used INTEGER NOT NULL           -- 1: something has left under it
);
-- What waits to leave under such a key. One row a subject: what was chosen last.
CREATE TABLE node_opinion_waiting (
    opinion INTEGER NOT NULL REFERENCES node_opinion_key (id),
    subject TEXT NOT NULL,
    due_at INTEGER NOT NULL,        -- Unix seconds: a random moment after the day's end
    record TEXT NOT NULL,           -- unsigned, as JSON; created_at is the day it was chosen on, 00:00 UTC
    PRIMARY KEY (opinion, subject)
);
CREATE INDEX node_opinion_waiting_due ON node_opinion_waiting (due_at);
