"""What docs/operations.md says of backing up and restoring, with the same options of the same programs."""

from __future__ import annotations

import re
import subprocess

from cluster import postgresql_program
from sqlalchemy import create_engine, text

from bot import store
from bot.knowledge import ROOT

COMMANDS = re.findall(r"exec -T postgresql (pg_dump|pg_restore) (.*?) [<>] assistant\.dump", (ROOT / "docs" / "operations.md").read_text())


def run(cluster, name: str, arguments: str, **streams) -> None:
    changed = arguments.replace("--dbname assistant", f"--dbname {cluster.database}")
    parts = [part for part in changed.split() if part not in ("--username", "assistant")]
    command = [postgresql_program(name), *parts, *([cluster.database] if name == "pg_dump" else [])]
    subprocess.run(command, check=True, **streams)


def test_backup_brings_back_what_was_there(cluster, tmp_path):
    (dump, dump_arguments), (restore, restore_arguments) = COMMANDS
    kept = store.Store(cluster.database)
    kept.add_contact("backup", "before", "Ann Lee", "ann@x.org", "", "")
    with (tmp_path / "assistant.dump").open("wb") as file:
        run(cluster, dump, dump_arguments, stdout=file)
    kept.add_contact("backup", "after", "Ann Lee", "ann@x.org", "", "")
    kept._engine.dispose()
    with (tmp_path / "assistant.dump").open("rb") as file:
        run(cluster, restore, restore_arguments, stdin=file)
    restored = [contact.request for contact in store.Store(cluster.database).contacts() if contact.conversation == "backup"]
    assert restored == ["before"]
    with create_engine(cluster.database).connect() as database:
        assert database.execute(text("SELECT count(*) FROM events")).scalar() is not None
