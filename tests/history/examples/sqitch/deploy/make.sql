-- Deploy make to pg
\set ON_ERROR_STOP on
BEGIN;
CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    name text
);
COMMIT;
