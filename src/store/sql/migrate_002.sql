-- Keys whose records are being erased, step by step: a row stands from the tombstone until the last record is gone.
CREATE TABLE store_erasure (
    pubkey BLOB PRIMARY KEY,
    since INTEGER NOT NULL,   -- all that it signed up to then is gone already
    until INTEGER NOT NULL,   -- all up to then goes, and is hidden meanwhile
    erased INTEGER NOT NULL,  -- records so far
    reason TEXT NOT NULL
);
