-- migrate:up
CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    name text
);
-- migrate:down
DROP TABLE accounts;
