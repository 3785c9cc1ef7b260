"""`make audit`: whether SECURITY.md lists the known holes of the versions that are locked; with --online also what pip-audit knows beyond them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator

from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parent.parent
ROW = re.compile(r"\| `(?P<package>[^`]+)` \| (?P<locked>\S+) \| (?P<advisory>\S+) \| (?P<fixed>\S+) \| (?P<reach>.+) \| (?P<reason>.+) \|")
ADVISORY = re.compile(r"CVE-\d{4}-\d{4,}|GHSA(-[0-9a-z]{4}){3}|PYSEC-\d{4}-\d+")
PIP_AUDIT = "pip-audit>=2.9,<3"


def locked(text: str) -> dict[str, set[str]]:
    """Returns the versions of each package in requirements.txt."""
    versions: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.MULTILINE):
        versions.setdefault(package, set()).add(version)
    return versions


def listed(text: str) -> list[re.Match[str]]:
    """Returns the lines of the table in SECURITY.md."""
    return [match for line in text.splitlines() if (match := ROW.fullmatch(line))]


def problems(security: str, requirements: str) -> Iterator[str]:
    """Yields what is wrong with the table."""
    versions, seen = locked(requirements), set()
    table = security.partition("<!-- audited: make audit -->")[2].partition("<!-- end -->")[0]
    rows = listed(table)
    unreadable = [line for line in table.strip().splitlines()[2:] if not ROW.fullmatch(line)]
    yield from (f"SECURITY.md: not a line of the table: {line!r}. Give package, locked, advisory, fixed in, reach and reason." for line in unreadable)
    if not rows:
        yield "SECURITY.md: the table of known holes is missing. Put it back."
    for row in rows:
        where = f"SECURITY.md: {row['package']} {row['advisory']}"
        if not ADVISORY.fullmatch(row["advisory"]):
            yield f"{where}: no id of an advisory; allowed: CVE-..., GHSA-..., PYSEC-.... Correct it."
        if (row["package"], row["advisory"]) in seen:
            yield f"{where}: listed twice. Remove one."
        seen.add((row["package"], row["advisory"]))
        if row["package"] not in versions:
            yield f"{where}: the package is not locked any more. Remove the line."
            continue
        if row["locked"] not in versions[row["package"]]:
            yield f"{where}: {row['locked']} is not locked, but {', '.join(sorted(versions[row['package']]))}. Look the advisory up for it."
        try:
            if min(map(Version, versions[row["package"]])) >= Version(row["fixed"]):
                yield f"{where}: closed by the locked version. Remove the line."
        except InvalidVersion as error:
            yield f"{where}: {error}. Correct it."


def main(arguments: list[str]) -> int:
    """Prints the problems, one a line, and returns the exit status."""
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    found = list(problems(security, (ROOT / "requirements.txt").read_text(encoding="utf-8")))
    for problem in found:
        print(problem, file=sys.stderr)
    rows = listed(security)
    print(f"{len(rows)} known holes listed for {len({row['package'] for row in rows})} packages; {len(found)} problem(s).")
    if "--online" not in arguments:
        return 1 if found else 0
    ignored = [part for row in rows for part in ("--ignore-vuln", row["advisory"])]
    command = [str(Path(sys.executable).parent / "uvx"), "--from", PIP_AUDIT, "pip-audit", "--requirement", str(ROOT / "requirements.txt")]
    return subprocess.run([*command, "--no-deps", "--disable-pip", *ignored], check=False).returncode or (1 if found else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
