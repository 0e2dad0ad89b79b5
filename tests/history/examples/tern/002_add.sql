ALTER TABLE accounts ADD COLUMN email text;
INSERT INTO accounts VALUES (1, 'a', 'a@example.com');
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN n * 2; -- one; two
END;
$$;
{{ template "shared/notes.sql" . }}
CREATE SCHEMA {{.extra}};
