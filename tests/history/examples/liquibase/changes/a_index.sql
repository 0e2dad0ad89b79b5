--liquibase formatted sql
--changeset anna:4 runInTransaction:false
CREATE INDEX CONCURRENTLY accounts_email ON accounts (email);
--rollback DROP INDEX accounts_email;
