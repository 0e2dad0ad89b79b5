CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    name text
);
--> statement-breakpoint
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN n * 2; -- one; two
END;
$$;
