"""`python -m kbcheck`."""

from kbcheck.cli import run

if __name__ == "__main__":
    run()
