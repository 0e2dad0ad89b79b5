"""The platform's objects stand before the first migration, and typical code finds them; missing extensions stand in."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from driftproof.runner import roles
from driftproof.runner.cluster import Cluster
from driftproof.runner.platforms import PLATFORMS, STAND_INS, Platform, prepare
from driftproof.runner.server import Server, ServerError, open_server
from driftproof.runner.snapshot import difference, snapshot

if TYPE_CHECKING:
    from driftproof.runner.server import Connection


TYPICAL = """
CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA extensions;
CREATE EXTENSION IF NOT EXISTS pgcrypto;
CREATE EXTENSION IF NOT EXISTS pg_cron;
CREATE EXTENSION IF NOT EXISTS pg_net WITH SCHEMA extensions;
CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE public.profiles (
  id uuid PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE,
  token uuid DEFAULT uuid_generate_v4(),
  secret text DEFAULT encode(gen_random_bytes(32), 'hex'),
  embedding vector(3)
);
ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY "Users see themselves" ON public.profiles FOR SELECT TO authenticated USING (auth.uid() = id);
CREATE POLICY admins ON public.profiles FOR ALL
  USING ((auth.jwt() ->> 'role') = 'admin' OR auth.role() = 'service_role' OR auth.email() = 'a@b');

CREATE FUNCTION public.handle_new_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN INSERT INTO public.profiles (id) VALUES (new.id); RETURN new; END $$;
CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users
  FOR EACH ROW EXECUTE FUNCTION public.handle_new_user();

INSERT INTO storage.buckets (id, name, public) VALUES ('avatars', 'avatars', true) ON CONFLICT (id) DO NOTHING;
CREATE POLICY "Own folder" ON storage.objects FOR INSERT TO authenticated
  WITH CHECK (bucket_id = 'avatars' AND (storage.foldername(name))[1] = auth.uid()::text
              AND storage.extension(name) = 'png');
ALTER PUBLICATION supabase_realtime ADD TABLE public.profiles;
SELECT cron.schedule('nightly', '0 3 * * *', $$DELETE FROM public.profiles$$);
SELECT net.http_post(url := 'https://example.com', body := '{}'::jsonb);
SELECT vault.create_secret('s', 'name');
CREATE TRIGGER hook AFTER INSERT ON public.profiles FOR EACH ROW
  EXECUTE FUNCTION supabase_functions.http_request('https://example.com', 'POST', '{}', '{}', '1000');
CREATE POLICY listen ON realtime.messages FOR SELECT TO authenticated USING (realtime.topic() = 'room');
INSERT INTO auth.users (id, email, encrypted_password) VALUES
  (gen_random_uuid(), 'a@example.com', crypt('password', gen_salt('bf')));
