"""What ships: the articles and the fleet lie where they are found, in a checkout and in a wheel."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ADVISORIES, ROOT, SERVERS, Run

from kbcheck import bundled


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "-w", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if built.returncode:
        last = (built.stderr.strip().splitlines() or ["no reason given"])[-1]
        pytest.skip(f"a wheel cannot be built here: {last}")
    (path,) = folder.glob("kbcheck-*.whl")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def test_folders_of_a_checkout() -> None:
    assert bundled.folder("advisories") == ADVISORIES
    assert bundled.folder("inventory") == SERVERS.parent


def test_a_folder_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        bundled.folder("nosuch")


def test_demo(run: Run) -> None:
    ran = run("demo")
    assert (ran.code, ran.err) == (0, "")
    assert "EXCH03 is EXPOSED to Q241556" in ran.out
    steps = [line.split()[2] for line in ran.out.splitlines() if line.startswith("$ kbcheck ")]
    assert steps == ["import", "scan", "explain", "scan", "simulate"]


def test_the_wheel_holds_what_the_program_reads(wheel: Path) -> None:
    for folder, inside in (("advisories", "bundled/advisories"), ("inventory", "bundled/inventory"), ("kbcheck", ".")):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                packed = wheel / "kbcheck" / inside / path.relative_to(ROOT / folder)
                assert packed.read_bytes() == path.read_bytes()
    package = wheel / "kbcheck"
    assert len(list((package / "bundled" / "advisories").glob("*.TXT"))) == 43
    assert (package / "bundled" / "inventory" / "servers.csv").is_file()
    assert (package / "products.toml").is_file()
    assert len(list((package / "schemas").glob("*-1.json"))) >= 6
    assert sorted(path.name.split("-")[0] for path in wheel.iterdir()) == ["kbcheck", "kbcheck"]


def test_the_demo_of_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """Far from any checkout, with nothing but the wheel's own files."""
    environment = {**os.environ, "PYTHONPATH": str(wheel), "PYTHONDONTWRITEBYTECODE": "1"}
    code = "import kbcheck; print(kbcheck.__file__)"
    where = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment, check=True
    )
    assert Path(where.stdout.strip()).parent == wheel / "kbcheck"
    done = subprocess.run(
        [sys.executable, "-m", "kbcheck", "demo"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "EXCH03 is EXPOSED to Q241556" in done.stdout
    assert str(wheel / "kbcheck" / "bundled" / "advisories") in done.stdout
    assert list(tmp_path.iterdir()) == []
