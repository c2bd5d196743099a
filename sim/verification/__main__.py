"""``python -m sim.verification``: the command of :mod:`sim.verification.campaign`."""

import sys

from .campaign import main


if __name__ == "__main__":
    sys.exit(main())
