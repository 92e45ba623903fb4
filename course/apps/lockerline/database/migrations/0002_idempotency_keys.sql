-- What a client has asked for under a key, and what came of it. The two are written in the
-- same transaction as the effect itself: all of it is there, or nothing.
CREATE TABLE idempotency_keys (
    key         text PRIMARY KEY,
    fingerprint bytea NOT NULL,
    result      json,
    claimed_at  timestamptz NOT NULL
);
