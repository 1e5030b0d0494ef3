"""Commands: each reads its options, calls one function below, prints, and returns the exit code.

Exit codes: 0 done, nothing found that `--fail-on` names; 1 found; 2 wrong usage; 3 done, but some input could not be
read; 4 could not run; 130 interrupted. Errors are turned into codes in one place, `main`.

Heavy rooms (sqlalchemy, tabulate) are imported inside the commands, so that `--help` and `--version` are quick.
"""

from kbcheck.cli import articles, compliance, simulation
from kbcheck.cli.application import app, main, run_and_exit

__all__ = ["app", "main", "run_and_exit"]

for _name, _command in (
    ("import", compliance.import_),
    ("scan", compliance.scan),
    ("report", compliance.report),
    ("explain", compliance.explain),
    ("show", articles.show),
    ("list", articles.list_),
    ("search", articles.search),
    ("simulate", simulation.simulate),
    ("demo", simulation.demo),
):
    # What is searched for may look like an option: kbcheck search error -1018
    app.command(_name, context_settings={"ignore_unknown_options": _name == "search"})(_command)
