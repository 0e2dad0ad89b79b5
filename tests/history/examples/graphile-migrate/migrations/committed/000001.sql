--! Previous: -
--! Hash: sha1:2f4be2b836590e79eccd80b18dae762c82032609

CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    name text
);
