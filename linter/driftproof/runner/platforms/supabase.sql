-- What a Supabase project's database has before its first migration, on a bare PostgreSQL 13 or later.
--
-- Names, columns, types, constraints, signatures and grants are the platform's (supabase/postgres, auth, storage,
-- realtime, vault, pg_net, cli); bodies are short stand-ins. Left out: supautils, event triggers, pg_graphql,
-- encryption, the ownership by supabase_*_admin, and that the role postgres is no superuser there: what the platform
-- forbids is allowed here. It can be run again. Run it once in each database, as a superuser, as one simple query.

-- Roles -------------------------------------------------------------------------------------------------------------
-- Roles belong to the whole server: those that are there already stay as they are, and no one can log in as a new one.

do $platform$
declare
  wanted constant text[][] := array[
    ['postgres',                   'createdb createrole replication bypassrls'],
    ['supabase_admin',             'superuser createdb createrole replication bypassrls'],
    ['anon',                       'noinherit'],
    ['authenticated',              'noinherit'],
    ['service_role',               'noinherit bypassrls'],
    ['authenticator',              'noinherit'],
    ['dashboard_user',             'createdb createrole replication'],
    ['pgbouncer',                  'inherit'],
    ['supabase_auth_admin',        'noinherit createrole'],
    ['supabase_storage_admin',     'noinherit createrole'],
    ['supabase_functions_admin',   'noinherit createrole'],
    ['supabase_realtime_admin',    'noinherit'],
    ['supabase_replication_admin', 'replication'],
    ['supabase_read_only_user',    'bypassrls'],
    ['supabase_etl_admin',         'replication'],
    ['pgsodium_keyiduser',         'inherit'],
    ['pgsodium_keyholder',         'inherit'],
    ['pgsodium_keymaker',          'inherit']];
  timeouts constant text[][] := array[['anon', '3s'], ['authenticated', '8s'], ['authenticator', '8s']];
  memberships constant text[][] := array[
    ['anon', 'authenticator'], ['authenticated', 'authenticator'], ['service_role', 'authenticator'],
    ['anon', 'postgres'], ['authenticated', 'postgres'], ['service_role', 'postgres'],
    ['supabase_auth_admin', 'postgres'], ['supabase_storage_admin', 'postgres'],
    ['supabase_functions_admin', 'postgres'], ['supabase_realtime_admin', 'postgres'],
    ['pgsodium_keyiduser', 'postgres'], ['pgsodium_keyholder', 'postgres'], ['pgsodium_keymaker', 'postgres'],
    ['pg_monitor', 'postgres'], ['pg_read_all_data', 'postgres'], ['pg_signal_backend', 'postgres'],
    ['pg_read_all_data', 'supabase_read_only_user'], ['pgsodium_keyholder', 'service_role']];
  made text[] := '{}';
begin
  for i in 1 .. array_length(wanted, 1) loop
    if not exists (select from pg_catalog.pg_roles where rolname = wanted[i][1]) then
      execute format('create role %I nologin %s', wanted[i][1], wanted[i][2]);
      made := made || wanted[i][1];
    end if;
  end loop;
  for i in 1 .. array_length(timeouts, 1) loop
    if timeouts[i][1] = any (made) then
      execute format('alter role %I set statement_timeout = %L', timeouts[i][1], timeouts[i][2]);
    end if;
  end loop;
  for i in 1 .. array_length(memberships, 1) loop
    -- pg_read_all_data: since PostgreSQL 14
    if exists (select from pg_catalog.pg_roles where rolname = memberships[i][1])
       and not pg_has_role(memberships[i][2], memberships[i][1], 'member') then
      execute format('grant %I to %I', memberships[i][1], memberships[i][2]);
    end if;
  end loop;
end
$platform$;

-- Schemas, search_path, default privileges --------------------------------------------------------------------------
create schema if not exists extensions;
create schema if not exists auth;
create schema if not exists storage;
create schema if not exists realtime;
create schema if not exists _realtime;
create schema if not exists vault;
create schema if not exists graphql;
create schema if not exists graphql_public;
create schema if not exists pgbouncer;
create schema if not exists supabase_functions;
create schema if not exists supabase_migrations;
-- CREATE EXTENSION pg_cron and pg_net make these on the platform; projects switch both on outside of their migrations.
create schema if not exists cron;
create schema if not exists net;

