-- Rating services: whose key, who rates for them in private, and what waits to be published.
CREATE TABLE rating_state_service (
    service BLOB PRIMARY KEY,       -- 32 bytes, as all keys here
    name TEXT NOT NULL,
    about TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    closed_epoch INTEGER NOT NULL   -- the last epoch that was worked off
);
CREATE TABLE rating_state_panel (
    service BLOB NOT NULL,
    member BLOB NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (service, member)
);
CREATE INDEX rating_state_panel_member ON rating_state_panel (member);
-- What members said. Never a record, never exported; the operator of this node can read it.
CREATE TABLE rating_state_private (
    service BLOB NOT NULL,
    coordinate TEXT NOT NULL,
    dimension TEXT NOT NULL,
    member BLOB NOT NULL,
    value INTEGER,                  -- 0 to 10000; NULL: taken back since the last aggregate
    published INTEGER,              -- the value that took part in the last aggregate; NULL: none did
    uses INTEGER NOT NULL,          -- aggregates that this value took part in
    at INTEGER NOT NULL,
    type INTEGER NOT NULL,          -- of the target: enum in rating.h
    revision BLOB NOT NULL,
    author BLOB NOT NULL,
    kind INTEGER NOT NULL,
    PRIMARY KEY (service, coordinate, dimension, member)
);
CREATE INDEX rating_state_private_member ON rating_state_private (service, member, at);
-- Aggregates whose noise is drawn and that are not published yet.
CREATE TABLE rating_state_aggregate (
    number INTEGER PRIMARY KEY,
    service BLOB NOT NULL,
    coordinate TEXT NOT NULL,
    dimension TEXT NOT NULL,
    value INTEGER NOT NULL,
    raters INTEGER NOT NULL,        -- floored to fives
    epoch INTEGER NOT NULL,
    type INTEGER NOT NULL,
    revision BLOB NOT NULL,
    author BLOB NOT NULL,
    kind INTEGER NOT NULL
);
