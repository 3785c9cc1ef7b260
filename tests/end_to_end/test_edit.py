"""An answer is edited while servers run: the next reply is the new one, and what does not pass the check is told and not said."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import pytest
from server_process import Server, free_port, lend_encoder

from bot import training
from bot.channels import conversation
from bot.knowledge import ROOT

QUESTION = "what does the CCA exam cost"
RASA = [sys.executable, "-m", "rasa"]
REFUSED = "The knowledge file changed but does not pass the check; the old answers stay in force."


@contextmanager
def one_process(project):
    """`python -m bot serve`; gives the server, and the log of the process that runs the actions."""
    port = free_port()
    server = Server([sys.executable, "-m", "bot", "serve", "--port", str(port)], port, project / "log", project)
    try:
        server.wait_until_ready()
        yield server, project / "log"
    finally:
        server.stop()


@contextmanager
def standard_rasa(project):
    """`rasa run` beside `rasa run actions`; likewise."""
    port, actions_port = free_port(), free_port()
    endpoints = project / "endpoints.yml"
    endpoints.write_text(endpoints.read_text().replace("127.0.0.1:5055", f"127.0.0.1:{actions_port}"))
    with (project / "actions.log").open("w") as log:
        actions = subprocess.Popen([*RASA, "run", "actions", "--port", str(actions_port)], cwd=project, stdout=log, stderr=log)
        try:
            model = project / "models" / training.model_path().name
            server = Server([*RASA, "run", "--port", str(port), "--model", str(model)], port, project / "log", project)
            try:
                server.wait_until_ready()
                yield server, project / "actions.log"
            finally:
                server.stop()
        finally:
            actions.send_signal(signal.SIGINT)
            actions.wait(60)


@pytest.mark.parametrize("run", [one_process, standard_rasa])
def test_saved_answer_is_the_next_reply(project, line_of, run):
    (project / "models").symlink_to(ROOT / "models")
    lend_encoder(project)
    file = project / "knowledge" / "medical_coding.yml"
    good = file.read_text()

    def save(text):
        (project / "saved.yml").write_text(text)
        os.replace(project / "saved.yml", file)

    with run(project) as (server, log):

        def health():
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/webhooks/widget/health", timeout=10) as response:
                return json.load(response)

        def answer():
            """Returns the reply; a machine with much else to do may take longer to read the file than a visitor is kept waiting."""
            for _ in range(10):
                if (text := server.ask(QUESTION)[0]["text"]) != conversation.apology():
                    return text
            return ""

        assert health() == {"status": "ready"}
        assert "$299" in answer()
        save(good.replace("value: 299", "value: 305"))
        assert "$305" in answer() and "$299" not in answer()
        save(good.replace("  exam_cost:\n    question:", "  exam_cost:\n    qestion:"))
        assert "$305" in answer() and "$305" in answer()
        assert log.read_text().count(REFUSED) == 1
        line = line_of(file, "qestion:")
        told = health()
        assert told["status"] == "ready" and told["warning"]
        unknown = next(problem for problem in told["problems"] if "qestion" in problem["message"])
        assert (unknown["file"], unknown["line"]) == ("knowledge/medical_coding.yml", line)
        assert unknown["message"].startswith("unknown key 'qestion'; allowed: question, ") and unknown["message"].endswith("Correct or remove it.")
        assert f"knowledge/medical_coding.yml:{line}: {unknown['message']}" in log.read_text()
        save(good)
        assert "$299" in answer()
        assert health() == {"status": "ready"}
