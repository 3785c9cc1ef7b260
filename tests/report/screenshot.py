"""Makes docs/screenshots/report.png: the report on a simulated month, in Chromium. `make screenshots`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "end_to_end")]

from PIL import Image  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from simulated_month import DAYS, simulate  # noqa: E402
from test_simulated_month import CHROMIUM, CHROMIUM_FLAGS  # noqa: E402

FILE = ROOT / "docs" / "screenshots" / "report.png"
BYTES_MAX = 200_000  # pages that show it stay quick
COLOURS = 128  # as many as plots and text need
QUESTIONS = 400


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        month = simulate(Path(folder), QUESTIONS, progress=lambda done, of: print(f"\r{done} of {of} questions asked", end="", flush=True))
        page_file = Path(folder) / "report.html"
        command = [sys.executable, "-m", "bot", "report", "--since", f"{DAYS}d", "--html", str(page_file), "--endpoints", str(month.endpoints)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **month.environment})
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=CHROMIUM_FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 1640})
            page.goto(page_file.as_uri())
            page.screenshot(path=FILE)
            browser.close()
    Image.open(FILE).quantize(COLOURS).save(FILE, optimize=True)
    size = FILE.stat().st_size
    if size > BYTES_MAX:
        sys.exit(f"{FILE}: {size} bytes; at most {BYTES_MAX}. Show less, or take it smaller.")
    print(f"\n{FILE.relative_to(ROOT)}  {size:,} bytes")


if __name__ == "__main__":
    main()
