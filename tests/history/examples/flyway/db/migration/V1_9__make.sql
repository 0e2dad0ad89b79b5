CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    name text
);
CREATE TABLE codes (code int, meaning text);
COPY codes (code, meaning) FROM stdin;
1	one; it's
2	two
\.
