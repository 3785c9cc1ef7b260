"""The same properties on inputs that atheris finds by the code they reach."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from bot.knowledge import ROOT
from tests.fuzz.properties import BYTES_PROPERTIES, TEXT_PROPERTIES

SECONDS = int(os.environ.get("FUZZ_SECONDS", "6"))  # of each property
BYTES_MAX = 1000
SEEDS = {  # from which it begins
    "message": ["/inform{}", "the second one, please", "2", "\u200b\u00a0e\u0301"],
    "mask": ["mail jo@example.com", "call 212-555-0123", "ssn 123-45-6789", "4111 1111 1111 1111", "dob 3/5/1998", "DE89 3704 0044 0532 0130 00"],
    "details": ["my name is Ann Lee, ann@x.org", "+1 212 555 0123", "about the CCA"],
    "clauses": ["how much is it and how long does it take?", "salary, hours", "is there a job do you help"],
    "body": ['{"sender": "a", "message": "hi"}', '{"message": "\\ud800"}'],
    "yaml": ["college: x\noffice: {name: a}\n", "a: [1, 2.5, ~, true]\nb: 'x'\n", "- &a {b: *a}\n"],
}


@pytest.mark.parametrize("name", [*TEXT_PROPERTIES, *BYTES_PROPERTIES])
def test_property_holds_for_what_reaches_new_code(name, tried, tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(SEEDS[name]):
        (corpus / str(number)).write_text(seed, encoding="utf-8")
    options = [f"-max_total_time={SECONDS}", f"-max_len={BYTES_MAX}", "-rss_limit_mb=0", f"-artifact_prefix={tmp_path}/", str(corpus)]
    command = [sys.executable, "tests/fuzz/coverage_guided.py", name, *options]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, errors="replace", env={**os.environ, "PYTHONPATH": path}, timeout=10 * SECONDS + 120
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3000:]
    tried[f"atheris, {name}"] += int(re.search(r"Done (\d+) runs", said)[1])
