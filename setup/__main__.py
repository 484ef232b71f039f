"""Entry: `python3 -m setup COMMAND`. Old Pythons must be able to read this file to be refused."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an old Python gets this far
    sys.exit(
        "Wangge needs Python 3.11 or later; this is {}.{}. Debian 12 and Ubuntu 24.04 have it:\n"
        "  apt-get install python3\n"
        "Name another interpreter: make PYTHON=/path/to/python3.11 ...".format(*sys.version_info)
    )

from setup.commands import main

main(sys.argv[1:])
