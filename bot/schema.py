"""The JSON Schemas of the files that editors write, for completion and help in their text editors; made from the models that check the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.schema import get_flat_models_from_model, get_model_name_map, model_process_schema

from bot.knowledge import ROOT, Knowledge, Source
from bot.strict_yaml import Entry

FOLDER = ROOT / "schema"
DRAFT = "http://json-schema.org/draft-07/schema#"


def schemas() -> dict[str, dict[str, Any]]:
    """Returns the schema of the knowledge file and of the sources' file, by the name of the schema's own file."""
    knowledge, definitions = _schema(Knowledge)
    del knowledge["properties"]["sources"], definitions["Source"]  # they are in a file of their own
    source, _ = _schema(Source)
    return {
        "knowledge.json": {"$schema": DRAFT, **knowledge, "definitions": definitions},
        "sources.json": {"$schema": DRAFT, "type": "object", "additionalProperties": source},
    }


def write(folder: Path = FOLDER) -> list[Path]:
    """Writes the schemas; returns the files."""
    folder.mkdir(exist_ok=True)
    files = []
    for name, schema in schemas().items():
        files.append(folder / name)
        files[-1].write_text(json.dumps(schema, indent=1) + "\n", encoding="utf-8")
    return files


def _schema(model: type[Entry]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the schema of a model and of those in it. (Pydantic's own `schema` forgets that what is optional may be null.)"""
    models = get_flat_models_from_model(model)
    names = get_model_name_map(models)
    own, definitions, _ = model_process_schema(model, model_name_map=names)
    for entry, schema in [(model, own), *((entry, definitions[name]) for entry, name in names.items() if name in definitions)]:
        del schema["title"]
        for field in entry.__fields__.values():  # type: ignore[union-attr]
            value = schema["properties"][field.alias]
            value.pop("title", None)  # the key once more
            if field.allow_none:
                told = {key: value.pop(key) for key in ("description", "default") if key in value}
                schema["properties"][field.alias] = {**told, "anyOf": [value, {"type": "null"}]}
    return own, definitions
