"""What the tests share: the bundled articles and fleet, a way to call commands, databases to write into."""

import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from kbcheck import advisory, article, cli
from kbcheck.model import Advisory
from kbcheck.store import Store
from kbcheck.workers import Workers

ROOT = Path(__file__).parent.parent
ADVISORIES = ROOT / "advisories"
SERVERS = ROOT / "inventory" / "servers.csv"
POSTGRES = "KBCHECK_TEST_POSTGRES"

# Timing never fails a test.
settings.register_profile("kbcheck", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kbcheck")


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew; look at the diff")


@pytest.fixture(autouse=True)
def _own_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's database and terminal out of the tests."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("KBCHECK_DB", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def bundled() -> tuple[Advisory, ...]:
    """The bundled articles, understood, by number."""
    files = sorted(ADVISORIES.glob("Q*.TXT"))
    return tuple(advisory.extract(article.parse(path.read_bytes())) for path in files)


@pytest.fixture(scope="session")
def bundled_db(tmp_path_factory: pytest.TempPathFactory, bundled: tuple[Advisory, ...]) -> Path:
    """A database of the bundled articles, to be copied and not written."""
    path = tmp_path_factory.mktemp("bundled") / "kb.db"
    with Store(str(path)) as store:
        store.replace(bundled)
        store.settle()
    return path


@pytest.fixture
def db(tmp_path: Path, bundled_db: Path) -> str:
    """A database of the bundled articles for one test."""
    return str(shutil.copy(bundled_db, tmp_path / "kb.db"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Call a command in this process: `run("scan", path, "--db", db)`."""

    def call(*words: object) -> Ran:
        capsys.readouterr()
        code = cli.main([str(word) for word in words])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


@pytest.fixture
def spawn() -> Callable[..., "subprocess.CompletedProcess[bytes]"]:
    """Call a command in a process of its own."""

    def call(*words: object, **more: object) -> "subprocess.CompletedProcess[bytes]":
        command = [sys.executable, "-m", "kbcheck", *map(str, words)]
        return subprocess.run(command, capture_output=True, timeout=60, check=False, **more)  # type: ignore[call-overload]

    return call


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where an empty database can be made: a file, and a schema of its own on the server that the environment names."""
    if request.param == "sqlite":
        yield str(tmp_path / "store.db")
        return
    server = os.environ.get(POSTGRES)
    if not server:
        pytest.skip(f"no PostgreSQL server: {POSTGRES} holds no URL")
    url = sa.make_url(server).set(drivername="postgresql+psycopg")
    name = f"kbcheck_{uuid.uuid4().hex}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(name))
    yield url.update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(sa.schema.DropSchema(name, cascade=True))
    engine.dispose()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with `golden/NAME`; with --update-golden write it there first."""

    def compare(name: str, text: str) -> None:
        path = Path(__file__).parent / "golden" / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode("utf-8"))
        assert text == path.read_bytes().decode("utf-8")

    return compare


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Yield the address of a real Dask scheduler on loopback, and its two worker processes."""
    pytest.importorskip("distributed", reason="needs kbcheck[cluster]")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # The same kbcheck, and this folder for functions of the tests
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent.parent), str(Path(__file__).parent)])
    }
    begin = [sys.executable, "-m", "dask"]
    commands = [
        [*begin, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"],
        *(
            [
                *begin,
                "worker",
                f"tcp://127.0.0.1:{port}",
                "--nthreads",
                "1",
                "--no-nanny",
                "--no-dashboard",
                "--host",
                "127.0.0.1",
            ]
            for _ in range(2)
        ),
    ]
    started = []
    try:
        for command in commands:
            started.append(subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL))
        with Workers(1, f"dask://127.0.0.1:{port}") as workers:
            until = time.monotonic() + 60
            while workers.refresh() < 2:
                assert time.monotonic() < until, "the cluster's workers did not start"
                time.sleep(0.1)
        yield f"dask://127.0.0.1:{port}", started[1:]
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()
