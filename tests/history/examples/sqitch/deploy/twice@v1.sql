BEGIN;
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN n + n; -- one; two
END;
$$;
COMMIT;
