"""The reader of YAML that people edit."""

from __future__ import annotations

from typing import Literal, Optional

import pydantic
import pytest

from bot import strict_yaml
from bot.strict_yaml import Document, Entry, Problem, ProblemsError


class Leaf(Entry):
    size: int
    kind: Literal["oak", "elm"] = "oak"


class Tree(Entry):
    name: str
    leaves: dict[str, Leaf] = {}
    rows: list[Leaf] = []
    top: Optional[Leaf] = None
    days: dict[Literal["monday", "tuesday"], str] = {}


class Ruled(Entry):
    low: int
    high: int

    @pydantic.root_validator(skip_on_failure=True)
    def _in_order(cls, fields):
        if fields["low"] > fields["high"]:
            raise ValueError("low is above high. Swap them.")
        return fields


@pytest.fixture
def read(tmp_path):
    def read_text(text: str | bytes) -> Document:
        file = tmp_path / "file.yml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return strict_yaml.read(file, "file.yml")

    return read_text


def refusal(function, *arguments) -> str:
    with pytest.raises(ProblemsError) as caught:
        function(*arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    "word", ["no", "No", "NO", "yes", "Yes", "on", "off", "Off", "y", "n", "True", "FALSE", "2023-05-01", "09:00-17:00", "=", "<<"]
)
def test_strict_yaml_word_stays_a_word(read, word):
    assert read(f"key: {word}").content == {"key": word}


@pytest.mark.parametrize("word", ["no", "on", "1", "null", "true", "1.5"])
def test_strict_yaml_key_stays_a_word(read, word):
    assert read(f"{word}: x").content == {word: "x"}


@pytest.mark.parametrize("word", ["no", "off"])
def test_strict_yaml_word_in_a_list_stays_a_word(read, word):
    assert read(f"key: [{word}]").content == {"key": [word]}


@pytest.mark.parametrize(
    ("written", "value"),
    [("12", 12), ("-3", -3), ("1.5", 1.5), ("20.00", 20.0), ("null", None), ("~", None), ("", None), ("true", True), ("false", False)],
)
def test_strict_yaml_reads_numbers_null_and_true_as_such(read, written, value):
    content = read(f"key: {written}").content["key"]
    assert (content, type(content)) == (value, type(value))


@pytest.mark.parametrize("written", ["'12'", '"12"', '"null"', "'true'"])
def test_strict_yaml_quoted_value_is_text(read, written):
    assert read(f"key: {written}").content == {"key": written[1:-1]}


def test_strict_yaml_empty_file_is_an_empty_mapping(read):
    assert read("# only a comment\n") == Document("file.yml", {}, {(): 1})


def test_strict_yaml_keeps_the_line_of_each_key_and_item(read):
    document = read("# comment\na: 1\nb:\n  c:\n  - x\n  - d: 2\n")
    assert document.lines == {(): 1, ("a",): 2, ("b",): 3, ("b", "c"): 4, ("b", "c", 0): 5, ("b", "c", 1): 6, ("b", "c", 1, "d"): 6}


@pytest.mark.parametrize(("path", "line"), [(("b", "c"), 3), (("b", "gone", 4, "deeper"), 2), (("gone",), 1), ((), 1)])
def test_strict_yaml_problem_stands_at_the_nearest_line_above(read, path, line):
    assert read("a: 1\nb:\n  c: 1\n").problem(path, "is wrong.") == Problem("file.yml", line, "is wrong.")


@pytest.mark.parametrize(
    ("text", "line", "key", "first"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "a", 1),
        ("x:\n  deep: 1\n  deep: 1\n", 3, "deep", 2),
        ("x:\n- {k: 1,\n   k: 2}\n", 3, "k", 2),
        ("a: 1\n'a': 2\n", 2, "a", 1),
    ],
    ids=["top", "nested", "in a list", "quoted"],
)
def test_strict_yaml_refuses_equal_keys(read, text, line, key, first):
    assert refusal(read, text) == f"file.yml:{line}: key '{key}' stands here again after line {first}; each key may stand once. Rename or remove one."


def test_strict_yaml_reports_all_equal_keys(read):
    assert refusal(read, "a: 1\nb: 1\nb: 2\na: 2\n") == (
        "file.yml:3: key 'b' stands here again after line 2; each key may stand once. Rename or remove one.\n"
        "file.yml:4: key 'a' stands here again after line 1; each key may stand once. Rename or remove one."
    )