do $platform$
begin
  -- The platform sets this on the role postgres; on the database it stays away from others of the server.
  execute format('alter database %I set search_path = "$user", public, extensions', current_database());
end
$platform$;
set search_path = "$user", public, extensions;

grant usage on schema public, extensions, auth, storage, realtime, graphql, graphql_public, supabase_functions, net
  to postgres, anon, authenticated, service_role;
grant all on schema auth, extensions, storage to postgres, dashboard_user;
grant usage on schema cron to postgres with grant option;
grant usage on schema vault to postgres, service_role;

do $platform$
declare
  place text;
  kind text;
  owner text;
begin
  foreach place in array array['public', 'storage', 'graphql', 'supabase_functions'] loop
    foreach kind in array array['tables', 'routines', 'sequences'] loop
      foreach owner in array array[current_user, 'postgres'] loop
        execute format(
          'alter default privileges for role %I in schema %I grant all on %s to postgres, anon, authenticated,'
          ' service_role', owner, place, kind);
      end loop;
    end loop;
  end loop;
end
$platform$;

-- Extensions --------------------------------------------------------------------------------------------------------

do $platform$
declare
  wanted text;
begin
  foreach wanted in array array['uuid-ossp', 'pgcrypto', 'pg_stat_statements'] loop
    if exists (select from pg_catalog.pg_available_extensions where name = wanted) then
      execute format('create extension if not exists %I with schema extensions', wanted);
    end if;
  end loop;
end
$platform$;

create or replace function extensions.url_encode(data bytea) returns text language sql immutable
  as $f$ select pg_catalog.translate(pg_catalog.encode(data, 'base64'), E'+/=\n', '-_') $f$;
create or replace function extensions.sign(payload json, secret text, algorithm text default 'HS256') returns text
  language sql immutable as $f$
  select 'stub.' || extensions.url_encode(pg_catalog.convert_to(payload::text, 'UTF8')) || '.stub'
$f$;

-- auth --------------------------------------------------------------------------------------------------------------
do $platform$
declare
  t text[][] := array[
    ['factor_type', $$'totp', 'webauthn', 'phone'$$], ['factor_status', $$'unverified', 'verified'$$],
    ['aal_level', $$'aal1', 'aal2', 'aal3'$$], ['code_challenge_method', $$'s256', 'plain'$$],
    ['one_time_token_type', $$'confirmation_token', 'reauthentication_token', 'recovery_token',
       'email_change_token_new', 'email_change_token_current', 'phone_change_token'$$]];
  i int;
begin
  for i in 1 .. array_length(t, 1) loop
    if to_regtype('auth.' || t[i][1]) is null then
      execute format('create type auth.%I as enum (%s)', t[i][1], t[i][2]);
    end if;
  end loop;
  if to_regtype('storage.buckettype') is null then
    create type storage.buckettype as enum ('STANDARD', 'ANALYTICS', 'VECTOR');
  end if;
end
$platform$;

create table if not exists auth.users (
  instance_id uuid,
  id uuid not null,
  aud varchar(255),
  role varchar(255),
  email varchar(255),
  encrypted_password varchar(255),
  email_confirmed_at timestamptz,
  invited_at timestamptz,
  confirmation_token varchar(255),
  confirmation_sent_at timestamptz,
  recovery_token varchar(255),
  recovery_sent_at timestamptz,
  email_change_token_new varchar(255),
  email_change varchar(255),
  email_change_sent_at timestamptz,
  last_sign_in_at timestamptz,
  raw_app_meta_data jsonb,
  raw_user_meta_data jsonb,
  is_super_admin boolean,
  created_at timestamptz,
  updated_at timestamptz,
  phone text default null,
  phone_confirmed_at timestamptz,
  phone_change text default '',
  phone_change_token varchar(255) default '',
  phone_change_sent_at timestamptz,
  confirmed_at timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
  email_change_token_current varchar(255) default '',
  email_change_confirm_status smallint default 0,
  banned_until timestamptz,
  reauthentication_token varchar(255) default '',
  reauthentication_sent_at timestamptz,
  is_sso_user boolean not null default false,
  deleted_at timestamptz,
  is_anonymous boolean not null default false,
  constraint users_pkey primary key (id),
  constraint users_phone_key unique (phone),
  constraint users_email_change_confirm_status_check check (email_change_confirm_status between 0 and 2)
);
create unique index if not exists users_email_partial_key on auth.users (email) where not is_sso_user;
create index if not exists users_instance_id_idx on auth.users (instance_id);

