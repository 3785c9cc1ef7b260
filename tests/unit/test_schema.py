"""The JSON Schemas of the knowledge files: up to date, and they take what the check takes."""

from __future__ import annotations

import json

import jsonschema
import pytest

from bot import schema, strict_yaml
from bot.knowledge import FOLDER

FILES = {"knowledge.json": FOLDER / "medical_coding.yml", "sources.json": FOLDER / "sources.yml"}


def validator(name: str) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(json.loads((schema.FOLDER / name).read_text()))


def test_schema_files_are_up_to_date(tmp_path):
    for file in schema.write(tmp_path):
        assert (schema.FOLDER / file.name).read_text() == file.read_text(), "run: python -m bot schema"
    assert {file.name for file in schema.FOLDER.iterdir()} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_schema_takes_the_real_file_which_names_it(name):
    validator(name).check_schema(validator(name).schema)
    assert [error.message for error in validator(name).iter_errors(strict_yaml.read(FILES[name]).content)] == []
    assert f"\n# yaml-language-server: $schema=../schema/{name}\n" in FILES[name].read_text()


def test_schema_takes_comparisons_and_pathways(write_knowledge):
    file = write_knowledge(sections=True) / "medical_coding.yml"
    assert [error.message for error in validator("knowledge.json").iter_errors(strict_yaml.read(file).content)] == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    label: Advice", "    lable: Advice", "Additional properties are not allowed ('lable' was unexpected)"),
        ("unit: USD/year", "unit: USD/month", "'USD/month' is not valid under any of the given schemas"),
        ("lines: [2]", "lines: [two]", "'two' is not of type 'integer'"),
        ("\nfacts:\n", "\nfatcs:\n", "Additional properties are not allowed ('fatcs' was unexpected)"),
    ],
)
def test_schema_refuses_slips(write_knowledge, old, new, message):
    file = write_knowledge((old, new)) / "medical_coding.yml"
    assert message in [error.message for error in validator("knowledge.json").iter_errors(strict_yaml.read(file).content)]


def test_schema_explains_keys():
    definitions = validator("knowledge.json").schema["definitions"]
    assert definitions["Topic"]["properties"]["related"]["description"] == "topics to offer next; the first three are buttons"
    assert definitions["Fact"]["properties"]["unit"]["anyOf"][0]["enum"][0] == "USD"
