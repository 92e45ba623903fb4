CREATE TABLE sites (
    site_id   integer PRIMARY KEY CHECK (site_id > 0),
    name      text NOT NULL,
    city      text NOT NULL,
    time_zone text NOT NULL,
    opened_on date NOT NULL
);

CREATE TABLE compartments (
    site_id    integer NOT NULL REFERENCES sites,
    number     integer NOT NULL CHECK (number > 0),
    size       text NOT NULL CHECK (size IN ('S', 'M', 'L')),
    in_service boolean NOT NULL DEFAULT true,
    PRIMARY KEY (site_id, number)
);

CREATE SEQUENCE tracking_numbers AS integer MAXVALUE 999999999 NO CYCLE;

CREATE TABLE parcels (
    tracking_code text PRIMARY KEY CHECK (tracking_code ~ '^LL[0-9]{10}$'),
    size          text NOT NULL CHECK (size IN ('S', 'M', 'L')),
    shop          text NOT NULL,
    recipient     text NOT NULL,
    state         text NOT NULL
        CHECK (state IN ('announced', 'deposited', 'collected', 'expired', 'returned')),
    announced_at  timestamptz NOT NULL
);

-- A parcel is deposited once in its life, so its code is the key of its stay.
CREATE TABLE stays (
    tracking_code      text PRIMARY KEY REFERENCES parcels,
    site_id            integer NOT NULL,
    compartment_number integer NOT NULL,
    courier            text NOT NULL,
    deposited_at       timestamptz NOT NULL,
    pickup_code_digest bytea NOT NULL CHECK (length(pickup_code_digest) = 32),
    left_at            timestamptz,
    fee                numeric(6, 2) CHECK (fee >= 0),
    wrong_codes        smallint NOT NULL DEFAULT 0 CHECK (wrong_codes BETWEEN 0 AND 4),
    locked_until       timestamptz,
    FOREIGN KEY (site_id, compartment_number) REFERENCES compartments (site_id, number),
    CHECK ((left_at IS NULL) = (fee IS NULL))
);

-- One compartment holds one parcel: whatever the program does, this cannot be broken.
CREATE UNIQUE INDEX one_parcel_per_compartment
    ON stays (site_id, compartment_number) WHERE left_at IS NULL;