def test_strict_yaml_equal_keys_in_different_mappings_are_fine(read):
    assert read("a: {k: 1}\nb: {k: 2}\n").content == {"a": {"k": 1}, "b": {"k": 2}}


@pytest.mark.parametrize("text", ["a: 1\n? [x, y]\n: 1\n", "a: 1\n{x: y}: 1\n"], ids=["list", "mapping"])
def test_strict_yaml_refuses_a_key_that_is_no_word(read, text):
    message = "file.yml:2: a key is not a word. Write it as a word; put text that begins with a brace or bracket in quotes."
    assert refusal(read, text) == message


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a: [1\nb: 2", 2, "did not find expected ',' or ']'"),
        ("a: b: c", 1, "mapping values are not allowed in this context"),
        ("a: 1\n--- \nb: 2", 2, "but found another document"),
        ("a: 1\nb: *important\n", 2, "found undefined alias"),
    ],
    ids=["bracket", "colon", "two documents", "star"],
)
def test_strict_yaml_refuses_what_is_no_yaml(read, text, line, problem):
    message = f"file.yml:{line}: not valid YAML: {problem}. Look at the quotes, colons and indentation here and one line above."
    assert refusal(read, text) == message


@pytest.mark.parametrize("written", ["0b_", "!!int x", "!!int ''", "!!float 1.2.3", "!mine:int 1", "9" * 5000], ids=lambda text: text[:20])
def test_strict_yaml_refuses_a_number_that_is_none(read, written):
    value = written.rpartition(" ")[2].strip("'")[:40]
    message = f"file.yml:2: '{value}' looks like a number or is marked as one, and is none. Put it in quotes."
    assert refusal(read, f"a: 1\nb: {written}\n") == message


@pytest.mark.parametrize(
    "text",
    ["a: &x [1]\nb: *x\n", "a: &x\n  b: *x\n", "a: &x [1, 2]\nb: {c: &y [*x]}\n", "a: &x {k: 1}\nb: {<<: *x}\n"],
    ids=["twice", "in itself", "deep", "merged"],
)
def test_strict_yaml_refuses_aliases(read, text):
    assert refusal(read, text) == "file.yml:2: an alias (*) stands here. Write out what it stands for."


def test_strict_yaml_refuses_aliases_of_aliases_at_once(read):
    lists = "".join(f"l{number}: &l{number} [{', '.join([f'*l{number - 1}'] * 9)}]\n" for number in range(1, 30))
    assert refusal(read, "l0: &l0 [ha]\n" + lists).count("an alias (*) stands here") == 29


@pytest.mark.parametrize(
    "text", ["[" * 51, "[" * 100_000, "- " * 51, "{a: " * 51 + "1" + "}" * 51, "? " * 100_000], ids=lambda text: f"{text[:2]} {len(text)}"
)
def test_strict_yaml_refuses_what_is_too_deep(read, text):
    message = "file.yml:2: more than 50 brackets, braces or indentations stand in each other. Take some away."
    assert refusal(read, "# deep\n" + text) == message


def test_strict_yaml_reads_what_is_deep_enough(read):
    content = read("[" * 50 + "]" * 50).content
    for _ in range(49):
        (content,) = content
    assert content == []


def test_strict_yaml_refuses_control_characters(read):
    message = refusal(read, "a: \x07b")
    assert message.startswith("file.yml:1: not valid YAML: unacceptable character #x0007: control characters are not allowed")
    assert message.endswith(". Remove what cannot be read.")


def test_strict_yaml_refuses_what_is_not_utf_8(read):
    assert refusal(read, b"a: caf\xe9") == "file.yml:1: is not UTF-8 text. Save it as UTF-8."


def test_strict_yaml_refuses_a_missing_file(tmp_path):
    message = "gone.yml:1: cannot be read: No such file or directory. Put the file back."
    assert refusal(strict_yaml.read, tmp_path / "gone.yml", "gone.yml") == message


def test_strict_yaml_names_a_file_by_its_path_unless_told(tmp_path):
    file = tmp_path / "gone.yml"
    assert refusal(strict_yaml.read, file) == f"{file}:1: cannot be read: No such file or directory. Put the file back."


