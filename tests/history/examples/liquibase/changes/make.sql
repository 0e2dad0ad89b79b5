--liquibase formatted sql

--changeset anna:1
CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    name text
);
--rollback DROP TABLE accounts;
