-- migrate:up
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN n * 2; -- one; two
END;
$$;
-- migrate:down
DROP FUNCTION twice;
