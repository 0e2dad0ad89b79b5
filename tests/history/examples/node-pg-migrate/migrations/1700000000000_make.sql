-- Up Migration
CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    name text
);

-- Down Migration
DROP TABLE accounts;
