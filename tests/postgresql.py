"""PostgreSQL's programs as Debian installs them, and the user they run as."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Optional

USER = "nobody"
AS_USER = ["setpriv", "--reuid", USER, "--regid", "nogroup", "--clear-groups"] if os.geteuid() == 0 else []  # PostgreSQL does not run as root


def program(name: str) -> Optional[str]:
    """Returns the path of a program of PostgreSQL, which Debian keeps off the search path; None if it is not installed."""
    return shutil.which(name) or next((str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)