GRANT ALL ON public.profiles TO anon, authenticated, service_role;
"""


@pytest.fixture(scope="module")
def platform(server: Server) -> Platform:
    """The platform, made once."""
    return prepare(server, "supabase")


@pytest.fixture
def there(server: Server, platform: Platform) -> "Iterator[Connection]":
    """A connection to a new database of the platform."""
    name = server.create_database(platform.template)
    with server.connect(name) as connection:
        yield connection
    server.drop_database(name)


def test_typical_code_runs(there: "Connection", platform: Platform) -> None:
    assert there.execute("SHOW search_path").fetchone() == ('"$user", public, extensions',)
    there.execute(TYPICAL.encode())
    assert there.execute("SELECT count(*) FROM public.profiles").fetchone() == (1,)
    if platform.stand_ins:
        assert platform.stood_in(there) == ("pg_cron", "pg_net", "pgcrypto", "uuid-ossp")


def test_it_can_be_set_up_twice(server: Server, there: "Connection") -> None:
    from importlib.resources import files

    before = snapshot(there)
    there.execute((files("driftproof.runner.platforms") / "supabase.sql").read_bytes())
    assert difference(before, snapshot(there)) == []


def test_every_stand_in_can_be_installed(server: Server) -> None:
    bare = prepare(server, None)
    name = server.create_database(bare.template)
    with server.connect(name) as connection:
        for extension in bare.stand_ins:
            connection.execute(f'CREATE EXTENSION "{extension}"'.encode())
        assert connection.execute("CREATE SCHEMA s").statusmessage
        assert set(bare.stood_in(connection)) == set(bare.stand_ins)
    server.drop_database(name)


def test_extensions_that_the_server_has_are_its_own(server: Server, platform: Platform) -> None:
    assert "citext" not in platform.stand_ins
    again = prepare(server, None)
    assert again.stand_ins == platform.stand_ins
    assert {stand_in.name for stand_in in STAND_INS} >= set(platform.stand_ins)


def test_what_stands_in_for_pgcrypto_works(there: "Connection", platform: Platform) -> None:
    answers = {
        "encode(digest('abc', 'sha256'), 'hex')": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "encode(digest('abc'::bytea, 'MD5'), 'hex')": "900150983cd24fb0d6963f7d28e17f72",
        "octet_length(digest('abc', 'sha1'))": 20,
        # RFC 4231, test case 2, and a key longer than the block
        "encode(hmac('what do ya want for nothing?', 'Jefe', 'sha256'), 'hex')": (
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        "encode(hmac('x', repeat('k', 200), 'sha512'), 'hex') = encode(hmac('x', repeat('k', 201), 'sha512'), 'hex')": (
            False
        ),
        "crypt('pw', h) = h FROM (SELECT crypt('pw', gen_salt('bf', 8)) AS h) s": True,
        "crypt('no', h) = h FROM (SELECT crypt('pw', gen_salt('bf', 8)) AS h) s": False,
        "crypt('pw', gen_salt('bf')) ~ '^\\$2a\\$06\\$.{53}$'": True,
        "pgp_sym_decrypt(pgp_sym_encrypt('text', 'key'), 'key')": "text",
        "octet_length(gen_random_bytes(33))": 33,
    }
    for expression, answer in answers.items():
        assert there.execute(f"SELECT {expression}".encode()).fetchone() == (answer,), expression
    with pytest.raises(psycopg.Error, match="No such hash algorithm"):
        there.execute("SELECT digest('a', 'crc')")


def test_what_stands_in_for_uuid_ossp_works(there: "Connection") -> None:
    row = there.execute(
        "SELECT uuid_generate_v3(uuid_ns_dns(), 'www.example.com')::text, uuid_generate_v5(uuid_ns_url(), 'x')::text,"
        " uuid_generate_v1()::text, uuid_generate_v4() <> uuid_generate_v4(), uuid_nil()::text"
    ).fetchone()
    assert row is not None
    assert row[0] == "5df41881-3aed-3515-88a7-2f4a814cf09e"
    assert row[1][14] == "5"
    assert row[1][19] in "89ab"
    assert row[2][14] == "1"
    assert row[3] is True


def test_an_unknown_platform_is_refused(server: Server) -> None:
    with pytest.raises(ServerError, match="no platform is called 'heroku': there is supabase"):
        prepare(server, "heroku")


def test_roles_come_back(server: Server, platform: Platform) -> None:
    before = roles.remember(server)
    name = server.create_database(platform.template)
    with server.connect(name) as connection:
        connection.execute(
            "CREATE ROLE app; GRANT app TO anon; CREATE TABLE t (); GRANT ALL ON t TO app;"
            "ALTER ROLE postgres SET search_path = 'nowhere'; ALTER ROLE anon SET statement_timeout = '1ms';"
            "ALTER ROLE service_role RENAME TO other; REVOKE anon FROM authenticator"
        )
    server.drop_database(name)
    assert roles.restore(server, before)
    assert roles.remember(server) == before
    assert not roles.restore(server, before)
    assert "app" not in before.names
    name = server.create_database(platform.template)
    with server.connect(name) as connection:
        assert connection.execute("SHOW search_path").fetchone() == ('"$user", public, extensions',)
        row = connection.execute("SELECT has_table_privilege('service_role', 'storage.objects', 'select')").fetchone()
        assert row == (True,)
        connection.execute("CREATE ROLE app; DROP ROLE app; SET ROLE service_role; RESET ROLE")
    server.drop_database(name)


def test_a_named_server_gets_stand_ins_and_keeps_no_role() -> None:
    with Cluster() as theirs:
        before = roles.remember(theirs)
        url = f"postgresql://postgres@/postgres?host={theirs.directory}"
        with open_server(url) as named:
            made = prepare(named, "supabase")
            if named.version >= 180000:
                assert "pgcrypto" in made.stand_ins
            with named.connect(named.create_database(made.template)) as connection:
                connection.execute(TYPICAL.encode())
            with pytest.raises(ValueError, match="not ours"):
                roles.restore(named, before)
        assert roles.remember(theirs) == before
        with open_server(url) as named:
            bare = prepare(named, None)
            with named.connect(named.create_database(bare.template)) as connection:
                connection.execute("CREATE EXTENSION pgcrypto")
        row = theirs.maintenance.execute("SELECT count(*) FROM pg_database WHERE datname ~ '^driftproof'").fetchone()
        assert row == (0,)


def test_a_named_server_that_forbids_it_says_so() -> None:
    with Cluster() as theirs:
        theirs.maintenance.execute("CREATE ROLE maker LOGIN CREATEDB")
        with (
            open_server(f"postgresql://maker@/postgres?host={theirs.directory}") as named,
            pytest.raises(ServerError, match=r"the platform supabase can't be set up on PostgreSQL .*: "),
        ):
            prepare(named, "supabase")
        row = theirs.maintenance.execute("SELECT count(*) FROM pg_database WHERE datname ~ '^driftproof'").fetchone()
        assert row == (0,)


def test_an_older_server_does_without_stand_ins_and_says_so(old_programs: Path) -> None:
    with Cluster(old_programs) as old:
        assert old.version // 10000 == 15
        for platform in (None, *PLATFORMS):
            made = prepare(old, platform)
            assert made.stand_ins == ()
            assert "pg_cron" in made.notes[0]
        with old.connect(old.create_database(made.template)) as connection:
            connection.execute("SELECT digest('a', 'sha256'), uuid_generate_v4(), auth.uid()")
            assert snapshot(connection).objects
