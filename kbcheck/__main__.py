"""The entry point of `kbcheck` and `python -m kbcheck`.

What takes time to load is loaded inside, so that an interruption in the first moment is told like any other, and a
worker, which loads this module again, does not load the commands.
"""

import sys


def run() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        from kbcheck.cli import run_and_exit

        run_and_exit()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    run()
