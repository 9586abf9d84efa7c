"""`python -m tools.browser`: sees to it that there is a Chromium for the tests in a browser.

One that is on PATH is taken; else root of a Debian gets its package.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")
APT_GET = "apt-get"
INSTALL = (("update",), ("install", "--yes", "--no-install-recommends", NAMES[0]))
MISSING = (
    "The tests in a browser need Chromium and found none: put chromium or google-chrome on PATH.\n"
    "On Debian it is `apt-get install chromium`, which ./parley test does where it runs as root."
)


def chromium() -> str | None:
    """Where it is."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def main() -> int:
    if not chromium() and shutil.which(APT_GET) and os.geteuid() == 0:
        print("installing the package chromium", flush=True)
        quietly = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}  # noqa: TID251 - handed on
        for command in INSTALL:
            subprocess.run((APT_GET, "--quiet=2", *command), env=quietly, check=False)
    if found := chromium():
        print(found)
        return 0
    print(MISSING)
    return 1


if __name__ == "__main__":
    sys.exit(main())
