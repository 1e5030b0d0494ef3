"""The programs in benchmarks/ still run; what they measure is not tested."""

import subprocess
import sys
from pathlib import Path

from conftest import ROOT


def test_accuracy_is_measured(bundled_db: Path) -> None:
    command = [sys.executable, ROOT / "benchmarks" / "accuracy.py", "--db", bundled_db]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("43 articles\n")
    assert "| all | " in done.stdout