create table if not exists auth.identities (
  provider_id text not null,
  user_id uuid not null references auth.users (id) on delete cascade,
  identity_data jsonb not null,
  provider text not null,
  last_sign_in_at timestamptz,
  created_at timestamptz,
  updated_at timestamptz,
  email text generated always as (lower(identity_data ->> 'email')) stored,
  id uuid not null default gen_random_uuid() primary key,
  constraint identities_provider_id_provider_unique unique (provider_id, provider)
);
create table if not exists auth.sessions (
  id uuid primary key,
  user_id uuid not null references auth.users (id) on delete cascade,
  created_at timestamptz, updated_at timestamptz,
  factor_id uuid, aal auth.aal_level, not_after timestamptz,
  refreshed_at timestamp, user_agent text, ip inet, tag text
);
create table if not exists auth.refresh_tokens (
  instance_id uuid, id bigserial primary key, token varchar(255) unique, user_id varchar(255), revoked boolean,
  created_at timestamptz, updated_at timestamptz, parent varchar(255),
  session_id uuid references auth.sessions (id) on delete cascade
);
create table if not exists auth.instances (
  id uuid primary key, uuid uuid, raw_base_config text, created_at timestamptz, updated_at timestamptz);
create table if not exists auth.audit_log_entries (
  instance_id uuid, id uuid primary key, payload json, created_at timestamptz,
  ip_address varchar(64) not null default '');
create table if not exists auth.schema_migrations (version varchar(255) primary key);
create table if not exists auth.mfa_factors (
  id uuid primary key, user_id uuid not null references auth.users (id) on delete cascade, friendly_name text,
  factor_type auth.factor_type not null, status auth.factor_status not null,
  created_at timestamptz not null, updated_at timestamptz not null, secret text, phone text,
  last_challenged_at timestamptz);
create table if not exists auth.mfa_challenges (
  id uuid primary key, factor_id uuid not null references auth.mfa_factors (id) on delete cascade,
  created_at timestamptz not null, verified_at timestamptz, ip_address inet not null);
create table if not exists auth.mfa_amr_claims (
  session_id uuid not null references auth.sessions (id) on delete cascade, created_at timestamptz not null,
  updated_at timestamptz not null, authentication_method text not null, unique (session_id, authentication_method));

do $platform$
declare t regclass;
begin
  for t in select c.oid::regclass from pg_catalog.pg_class c
            where c.relnamespace = 'auth'::regnamespace and c.relkind = 'r' loop
    execute 'alter table ' || t || ' enable row level security';
  end loop;
end
$platform$;

create or replace function auth.jwt() returns jsonb language sql stable as $f$
  select coalesce(nullif(current_setting('request.jwt.claim', true), ''),
                  nullif(current_setting('request.jwt.claims', true), ''))::jsonb
$f$;
create or replace function auth.uid() returns uuid language sql stable as $f$
  select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
                  nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
