--! Previous: sha1:7d17c5240dd4b16349b9f8ecf32d765465c7ee5d
--! Hash: sha1:f96d31d287a60db6c0933d5804e9b34b828cdd20

--! no-transaction
CREATE INDEX CONCURRENTLY accounts_email ON accounts (email);
