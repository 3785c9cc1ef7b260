"""An editor at a terminal, in the folder of another career."""

from __future__ import annotations

import os
import re
import signal
import sys

import pexpect

TIMEOUT_SECONDS = 600  # training takes the longest, half a minute on two free cores; this bounds a hang
AGAIN_SECONDS = 10  # before a person presses Ctrl-C again
ESCAPES = re.compile(r"\x1b\[[?\d;]*[a-zA-Z]")


class Terminal:
    """An editor at a terminal who calls `python -m bot`."""

    def __init__(self, career, *arguments, **environment):
        self._screen = pexpect.spawn(
            sys.executable,
            ["-m", "bot", *arguments],
            cwd=str(career.parents[1]),
            env={**os.environ, "BOT_CAREER": "pharmacy_technician", "TERM": "dumb", **environment},
            encoding="utf-8",
            timeout=TIMEOUT_SECONDS,
            use_poll=True,
            dimensions=(50, 500),
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests that run in the background would pass on that Ctrl-C is ignored
        )

    def reads(self, text):
        """Waits for a text; returns what stood on the screen up to it."""
        self._screen.expect_exact(text)
        return ESCAPES.sub("", self._screen.before)

    def types(self, *lines):
        for line in lines:
            self._screen.sendline(line)

    def answers(self, prompt, *lines):
        before = self.reads(prompt)
        self.types(*lines)
        return before

    def interrupts(self):
        self._screen.sendintr()

    def stops(self):
        """Presses Ctrl-C at a prompt until the program ends (one that comes just before `input` waits is lost in it); returns what `ends` does."""
        said = ""
        for _ in range(20):
            self.interrupts()
            if self._screen.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=AGAIN_SECONDS) == 0:
                said = self._screen.before
                break
        self._screen.close()
        return ESCAPES.sub("", said), self._screen.exitstatus

    def ends(self):
        """Returns what is left on the screen, and the exit status."""
        self._screen.expect(pexpect.EOF)
        self._screen.close()
        return ESCAPES.sub("", self._screen.before), self._screen.exitstatus