$f$;
create or replace function auth.role() returns text language sql stable as $f$
  select coalesce(nullif(current_setting('request.jwt.claim.role', true), ''),
                  nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role')
$f$;
create or replace function auth.email() returns text language sql stable as $f$
  select coalesce(nullif(current_setting('request.jwt.claim.email', true), ''),
                  nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email')
$f$;
grant all on all tables in schema auth to postgres, dashboard_user, supabase_auth_admin;
grant all on all sequences in schema auth to postgres, dashboard_user, supabase_auth_admin;

-- storage -----------------------------------------------------------------------------------------------------------
create table if not exists storage.buckets (
  id text primary key,
  name text not null,
  owner uuid,                       -- deprecated, use owner_id
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  public boolean default false,
  avif_autodetection boolean default false,
  file_size_limit bigint,
  allowed_mime_types text[],
  owner_id text,
  type storage.buckettype not null default 'STANDARD'
);
create unique index if not exists bname on storage.buckets (name);
create table if not exists storage.objects (
  id uuid primary key default gen_random_uuid(),
  bucket_id text constraint "objects_bucketId_fkey" references storage.buckets (id),
  name text,
  owner uuid,                       -- deprecated, use owner_id
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  last_accessed_at timestamptz default now(),
  metadata jsonb,
  path_tokens text[] generated always as (string_to_array(name, '/')) stored,
  version text,
  owner_id text,
  user_metadata jsonb
);
create unique index if not exists bucketid_objname on storage.objects (bucket_id, name);
create index if not exists name_prefix_search on storage.objects (name text_pattern_ops);
create table if not exists storage.migrations (
  id integer primary key, name varchar(100) unique not null, hash varchar(40) not null,
  executed_at timestamp default current_timestamp);
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;
alter table storage.migrations enable row level security;
grant all on storage.buckets, storage.objects to anon, authenticated, service_role, supabase_storage_admin;
grant all on storage.buckets, storage.objects to postgres with grant option;

create or replace function storage.foldername(name text) returns text[] language plpgsql immutable as $f$
declare p text[] := string_to_array(name, '/');
begin return p[1 : array_length(p, 1) - 1]; end $f$;
create or replace function storage.filename(name text) returns text language plpgsql immutable as $f$
declare p text[] := string_to_array(name, '/');
begin return p[array_length(p, 1)]; end $f$;
create or replace function storage.extension(name text) returns text language plpgsql immutable as $f$
begin return reverse(split_part(reverse(storage.filename(name)), '.', 1)); end $f$;
create or replace function storage.get_size_by_bucket() returns table (size bigint, bucket_id text)
  language sql stable as $f$
  select sum((o.metadata ->> 'size')::bigint)::bigint, o.bucket_id from storage.objects o group by o.bucket_id $f$;
create or replace function storage.update_updated_at_column() returns trigger language plpgsql as $f$
begin new.updated_at = now(); return new; end $f$;
-- The platform also rejects a direct DELETE on these two tables, by a trigger.

-- realtime ----------------------------------------------------------------------------------------------------------
do $platform$
begin
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
end
$platform$;
create table if not exists realtime.messages (
  topic text not null, extension text not null, payload jsonb, event text, private boolean default false,
  updated_at timestamp not null default now(), inserted_at timestamp not null default now(),
  id uuid not null default gen_random_uuid(), binary_payload bytea,
  primary key (id, inserted_at)
) partition by range (inserted_at);
alter table realtime.messages enable row level security;
grant select, insert, update on realtime.messages to anon, authenticated, service_role;
grant all on realtime.messages to postgres;
create or replace function realtime.topic() returns text language sql stable as $f$
  select nullif(current_setting('realtime.topic', true), '') $f$;
create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true)
  returns void language plpgsql as $f$ begin null; end $f$;
create or replace function realtime.broadcast_changes(topic_name text, event_name text, operation text, table_name text,
  table_schema text, new record, old record, level text default 'ROW') returns void language plpgsql as $f$
begin null; end $f$;

-- vault -------------------------------------------------------------------------------------------------------------
create table if not exists vault.secrets (
  id uuid primary key default gen_random_uuid(), name text, description text not null default '', secret text not null,
  key_id uuid, nonce bytea, created_at timestamptz not null default now(),
  updated_at timestamptz not null default now());
create unique index if not exists secrets_name_idx on vault.secrets (name) where name is not null;
create or replace view vault.decrypted_secrets as
  select id, name, description, secret, secret as decrypted_secret, key_id, nonce, created_at, updated_at
    from vault.secrets;
create or replace function vault.create_secret(new_secret text, new_name text default null,
  new_description text default '', new_key_id uuid default null) returns uuid
  language sql security definer set search_path = '' as $f$
  insert into vault.secrets (secret, name, description) values (new_secret, new_name, new_description) returning id $f$;
create or replace function vault.update_secret(secret_id uuid, new_secret text default null, new_name text default null,
  new_description text default null, new_key_id uuid default null) returns void
  language sql security definer set search_path = '' as $f$
  update vault.secrets set secret = coalesce(new_secret, secret), name = coalesce(new_name, name),
    description = coalesce(new_description, description), updated_at = now() where id = secret_id $f$;
grant select, delete on vault.secrets, vault.decrypted_secrets to postgres, service_role;

-- pg_cron and pg_net stand-ins (no scheduler, no network) -----------------------------------------------------------
create table if not exists cron.job (
  jobid bigserial primary key, schedule text not null, command text not null,
  nodename text not null default 'localhost', nodeport int not null default 5432,
  database text not null default current_database(), username text not null default current_user,
  active boolean not null default true, jobname text);
create unique index if not exists jobname_username_uniq on cron.job (jobname, username);
create table if not exists cron.job_run_details (
  jobid bigint, runid bigserial primary key, job_pid int, database text, username text, command text, status text,
  return_message text, start_time timestamptz, end_time timestamptz);
create or replace function cron.schedule(job_name text, schedule text, command text) returns bigint language sql as $f$
  insert into cron.job (jobname, schedule, command) values (job_name, schedule, command)
  on conflict (jobname, username) do update set schedule = excluded.schedule, command = excluded.command
  returning jobid $f$;
create or replace function cron.schedule(schedule text, command text) returns bigint language sql as $f$
  insert into cron.job (schedule, command) values (schedule, command) returning jobid $f$;
create or replace function cron.unschedule(job_id bigint) returns boolean language plpgsql as $f$
begin
  delete from cron.job where jobid = job_id;
  if not found then raise exception 'could not find valid entry for job %', job_id; end if;
  return true;
end $f$;
create or replace function cron.unschedule(job_name text) returns boolean language plpgsql as $f$
begin
  delete from cron.job where jobname = job_name;
  if not found then raise exception 'could not find valid entry for job ''%''', job_name; end if;
  return true;
end $f$;
create or replace function cron.alter_job(job_id bigint, schedule text default null, command text default null,
  database text default null, username text default null, active boolean default null) returns void language sql as $f$
  update cron.job j
    set schedule = coalesce(alter_job.schedule, j.schedule), command = coalesce(alter_job.command, j.command),
      active = coalesce(alter_job.active, j.active)
    where j.jobid = job_id $f$;

create table if not exists net.http_request_queue (
  id bigserial, method text not null, url text not null, headers jsonb, body bytea, timeout_milliseconds int not null);
create table if not exists net._http_response (
  id bigint, status_code integer, content_type text, headers jsonb, content text, timed_out boolean, error_msg text,
  created timestamptz not null default now());
create or replace function net.http_get(url text, params jsonb default '{}', headers jsonb default '{}',
  timeout_milliseconds int default 5000) returns bigint language sql as $f$ select 1::bigint $f$;
create or replace function net.http_post(url text, body jsonb default '{}', params jsonb default '{}',
  headers jsonb default '{"Content-Type": "application/json"}', timeout_milliseconds int default 5000)
  returns bigint language sql as $f$ select 1::bigint $f$;
create or replace function net.http_delete(url text, params jsonb default '{}', headers jsonb default '{}',
  timeout_milliseconds int default 5000, body jsonb default null)
  returns bigint language sql as $f$ select 1::bigint $f$;

-- Database webhooks, GraphQL entry point, bookkeeping ---------------------------------------------------------------
create or replace function supabase_functions.http_request() returns trigger language plpgsql as $f$
begin return coalesce(new, old); end $f$;
create or replace function graphql_public.graphql("operationName" text default null, query text default null,
  variables jsonb default null, extensions jsonb default null) returns jsonb language sql as $f$ select '{}'::jsonb $f$;
create table if not exists supabase_migrations.schema_migrations (
  version text primary key, statements text[], name text);
create table if not exists supabase_migrations.seed_files (path text primary key, hash text not null);

grant usage on all sequences in schema cron, net to postgres;
grant execute on all functions in schema extensions, auth, storage, realtime, net, supabase_functions, graphql_public
  to postgres, anon, authenticated, service_role;
