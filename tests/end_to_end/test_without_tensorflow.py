"""Rasa without TensorFlow: nothing of ours imports it, and what stands in is what Rasa takes from the modules that do."""

import ast
import subprocess
import sys
from pathlib import Path

import rasa

from bot import without_tensorflow
from bot.knowledge import ROOT

RASA = Path(rasa.__file__).parent
STANDINS = {**without_tensorflow.COMPONENTS, **without_tensorflow.TRAINING}


def imported(nodes):
    """Yields each module that code imports when it is loaded, with the names it takes from it."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            yield node.module, {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            yield from ((alias.name, set()) for alias in node.names)
        elif isinstance(node, ast.Try):
            yield from imported(node.body)


def needs_of_rasas_modules():
    """Returns what each module of Rasa imports, and the names it takes from it."""
    modules = {}
    for file in RASA.rglob("*.py"):
        needs = modules.setdefault(".".join(["rasa", *file.relative_to(RASA).with_suffix("").parts]), {})
        for module, names in imported(ast.parse(file.read_text(encoding="utf-8")).body):
            needs.setdefault(module, set()).update(names)
    return modules


def test_what_stands_in_is_what_rasa_takes_from_modules_that_import_tensorflow():
    assert rasa.__version__ == "3.6.21"
    modules = needs_of_rasas_modules()
    with_it = {name for name, needs in modules.items() if any(need.partition(".")[0] in ("tensorflow", "keras") for need in needs)}
    taken = {}
    for name, needs in modules.items():
        if name not in with_it and not name.startswith("rasa.utils.tensorflow."):
            for module in needs.keys() & with_it:
                taken.setdefault(module, set()).update(needs[module])
    assert taken == {module: set(names) for module, names in STANDINS.items()}


def test_our_processes_do_not_import_it():
    program = """
import sys
from bot import cli
cli._quiet(imports_rasa=True)
import rasa.core.agent, rasa.model_training
from bot import evaluate, server, training
assert rasa.core.agent.Agent.load(str(training.ensure_model())).is_ready()
print({name.partition(".")[0] for name in sys.modules} & {"tensorflow", "keras"})
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["set()"], done.stderr


def test_a_pipeline_that_computes_with_it_gets_it(tmp_path, monkeypatch):
    (tmp_path / "config.yml").write_text("pipeline:\n- name: WhitespaceTokenizer\n- name: DIETClassifier\n", encoding="utf-8")
    monkeypatch.setattr(without_tensorflow, "ROOT", tmp_path)
    monkeypatch.delitem(sys.modules, "rasa")
    kept = {name: sys.modules.pop(name) for name in STANDINS if name in sys.modules}
    try:
        without_tensorflow.apply()
        assert not STANDINS.keys() & sys.modules.keys()
    finally:
        sys.modules.update(kept)
