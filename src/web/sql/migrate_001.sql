-- Who is signed in. The cookie holds the session's id and the keeper's secret; neither is stored.
CREATE TABLE web_session (
    sid_hash BLOB PRIMARY KEY,      -- SHA-256 of the id in the cookie
    pubkey BLOB NOT NULL,           -- 32 bytes; the account is looked up by it
    ticket BLOB,                    -- the key wrapped under the cookie's secret; NULL where the browser signs
    csrf BLOB NOT NULL,             -- 32 bytes that forms' tokens are made from
    created_at INTEGER NOT NULL,    -- Unix seconds
    seen_at INTEGER NOT NULL,       -- Unix seconds, at most an hour behind
    expires_at INTEGER NOT NULL     -- Unix seconds, moved on with seen_at
);
CREATE INDEX web_session_by_pubkey ON web_session (pubkey);
CREATE INDEX web_session_by_expiry ON web_session (expires_at);
-- The server's own secrets, which outlive a restart.
CREATE TABLE web_secret (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
);
