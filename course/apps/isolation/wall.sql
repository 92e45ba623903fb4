DROP TABLE IF EXISTS reservations, compartments, parcels;

CREATE TABLE parcels (
    tracking_code text PRIMARY KEY,
    state         text NOT NULL
);

CREATE TABLE compartments (
    number     integer PRIMARY KEY,
    size       text    NOT NULL,
    in_service boolean NOT NULL DEFAULT true,
    parcel     text    REFERENCES parcels,   -- NULL: it is free
    note       text,
    version    integer NOT NULL DEFAULT 1
);

CREATE TABLE reservations (
    number integer NOT NULL REFERENCES compartments,
    day    date    NOT NULL,
    shop   text    NOT NULL
);

INSERT INTO parcels VALUES ('A', 'announced'), ('B', 'announced');
INSERT INTO compartments (number, size) VALUES (7, 'S'), (8, 'L'), (9, 'L');
