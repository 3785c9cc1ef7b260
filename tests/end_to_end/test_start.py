"""Starting and stopping: each shape answers, each mistake is one sentence."""

import os
import signal
import socket
import subprocess
import sys

import pexpect
import pytest
import yaml
from server_process import Server, free_port

from bot import training
from bot.knowledge import ROOT

RASA = [sys.executable, "-m", "rasa"]


def run(*command, **environment):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, env={**os.environ, **environment})


def test_second_start_trains_nothing_and_ctrl_c_ends_cleanly(server, endpoints, tmp_path):
    port = free_port()
    again = Server([sys.executable, "-m", "bot", "serve", "--port", str(port), "--endpoints", str(endpoints)], port, tmp_path / "log")
    again.wait_until_ready()
    status = again.stop()
    said = again.log.read_text()
    assert status == 0
    assert f"Ready: http://127.0.0.1:{port}/" in said
    assert "Training" not in said and "Traceback" not in said


def test_taken_port_is_one_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run(sys.executable, "-m", "bot", "serve", "--port", str(port))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"Port {port} on 127.0.0.1 is taken by another program. Stop it, or choose another port: PORT={port + 1} make serve\n"


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_port_that_is_none_is_refused(port):
    result = run(sys.executable, "-m", "bot", "serve", PORT=port)
    assert result.returncode == 2
    assert f"'{port}' is no port; allowed: 1 to 65535" in result.stderr


def test_standard_rasa_answers_through_an_action_server(tmp_path):
    port, actions_port = free_port(), free_port()
    endpoints = tmp_path / "endpoints.yml"
    content = yaml.safe_load((ROOT / "endpoints.yml").read_text())
    del content["tracker_store"]
    content["action_endpoint"]["url"] = f"http://127.0.0.1:{actions_port}/webhook"
    endpoints.write_text(yaml.safe_dump(content))
    actions = subprocess.Popen([*RASA, "run", "actions", "--port", str(actions_port)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        standard = Server(
            [*RASA, "run", "--port", str(port), "--endpoints", str(endpoints), "--model", str(training.model_path())], port, tmp_path / "log"
        )
        try:
            standard.wait_until_ready()
            (reply,) = standard.ask("what does the CCA exam cost")
            assert "$299" in reply["text"] and reply["text"].split("\n")[-1].startswith("Source")
            (hello,), (hello_again,) = standard.ask("hello", "greets-twice"), standard.ask("hello", "greets-twice")
            assert (hello["text"].split(".")[0], hello_again["text"].split(".")[0]) == ("Hello", "Hello again")
        finally:
            standard.stop()
    finally:
        actions.send_signal(signal.SIGINT)
        actions.wait(20)


def test_shell_answers(endpoints):
    shell = pexpect.spawn(
        sys.executable,
        ["-m", "bot", "shell", "--port", str(free_port()), "--endpoints", str(endpoints)],
        cwd=str(ROOT),
        encoding="utf-8",
        timeout=40,
        use_poll=True,
    )
    shell.expect("Your input ->")
    shell.sendline("what does the CCA exam cost")
    shell.expect(r"\$299")
    shell.expect("Source")
    shell.expect("Type out your own message")  # the last of the choices that Rasa's shell makes of buttons
    shell.send("\x1b[A\r")
    shell.expect("Your input ->")
    shell.sendline("/stop")
    shell.expect(pexpect.EOF)
    shell.close()
    assert shell.exitstatus == 0


def serve(project):
    return subprocess.run([sys.executable, "-m", "bot", "serve", "--port", str(free_port())], cwd=project, capture_output=True, text=True, timeout=60)


def test_broken_knowledge_stops_the_start(project):
    file = project / "knowledge" / "medical_coding.yml"
    file.write_text(file.read_text().replace("\ntopics:\n", "\ntopics:\n  nonsense:\n    anser: hi\n"))
    result = serve(project)
    assert result.returncode == 1
    lines = result.stderr.splitlines()
    assert len(lines) == 5 and lines[-1] == "4 problem(s)."
    assert all(line.startswith("knowledge/medical_coding.yml:") for line in lines[:-1])
    assert any(
        line.endswith("unknown key 'anser'; allowed: question, label, answer, more, plain, why, facts, variants, related. Correct or remove it.")
        for line in lines
    )


def test_unknown_key_in_config_stops_the_start(project):
    file = project / "config.yml"
    file.write_text(file.read_text().replace("NgramFeaturizer\n", "NgramFeaturizer\n    wrods: [1, 3]\n"))
    result = serve(project)
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert "config.yml: NgramFeaturizer: unknown key 'wrods'; allowed: alias, letters, words. Correct or remove it." in result.stderr


def test_broken_model_archive_stops_the_start(project):
    # The copy's model has the same name, for the name is the hash of what it is trained on.
    model = project / "models" / training.model_path().name
    model.parent.mkdir()
    model.write_bytes(b"no archive")
    result = serve(project)
    assert result.returncode == 1
    assert result.stderr.endswith(f"{model.name} could not be loaded; the lines above say why. Remove models/ and run `make train`.\n")
