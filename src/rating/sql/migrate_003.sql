-- Counts up whenever somebody's trust, published or kept here, changes: widened weights are kept as long as it stands.
CREATE TABLE rating_state_trust_version (
    version INTEGER NOT NULL
);
INSERT INTO rating_state_trust_version (version) VALUES (1);
