"""`python -m demo HOME`: write the made-up company into a new folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from demo.write import DemoError, write_company


def main(arguments: list[str] | None = None) -> int:
    """Reads the arguments, writes the company, says where it lies."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="Write a made-up company.")
    parser.add_argument("home", type=Path, help="a new or empty folder")
    parser.add_argument("--seed", type=int, default=7, help="another seed, another company")
    parser.add_argument("--size", type=int, default=1, help="1 is about 40 accounts")
    chosen = parser.parse_args(arguments)
    try:
        write_company(chosen.home, seed=chosen.seed, size=chosen.size)
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Harborline's exports lie in {chosen.home / 'drop'}; what is planted in them stands in "
          f"{chosen.home / 'truth.json'}.")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
