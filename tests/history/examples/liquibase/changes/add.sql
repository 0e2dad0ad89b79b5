-- liquibase formatted sql
--changeset anna:2
--ignoreLines:1
this is no SQL
ALTER TABLE accounts ADD COLUMN email text;
INSERT INTO accounts VALUES (1, 'a', 'a@example.com');
go
--changeset anna:3 endDelimiter:@@ stripComments:false
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN n * 2; -- one; two
END;
$$ @@
--ignoreLines:start
nor is this
--ignoreLines:end
CREATE SCHEMA ${extra} @@
