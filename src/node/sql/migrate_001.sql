-- People who have an account here. Their keys' private halves are in the keeper, except where own_key is 1.
CREATE TABLE node_account (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,      -- 1 to 32 of a-z 0-9 - _ .
    key BLOB NOT NULL UNIQUE,       -- public, 32 bytes
    own_key INTEGER NOT NULL,       -- 1: signs in the browser (NIP-07)
    created_at INTEGER NOT NULL     -- Unix seconds
);
-- Invitations to sign up. The code itself is not kept.
CREATE TABLE node_invitation (
    code_hash BLOB NOT NULL PRIMARY KEY, -- BLAKE2b-256
    created_at INTEGER NOT NULL,         -- Unix seconds
    used_at INTEGER                      -- NULL: not yet
);
