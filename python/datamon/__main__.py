"""`python -m datamon` and the command `datamon`: runs the program of this package."""

import os
import sys


def main():
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin", "datamon")
    try:
        os.execv(program, [program, *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"datamon: cannot run {program}: {error.strerror}; install datamon again")


if __name__ == "__main__":
    main()
