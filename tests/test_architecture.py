"""The house: who may import whom, and what is loaded when."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "kbcheck"

# A room imports only from rooms of a lower level; docs/architecture.md draws the same table.
LEVELS = {
    "product": 0,
    "model": 1,
    "article": 2,
    "advisory": 2,
    "inventory": 2,
    "knowledge": 2,
    "matching": 2,
    "bundled": 2,
    "archive": 3,
    "store": 3,
    "report": 3,
    "workers": 3,
    "importing": 4,
    "scanning": 4,
    "cli": 5,
    "__main__": 6,
    "deadlock": 0,
}
# An island: it imports nothing else of kbcheck, and only the commands import it.
ISLANDS = {"deadlock"}
# Layout helpers of article.py that advisory/ needs to read the lines the same way.
EXCEPTIONS = {("advisory", "article")}
OWNERS = {"sqlalchemy": {"store"}, "tabulate": {"report"}, "typer": {"cli"}, "distributed": {"workers"}}


def _rooms() -> dict[str, list[Path]]:
    rooms: dict[str, list[Path]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        name = relative.parts[0].removesuffix(".py")
        if name != "__init__":
            rooms.setdefault(name, []).append(path)
    return rooms


def _imports(path: Path) -> set[tuple[str, str]]:
    """Return (top-level package, room or "") of each import statement, those inside functions included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            found.add((parts[0], parts[1] if len(parts) > 1 else ""))
    return found


def test_every_room_has_a_level() -> None:
    assert set(_rooms()) == set(LEVELS)


@pytest.mark.parametrize("room", sorted(LEVELS))
def test_a_room_imports_only_from_below(room: str) -> None:
    for path in _rooms()[room]:
        for package, other in _imports(path):
            if package == "kbcheck" and other in LEVELS and other != room and (room, other) not in EXCEPTIONS:
                assert LEVELS[other] < LEVELS[room], f"{path.name} imports {other}"


@pytest.mark.parametrize("island", sorted(ISLANDS))
def test_an_island_stands_alone(island: str) -> None:
    users = {room for room, paths in _rooms().items() for path in paths if ("kbcheck", island) in _imports(path)}
    assert users <= {island, "cli"}


@pytest.mark.parametrize("library", sorted(OWNERS))
def test_a_library_has_one_owner(library: str) -> None:
    users = {
        room
        for room, paths in _rooms().items()
        for path in paths
        if (library, "") in {(p, "") for p, _ in _imports(path)}
    }
    assert users == OWNERS[library]


def test_nothing_pure_reads_the_clock_or_the_environment() -> None:
    for room, level in LEVELS.items():
        if (level < 2 and room not in ISLANDS) or room in ("article", "advisory", "knowledge", "matching"):
            for path in _rooms()[room]:
                used = {package for package, _ in _imports(path)}
                assert not used & {"os", "sys", "time", "logging", "random", "io"}, path


def test_version_and_help_load_nothing_heavy() -> None:
    code = (
        "import sys; from kbcheck.cli import main; main(['--version']); main(['scan', '--help']); "
        "print(sorted({'sqlalchemy', 'distributed', 'tabulate', 'rich'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
