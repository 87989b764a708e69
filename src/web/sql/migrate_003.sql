-- How somebody looks at the pool: filters they keep to themselves, those of others they come back to, and the one they see
-- first. Keys are the account's, 32 bytes.
CREATE TABLE web_filter (
  id TEXT PRIMARY KEY,            -- 16 characters of base32, random; "my-<id>" behind ?filter=
  pubkey BLOB NOT NULL,
  name TEXT NOT NULL,
  about TEXT NOT NULL,
  recipe TEXT NOT NULL,           -- as in a record of kind 34701
  origin TEXT NOT NULL,           -- coordinate of the filter it was copied from; '': of none
  updated_at INTEGER NOT NULL     -- Unix seconds
);
CREATE INDEX web_filter_by_pubkey ON web_filter (pubkey, updated_at);
CREATE TABLE web_subscription (
  pubkey BLOB NOT NULL,
  filter TEXT NOT NULL,           -- the coordinate "34701:<key>:<d>"
  added_at INTEGER NOT NULL,
  PRIMARY KEY (pubkey, filter)
);
CREATE TABLE web_first_filter (
  pubkey BLOB PRIMARY KEY,
  filter TEXT NOT NULL            -- what stands behind ?filter=
);
