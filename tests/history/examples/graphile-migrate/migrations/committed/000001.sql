--! Previous: -
--! Hash: sha1:0000000000000000000000000000000000000000

CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    name text
);
