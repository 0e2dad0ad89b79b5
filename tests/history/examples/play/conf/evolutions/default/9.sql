# Accounts

# --- !Ups
CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    name text
);

# --- !Downs
DROP TABLE accounts;
