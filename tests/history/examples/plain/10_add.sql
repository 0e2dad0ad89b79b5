\echo adding
ALTER TABLE accounts ADD COLUMN email text;
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN n * 2; -- one; two
END;
$$;
COPY accounts (id, name, email) FROM stdin;
1	a;	a@example.com
\.
