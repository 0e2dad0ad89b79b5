-- A stand-in for uuid-ossp: its functions, without its library. Name-based ids keep their version and variant, but
-- version 5 hashes with SHA-256, as the server has no SHA-1.

create function @extschema@.uuid_nil() returns uuid language sql immutable strict parallel safe
  as $f$ select '00000000-0000-0000-0000-000000000000'::pg_catalog.uuid $f$;
create function @extschema@.uuid_ns_dns() returns uuid language sql immutable strict parallel safe
  as $f$ select '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::pg_catalog.uuid $f$;
create function @extschema@.uuid_ns_url() returns uuid language sql immutable strict parallel safe
  as $f$ select '6ba7b811-9dad-11d1-80b4-00c04fd430c8'::pg_catalog.uuid $f$;
create function @extschema@.uuid_ns_oid() returns uuid language sql immutable strict parallel safe
  as $f$ select '6ba7b812-9dad-11d1-80b4-00c04fd430c8'::pg_catalog.uuid $f$;
create function @extschema@.uuid_ns_x500() returns uuid language sql immutable strict parallel safe
  as $f$ select '6ba7b814-9dad-11d1-80b4-00c04fd430c8'::pg_catalog.uuid $f$;
create function @extschema@.uuid_generate_v1() returns uuid language sql volatile strict parallel safe
  as $f$ select overlay(pg_catalog.gen_random_uuid()::text placing '1' from 15)::pg_catalog.uuid $f$;
create function @extschema@.uuid_generate_v1mc() returns uuid language sql volatile strict parallel safe
  as $f$ select overlay(pg_catalog.gen_random_uuid()::text placing '1' from 15)::pg_catalog.uuid $f$;
create function @extschema@.uuid_generate_v3(namespace uuid, name text) returns uuid
  language sql immutable strict parallel safe as $f$
  with hashed (digits) as (
    select pg_catalog.md5(pg_catalog.uuid_send(namespace) || pg_catalog.convert_to(name, 'UTF8')))
  select (pg_catalog.substr(digits, 1, 12) || '3' || pg_catalog.substr(digits, 14, 3)
    || pg_catalog.to_hex(('x' || pg_catalog.substr(digits, 17, 1))::pg_catalog.bit(4)::int & 3 | 8)
    || pg_catalog.substr(digits, 18))::pg_catalog.uuid from hashed
$f$;
create function @extschema@.uuid_generate_v4() returns uuid language sql volatile strict parallel safe
  as $f$ select pg_catalog.gen_random_uuid() $f$;
create function @extschema@.uuid_generate_v5(namespace uuid, name text) returns uuid
  language sql immutable strict parallel safe as $f$
  with hashed (digits) as (
    select pg_catalog.encode(
      pg_catalog.sha256(pg_catalog.uuid_send(namespace) || pg_catalog.convert_to(name, 'UTF8')), 'hex'))
  select (pg_catalog.substr(digits, 1, 12) || '5' || pg_catalog.substr(digits, 14, 3)
    || pg_catalog.to_hex(('x' || pg_catalog.substr(digits, 17, 1))::pg_catalog.bit(4)::int & 3 | 8)
    || pg_catalog.substr(digits, 18, 15))::pg_catalog.uuid from hashed
$f$;
