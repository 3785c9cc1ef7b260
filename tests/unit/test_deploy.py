"""The files of deploy/: what a container may do, where secrets come from, and that the files fit each other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest
import yaml

from bot import cli
from bot.knowledge import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
PINNED = re.compile(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}")


@pytest.mark.parametrize("name", SERVICES)
def test_container_may_do_no_more_than_it_must(name):
    service = SERVICES[name]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith(("0", "root"))
    assert service["healthcheck"]["test"] and service["mem_limit"] and service["restart"] == "unless-stopped"
    assert all(mount.endswith(":ro") for mount in service.get("volumes", [])) or name == "postgresql"
    assert name == "nginx" or "ports" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_image_is_pinned(name):
    service = SERVICES[name]
    assert "build" in service or PINNED.fullmatch(service["image"])


def test_base_image_is_pinned():
    bases = re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert len(set(bases)) == 1 and PINNED.fullmatch(bases[0])


@pytest.mark.parametrize("name", SERVICES)
def test_secret_comes_from_a_file_and_no_other_is_at_hand(name):
    service = SERVICES[name]
    assert "env_file" not in service
    for variable, value in service.get("environment", {}).items():
        if re.search("PASSWORD|SECRET|TOKEN", variable):
            assert variable.endswith("_FILE") and value.startswith("/run/secrets/"), variable
        elif "@" in str(value):
            assert re.search(r"://\w*:\$\$\{BOT_\w+_PASSWORD\}@", value), variable
    named = set(re.findall(r"/run/secrets/(\w+)", yaml.safe_dump(service)))
    assert named == set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    for url in re.findall(r"\$\$\{(\w+)\}", yaml.safe_dump({key: value for key, value in service.get("environment", {}).items() if "URL" in key})):
        assert f"{url}_FILE" in service["environment"]


def test_secrets_are_files_that_make_secrets_makes_once(tmp_path):
    assert {name: entry["file"] for name, entry in COMPOSE["secrets"].items()} == {name: f"secrets/{name}" for name in COMPOSE["secrets"]}
    assert "deploy/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    shutil.copy(ROOT / "Makefile", tmp_path)
    folder = tmp_path / "deploy" / "secrets"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # `make test` runs this, too

    def made():
        subprocess.run(["make", "secrets"], cwd=tmp_path, check=True, capture_output=True, env=environment)
        return {file.name: file.read_text() for file in folder.iterdir()}

    first = made()
    assert set(first) == set(COMPOSE["secrets"])
    assert all(re.fullmatch(r"[0-9a-f]{64}\n", secret) for name, secret in first.items() if name not in ("smtp_password", "webhook_token"))
    assert folder.stat().st_mode & 0o777 == 0o700 and all(file.stat().st_mode & 0o444 == 0o444 for file in folder.iterdir())
    (folder / "redis_password").unlink()
    again = made()
    assert again["redis_password"] != first["redis_password"] and again["rest_secret"] == first["rest_secret"]


def test_program_reads_secrets_from_files(tmp_path, monkeypatch):
    for name, content in (("password", "p4ss\n"), ("empty", "")):
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(os, "environ", {
        "BOT_DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
        "BOT_SMTP_PASSWORD_FILE": str(tmp_path / "empty"),
        "BOT_DATABASE_URL": "postgresql://a:${BOT_DATABASE_PASSWORD}@b/c",
        "BOT_REDIS_URL": "redis://:${BOT_REDIS_PASSWORD}@d",
        "OTHER_FILE": str(tmp_path / "password"),
    })  # fmt: skip
    cli._take_secrets_from_files()
    assert os.environ["BOT_DATABASE_URL"] == "postgresql://a:p4ss@b/c" and os.environ["BOT_REDIS_URL"] == "redis://:${BOT_REDIS_PASSWORD}@d"
    assert "BOT_SMTP_PASSWORD" not in os.environ and "OTHER" not in os.environ


def test_secret_file_that_is_missing_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setenv("BOT_REST_SECRET_FILE", "/run/secrets/none")
    assert cli.main(["facts"]) == 1
    assert capsys.readouterr().err == "[Errno 2] No such file or directory: '/run/secrets/none'\n"


def test_only_the_proxy_and_the_senders_of_notices_have_a_way_out():
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert {name for name, service in SERVICES.items() if "outside" in service["networks"]} == {"nginx", "actions-1", "actions-2"}


def test_variables_of_the_files_are_given():
    nginx = (DEPLOY / "nginx.conf").read_text()
    filled_in = set(re.findall(r"\$\$\{(\w+)\}", SERVICES["nginx"]["command"][2]))
    assert set(re.findall(r"\$\{(\w+)\}", nginx.partition("\n")[2])) == filled_in == set(SERVICES["nginx"]["environment"])
    needed = set(re.findall(r"\$\{(\w+)\}", (DEPLOY / "endpoints.yml").read_text()))
    assert all(needed <= set(SERVICES[name]["environment"]) for name in ("rasa-1", "rasa-2"))


def test_proxy_knows_every_server():
    def addresses(kind: str, port: int) -> str:
        return " ".join(f"server {SERVICES[name]['networks']['inside']['ipv4_address']}:{port};" for name in SERVICES if name.startswith(kind))

    assert SERVICES["nginx"]["environment"]["NGINX_RASA_SERVERS"] == addresses("rasa-", 5005)
    assert SERVICES["nginx"]["environment"]["NGINX_ACTION_SERVERS"] == addresses("actions-", 5055)


def test_image_has_all_that_the_model_is_made_of():
    from bot.training import TRAINED_FROM

    kept = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    assert all((ROOT / name).exists() for name in kept)
    wanted = {
        *(pattern.split("/")[0] for _, pattern in TRAINED_FROM),
        "knowledge",
        "settings.yml",
        "credentials.yml",
        "deploy/endpoints.yml",
        "actions",
        "widget",
    }
    assert wanted <= kept


def test_image_without_its_model_does_not_train_for_minutes_and_then_fail(monkeypatch, tmp_path):
    from bot import training

    monkeypatch.setattr(training, "MODELS", tmp_path / "models")
    monkeypatch.setattr(training.os, "access", lambda path, mode: False)  # root may write everywhere but on a disk that is read-only
    with pytest.raises(training.TrainingError) as caught:
        training.ensure_model()
    assert str(caught.value) == (
        "models/ has no model of data/, knowledge/ and the code as they are now, and cannot be written. Build the image anew: it trains one."
    )