def test_strict_yaml_parse_returns_the_model(read):
    document = read("name: Oak\nleaves: {a: {size: 1}}\n")
    assert strict_yaml.parse(document, Tree) == Tree(name="Oak", leaves={"a": Leaf(size=1)})


def test_strict_yaml_parse_takes_content_of_a_part(read):
    document = read("part: {name: Elm}\n")
    assert strict_yaml.parse(document, Tree, document.content["part"]) == Tree(name="Elm")


def test_strict_yaml_model_cannot_be_changed(read):
    tree = strict_yaml.parse(read("name: Oak"), Tree)
    with pytest.raises(TypeError, match="is immutable"):
        tree.name = "Elm"


TREE_KEYS = "name, leaves, rows, top, days"
LEAF_KEYS = "size, kind"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("name: x\ncolour: red\n", 2, f"unknown key 'colour'; allowed: {TREE_KEYS}. Correct or remove it."),
        ("name: x\nleaves:\n  a:\n    size: 1\n    sise: 2\n", 5, f"unknown key 'sise'; allowed: {LEAF_KEYS}. Correct or remove it."),
        ("name: x\nleaves:\n  rows:\n    size: 1\n    x: 2\n", 5, f"unknown key 'x'; allowed: {LEAF_KEYS}. Correct or remove it."),
        ("name: x\nleaves:\n  size:\n    size: 1\n    x: 2\n", 5, f"unknown key 'x'; allowed: {LEAF_KEYS}. Correct or remove it."),
        ("name: x\nrows:\n- size: 1\n- size: 1\n  x: 2\n", 5, f"unknown key 'x'; allowed: {LEAF_KEYS}. Correct or remove it."),
        ("name: x\ntop:\n  size: 1\n  x: 2\n", 4, f"unknown key 'x'; allowed: {LEAF_KEYS}. Correct or remove it."),
        ("name: x\ndays:\n  monday: y\n  mondy: y\n", 4, "unknown key 'mondy'; allowed: monday, tuesday. Correct or remove it."),
        ("rows: []\n", 1, "key 'name' is missing. Add it."),
        ("name: x\nleaves:\n  a: {}\n", 3, "key 'size' is missing. Add it."),
        ("name: x\nrows:\n- size: 1\n- kind: oak\n", 4, "key 'size' is missing. Add it."),
        ("name: x\nleaves:\n  a:\n    size: big\n", 4, "leaves.a.size: value is not a valid integer. Correct it."),
        ("name: x\nrows:\n- size: 1\n  kind: fir\n", 4, "rows.0.kind: unexpected value; permitted: 'oak', 'elm'. Correct it."),
        ("name:\n", 1, "name: none is not an allowed value. Correct it."),
        ("- a\n- b\n", 1, "the file: Tree expected dict not list. Correct it."),
        ("- [name, x]\n- [false, {}]\n", 1, "the file: Tree expected dict not list. Correct it."),
    ],
)
def test_strict_yaml_parse_refuses(read, text, line, message):
    assert refusal(strict_yaml.parse, read(text), Tree) == f"file.yml:{line}: {message}"


def test_strict_yaml_parse_leaves_a_message_of_ours_as_it_is(read):
    assert refusal(strict_yaml.parse, read("low: 2\nhigh: 1\n"), Ruled) == "file.yml:1: the file: low is above high. Swap them."


def test_strict_yaml_parse_reports_all_problems_by_line(read):
    text = "colour: red\nleaves:\n  a: {size: x}\n  b: {}\n"
    assert refusal(strict_yaml.parse, read(text), Tree) == (
        "file.yml:1: key 'name' is missing. Add it.\n"
        f"file.yml:1: unknown key 'colour'; allowed: {TREE_KEYS}. Correct or remove it.\n"
        "file.yml:3: leaves.a.size: value is not a valid integer. Correct it.\n"
        "file.yml:4: key 'size' is missing. Add it."
    )


def test_strict_yaml_problems_are_sorted_by_file_then_line_number_each_once():
    late, early, other = Problem("a.yml", 10, "x."), Problem("a.yml", 9, "y."), Problem("b.yml", 1, "z.")
    error = ProblemsError([other, late, early, late])
    assert error.problems == [early, late, other]
    assert str(error) == "a.yml:9: y.\na.yml:10: x.\nb.yml:1: z."
