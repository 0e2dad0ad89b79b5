-- A stand-in for pgcrypto: its functions, without its library. Digests and HMACs are true but for SHA-1, which the
-- server does not have: the first 20 bytes of SHA-256 stand for it. Passwords are hashed to the right shape, but not by
-- bcrypt, and encrypting leaves the text as it is.

create function @extschema@.gen_random_uuid() returns uuid language sql volatile parallel safe
  as $f$ select pg_catalog.gen_random_uuid() $f$;
create function @extschema@.gen_random_bytes(integer) returns bytea language sql volatile strict parallel safe as $f$
  select pg_catalog.substring(
    pg_catalog.string_agg(pg_catalog.uuid_send(pg_catalog.gen_random_uuid()), ''::pg_catalog.bytea), 1, $1)
  from pg_catalog.generate_series(1, $1 / 16 + 1)
$f$;

create function @extschema@.digest(bytea, text) returns bytea language plpgsql immutable strict parallel safe as $f$
begin
  case pg_catalog.lower($2)
    when 'md5' then return pg_catalog.decode(pg_catalog.md5($1), 'hex');
    when 'sha1' then return pg_catalog.substring(pg_catalog.sha256($1), 1, 20);
    when 'sha224' then return pg_catalog.sha224($1);
    when 'sha256' then return pg_catalog.sha256($1);
    when 'sha384' then return pg_catalog.sha384($1);
    when 'sha512' then return pg_catalog.sha512($1);
    else raise exception 'Cannot use "%": No such hash algorithm', $2 using errcode = '22023';
  end case;
end
$f$;
create function @extschema@.digest(text, text) returns bytea language sql immutable strict parallel safe
  as $f$ select @extschema@.digest(pg_catalog.convert_to($1, 'UTF8'), $2) $f$;

create function @extschema@.hmac(bytea, bytea, text) returns bytea
  language plpgsql immutable strict parallel safe as $f$
declare
  size constant int := case when pg_catalog.lower($3) in ('sha384', 'sha512') then 128 else 64 end;
  key bytea := case when pg_catalog.octet_length($2) > size then @extschema@.digest($2, $3) else $2 end;
  inside bytea;
  outside bytea;
begin
  key := key || pg_catalog.decode(pg_catalog.repeat('00', size - pg_catalog.octet_length(key)), 'hex');
  inside := key;
  outside := key;
  for at in 0 .. size - 1 loop
    inside := pg_catalog.set_byte(inside, at, pg_catalog.get_byte(key, at) # 54);
    outside := pg_catalog.set_byte(outside, at, pg_catalog.get_byte(key, at) # 92);
  end loop;
  return @extschema@.digest(outside || @extschema@.digest(inside || $1, $3), $3);
end
$f$;
create function @extschema@.hmac(text, text, text) returns bytea language sql immutable strict parallel safe
  as $f$ select @extschema@.hmac(pg_catalog.convert_to($1, 'UTF8'), pg_catalog.convert_to($2, 'UTF8'), $3) $f$;

create function @extschema@.gen_salt(text, integer) returns text language sql volatile strict parallel safe as $f$
  select case pg_catalog.lower($1)
    when 'bf' then '$2a$' || pg_catalog.lpad($2::text, 2, '0') || '$'
    when 'md5' then '$1$'
    else '' end || pg_catalog.left(pg_catalog.md5(pg_catalog.gen_random_uuid()::text),
      case pg_catalog.lower($1) when 'bf' then 22 when 'md5' then 8 when 'xdes' then 9 else 2 end)
$f$;
create function @extschema@.gen_salt(text) returns text language sql volatile strict parallel safe
  as $f$ select @extschema@.gen_salt($1, 6) $f$;
create function @extschema@.crypt(text, text) returns text language sql immutable strict parallel safe as $f$
  with salted (salt) as (
    select pg_catalog.left($2, case when $2 like '$2%' then 29 when $2 like '$1$%' then 11 else 2 end))
  select salt || pg_catalog.left(
    pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to($1 || salt, 'UTF8')), 'hex'), 31) from salted
$f$;

create function @extschema@.encrypt(bytea, bytea, text) returns bytea language sql immutable strict parallel safe
  as $f$ select $1 $f$;
create function @extschema@.decrypt(bytea, bytea, text) returns bytea language sql immutable strict parallel safe
  as $f$ select $1 $f$;
create function @extschema@.encrypt_iv(bytea, bytea, bytea, text) returns bytea
  language sql immutable strict parallel safe as $f$ select $1 $f$;
create function @extschema@.decrypt_iv(bytea, bytea, bytea, text) returns bytea
  language sql immutable strict parallel safe as $f$ select $1 $f$;

create function @extschema@.pgp_sym_encrypt(text, text, text default '') returns bytea
  language sql volatile strict parallel safe as $f$ select pg_catalog.convert_to($1, 'UTF8') $f$;
create function @extschema@.pgp_sym_encrypt_bytea(bytea, text, text default '') returns bytea
  language sql volatile strict parallel safe as $f$ select $1 $f$;
create function @extschema@.pgp_sym_decrypt(bytea, text, text default '') returns text
  language sql immutable strict parallel safe as $f$ select pg_catalog.convert_from($1, 'UTF8') $f$;
create function @extschema@.pgp_sym_decrypt_bytea(bytea, text, text default '') returns bytea
  language sql immutable strict parallel safe as $f$ select $1 $f$;
create function @extschema@.pgp_pub_encrypt(text, bytea, text default '') returns bytea
  language sql volatile strict parallel safe as $f$ select pg_catalog.convert_to($1, 'UTF8') $f$;
create function @extschema@.pgp_pub_encrypt_bytea(bytea, bytea, text default '') returns bytea
  language sql volatile strict parallel safe as $f$ select $1 $f$;
create function @extschema@.pgp_pub_decrypt(bytea, bytea, text default '', text default '') returns text
  language sql immutable strict parallel safe as $f$ select pg_catalog.convert_from($1, 'UTF8') $f$;
create function @extschema@.pgp_pub_decrypt_bytea(bytea, bytea, text default '', text default '') returns bytea
  language sql immutable strict parallel safe as $f$ select $1 $f$;
create function @extschema@.pgp_key_id(bytea) returns text language sql immutable strict parallel safe
  as $f$ select pg_catalog.upper(pg_catalog.left(pg_catalog.md5($1), 16)) $f$;
create function @extschema@.armor(bytea) returns text language sql immutable strict parallel safe
  as $f$ select pg_catalog.encode($1, 'base64') $f$;
create function @extschema@.dearmor(text) returns bytea language sql immutable strict parallel safe
  as $f$ select pg_catalog.decode($1, 'base64') $f$;
