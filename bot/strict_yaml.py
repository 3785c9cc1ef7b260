"""Reads YAML that people edit: equal keys refused, `no` stays a word, line numbers kept for messages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic
import yaml

Path_ = tuple[Any, ...]
DEPTH_MAX = 50  # mappings and lists in each other; six times what any file here has, and far from where the parser runs out of memory for calls


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a file: where, and what to do about it."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class ProblemsError(ValueError):
    """Files that people edit are not right; `problems` has all of them, sorted by file and line."""

    def __init__(self, problems: list[Problem]):
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class Document:
    """A YAML file as plain data, and the line on which each value's key stands (1-based), by path."""

    file: str
    content: Any
    lines: dict[Path_, int]

    def problem(self, path: Path_, message: str) -> Problem:
        """Returns a problem at the line of the path, or of the nearest thing above it."""
        while path not in self.lines:
            path = path[:-1]
        return Problem(self.file, self.lines[path], message)


def read(path: Path, name: str | None = None) -> Document:
    """Returns the document in a file.

    Args:
        path: the file, UTF-8.
        name: how messages call it; the path unless given.
    Raises:
        ProblemsError: the file is missing, is not YAML, has two equal keys, an alias, or more than DEPTH_MAX things in each other.
    """
    name = name or str(path)
    try:
        text = path.read_text(encoding="utf-8")
        depth = 0
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEPTH_MAX:
                message = f"more than {DEPTH_MAX} brackets, braces or indentations stand in each other. Take some away."
                raise ProblemsError([Problem(name, event.start_mark.line + 1, message)])  # type: ignore[union-attr]
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except OSError as error:
        raise ProblemsError([Problem(name, 1, f"cannot be read: {error.strerror}. Put the file back.")]) from error
    except UnicodeDecodeError as error:
        raise ProblemsError([Problem(name, 1, "is not UTF-8 text. Save it as UTF-8.")]) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        message = f"not valid YAML: {error.problem}. Look at the quotes, colons and indentation here and one line above."
        raise ProblemsError([Problem(name, line, message)]) from error
    except yaml.YAMLError as error:
        raise ProblemsError([Problem(name, 1, f"not valid YAML: {error}. Remove what cannot be read.")]) from error
    lines: dict[Path_, int] = {(): 1}
    problems: list[Problem] = []
    seen: set[int] = set()
    constructor = yaml.constructor.SafeConstructor()

    def plain(node: yaml.Node, path: Path_) -> Any:
        if id(node) in seen:  # an alias gives the node itself again, which may be within itself, or have a thousand like it
            line = lines[path[:-1] if isinstance(path[-1], int) else path]  # an item's line would be that of what the alias stands for
            problems.append(Problem(name, line, "an alias (*) stands here. Write out what it stands for."))
            return None
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            mapping: dict[Any, Any] = {}
            for key_node, value_node in node.value:
                key, line = key_node.value, key_node.start_mark.line + 1
                if not isinstance(key, str):
                    problems.append(
                        Problem(name, line, "a key is not a word. Write it as a word; put text that begins with a brace or bracket in quotes.")
                    )
                    continue
                if key in mapping:
                    first = lines[(*path, key)]
                    problems.append(
                        Problem(name, line, f"key '{key}' stands here again after line {first}; each key may stand once. Rename or remove one.")
                    )
                    continue
                lines[(*path, key)] = line
                mapping[key] = plain(value_node, (*path, key))
            return mapping
        if isinstance(node, yaml.SequenceNode):
            items = []
            for index, item in enumerate(node.value):
                lines[(*path, index)] = item.start_mark.line + 1
                items.append(plain(item, (*path, index)))
            return items
        kind = node.tag.rsplit(":", 1)[-1]
        if kind in ("int", "float", "null") or (kind == "bool" and node.value in ("true", "false")):
            try:
                return constructor.construct_object(node)
            except (ValueError, IndexError, yaml.YAMLError):
                line = node.start_mark.line + 1
                problems.append(Problem(name, line, f"'{node.value[:40]}' looks like a number or is marked as one, and is none. Put it in quotes."))
                return None
        return node.value

    content = plain(root, ()) if root is not None else {}
    if problems:
        raise ProblemsError(problems)
    return Document(name, content, lines)


class Entry(pydantic.BaseModel):
    """A mapping in a file that people edit; keys it does not know are refused."""

    class Config:
        extra = "forbid"
        allow_mutation = False


def parse(document: Document, model: type[Entry], content: Any | None = None) -> Any:
    """Returns the document as a model.

    Raises:
        ProblemsError: keys or values that the model refuses, all of them.
    """
    content = document.content if content is None else content
    if not isinstance(content, dict):  # pydantic would take a list of pairs for a mapping
        raise ProblemsError([document.problem((), f"the file: {model.__name__} expected dict not {type(content).__name__}. Correct it.")])
    try:
        return model.parse_obj(content)
    except pydantic.ValidationError as error:
        raise ProblemsError([_explain(document, model, one) for one in error.errors()]) from error


def _explain(document: Document, model: type[Entry], error: Any) -> Problem:
    """Returns pydantic's error in our words, at its line."""
    path = tuple(part for part in error["loc"] if part != "__root__")
    allowed = None
    if error["type"] == "value_error.extra":
        allowed = ", ".join(_keys(model, path[:-1]))
    elif path[-1:] == ("__key__",):  # pydantic's word for the key itself, of a mapping whose keys are a Literal
        path, allowed = (*path[:-1], error["ctx"]["given"]), ", ".join(error["ctx"]["permitted"])
    if allowed is not None:
        return document.problem(path, f"unknown key '{path[-1]}'; allowed: {allowed}. Correct or remove it.")
    if error["type"] == "value_error.missing":
        return document.problem(path, f"key '{path[-1]}' is missing. Add it.")
    where = ".".join(map(str, path)) or "the file"
    what_to_do = "" if error["msg"].endswith(".") else ". Correct it."  # pydantic's own messages do not say
    return document.problem(path, f"{where}: {error['msg']}{what_to_do}")


def _keys(model: type[Entry], path: Path_) -> list[str]:
    """Returns the keys that the model allows at a path."""
    parts = iter(path)
    for part in parts:
        field = model.__fields__[part]
        if field.shape != pydantic.fields.SHAPE_SINGLETON:
            next(parts)  # the key or index in a mapping or list
        model = field.type_
    return list(model.__fields__)
