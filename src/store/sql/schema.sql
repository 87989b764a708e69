-- The store's own indices over the log: dropped and made anew by a rebuild.
-- idkey: the id's first eight bytes as a signed number that sorts as the id does (highest bit flipped).
CREATE TABLE store_record (
    seq INTEGER PRIMARY KEY,
    idkey INTEGER NOT NULL,
    actor INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    state INTEGER NOT NULL,   -- enum store_state: 0 current, 1 old, 2 gone
    expires_at INTEGER,       -- NIP-40, NULL where it does not expire
    address INTEGER,          -- hash of d for replaceable and addressable kinds, else NULL
    docid INTEGER             -- its row in the search index, NULL where it has none
);
CREATE INDEX store_record_by_id ON store_record (idkey);
CREATE INDEX store_record_by_time ON store_record (created_at DESC, idkey);
CREATE INDEX store_record_by_kind ON store_record (kind, created_at DESC, idkey);
CREATE INDEX store_record_by_actor ON store_record (actor, created_at DESC, idkey);
CREATE INDEX store_record_by_actor_kind ON store_record (actor, kind, created_at DESC, idkey);
CREATE INDEX store_record_by_address ON store_record (actor, kind, address, created_at DESC, idkey) WHERE address IS NOT NULL;
CREATE INDEX store_record_by_expiry ON store_record (expires_at, seq) WHERE expires_at IS NOT NULL AND state < 2;
-- Single-letter tags. hash: of letter and value; a hit is checked against the record.
CREATE TABLE store_tag (
    hash INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    idkey INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    actor INTEGER NOT NULL,
    PRIMARY KEY (hash, created_at DESC, idkey, seq)
) WITHOUT ROWID;
-- Deletions that stand (NIP-09): of an id by its author; of an address up to a time. seq: of the deletion.
CREATE TABLE store_deleted_id (
    id BLOB NOT NULL,
    actor INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (id, actor, seq)
) WITHOUT ROWID;
CREATE INDEX store_deleted_id_by_seq ON store_deleted_id (seq);
CREATE TABLE store_deleted_address (
    actor INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    address INTEGER NOT NULL,
    until INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (actor, kind, address, until, seq)
) WITHOUT ROWID;
CREATE INDEX store_deleted_address_by_seq ON store_deleted_address (seq);
-- Which records speak of a file. hash: of the file's SHA-256.
CREATE TABLE store_blob_use (
    hash INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (hash, seq)
) WITHOUT ROWID;
-- docid sorts by the text's date: (date + 2^36) * 2^24 + low bits that make it unique.
CREATE TABLE store_text (
    docid INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL
);
