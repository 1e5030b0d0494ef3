"""The README's examples are run, and what they show is compared with what comes out (`...` stands for any lines)."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _examples() -> list[tuple[str, list[str]]]:
    """Return (command, lines shown) of every `console` block, in order."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def _matches(shown: list[str], printed: list[str]) -> bool:
    """Whether `printed` is `shown` with each `...` standing for any number of lines."""
    pattern = "".join("(?:.*\n)*" if line == "..." else re.escape(line) + "\n" for line in shown)
    return re.fullmatch(pattern, "".join(line + "\n" for line in printed)) is not None


def test_the_examples_show_what_comes_out(tmp_path: Path) -> None:
    for name in ("advisories", "inventory"):
        shutil.copytree(ROOT / name, tmp_path / name)
    environment = {**os.environ, "KBCHECK_DB": str(tmp_path / "kb.db"), "COLUMNS": "80", "PYTHONPATH": str(ROOT)}
    wrong = []
    for command, shown in _examples():
        words = shlex.split(command)
        assert words[0] == "kbcheck"
        done = subprocess.run(
            [sys.executable, "-m", "kbcheck", *words[1:]], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode in (0, 1, 3), (command, done.stderr)
        assert "Traceback" not in done.stderr
        if not _matches(shown, done.stdout.splitlines()):
            wrong.append(f"$ {command}\n{done.stdout}")
    assert not wrong, "\n".join(wrong)


def test_every_command_is_described() -> None:
    from kbcheck.cli import app

    names = {info.name or info.callback.__name__ for info in app.registered_commands if info.callback is not None}
    for name in names:
        assert f"`{name}" in README or f"kbcheck {name}" in README, name


@pytest.mark.parametrize(
    "name", ["README.md", "CHANGELOG.md", "docs/architecture.md", "docs/performance.md", "docs/verdicts.md"]
)
def test_the_files_that_are_named_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for path in re.findall(r"`((?:docs|tests|kbcheck|inventory|advisories|benchmarks)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path
