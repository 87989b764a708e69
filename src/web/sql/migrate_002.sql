-- What somebody is writing, until it is published or discarded. Only its account reads it.
CREATE TABLE web_draft (
  id TEXT PRIMARY KEY,            -- 16 characters of base32, random
  pubkey BLOB NOT NULL,           -- the account's, 32 bytes: numbers of accounts may be given again
  d TEXT NOT NULL,                -- the d tag of the article it changes or was sent as; '': a new one
  title TEXT NOT NULL,
  summary TEXT NOT NULL,
  body TEXT NOT NULL,             -- Markdown
  topics TEXT NOT NULL,           -- as typed, with commas
  language TEXT NOT NULL,         -- BCP 47; '': to be told by the text
  license TEXT NOT NULL,          -- SPDX
  words INTEGER NOT NULL,         -- in body
  updated_at INTEGER NOT NULL,    -- Unix seconds
  sent_at INTEGER NOT NULL        -- created_at of the record last made of it; 0: none yet
);
CREATE INDEX web_draft_by_pubkey ON web_draft (pubkey, updated_at);
