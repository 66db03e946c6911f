"""`python -m tempmm_lab` is the `tempmm-lab` command."""

import sys

from tempmm_lab.cli import main

if __name__ == "__main__":
    sys.exit(main())
