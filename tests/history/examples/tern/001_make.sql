CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    name text
);

---- create above / drop below ----

DROP TABLE accounts;
