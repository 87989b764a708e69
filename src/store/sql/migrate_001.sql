-- The store's state: what is not made from the log, and the log itself. Layout 1.
-- Times are Unix seconds; keys, ids and hashes are raw bytes.
-- Odds and ends by name: applied_seq, swept_until, scrub, and projection:ROOM (the version whose tables stand).
CREATE TABLE store_meta (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
);
-- Which numbered steps of a room's state have been taken.
CREATE TABLE store_migration (
    room TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (room, number)
);
-- The log, in commit order. An erased record leaves its row behind with id and raw NULL, so that no seq is given twice.
CREATE TABLE store_log (
    seq INTEGER PRIMARY KEY,
    received_at INTEGER NOT NULL, -- never falls from one row to the next
    id BLOB,
    raw BLOB                      -- canonical JSON
);
-- The small numbers for keys: permanent.
CREATE TABLE store_actor (
    actor INTEGER PRIMARY KEY,
    pubkey BLOB NOT NULL UNIQUE
);
-- What was erased and may not come back: one id, or all that a key signed up to a time.
CREATE TABLE store_tombstone_id (
    id BLOB PRIMARY KEY,
    reason TEXT NOT NULL
);
CREATE TABLE store_tombstone_key (
    pubkey BLOB PRIMARY KEY,
    until INTEGER NOT NULL,
    reason TEXT NOT NULL
);
-- Files by SHA-256; their bytes lie in blobs/.
CREATE TABLE store_blob (
    sha256 BLOB PRIMARY KEY,
    size INTEGER NOT NULL,
    media_type TEXT NOT NULL
);
