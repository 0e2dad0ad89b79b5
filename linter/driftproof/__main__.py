"""``python -m driftproof``."""

import sys

from driftproof.cli import main

if __name__ == "__main__":
    sys.exit(main())
