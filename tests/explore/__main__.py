"""The figures of docs/explore.md that take too long for a test: searched anew, and compared.

``python -m tests.explore``, in the folder of the project; it takes some minutes. The exit status is
0 if the page has them all, and 1 if not.
"""

import sys

from .explore_support import LONG, worker
from .test_documentation import counted, rows


def main() -> int:
    """Search, print, and compare."""
    wrong = 0
    for name in LONG:
        told, found = rows("n ")[name][3:], counted(name)
        wrong += told != found
        print(f"{name}: {' | '.join(found)}", "" if told == found else f"(page: {told})",
              flush=True)
    worker().shutdown()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
