"""Rasa 3.6.21 without TensorFlow in our own processes: it stands in for the modules of Rasa that import it; plain `rasa run` imports it as ever."""

from __future__ import annotations

import sys
from types import ModuleType

from bot.knowledge import ROOT

# Modules that import TensorFlow and are imported by others of Rasa whatever the pipeline is, and the classes that those take from them.
COMPONENTS = {
    "rasa.core.policies.ted_policy": ("TEDPolicy",),
    "rasa.core.policies.unexpected_intent_policy": ("UnexpecTEDIntentPolicy",),
    "rasa.nlu.classifiers.diet_classifier": ("DIETClassifier",),
    "rasa.nlu.featurizers.dense_featurizer.convert_featurizer": ("ConveRTFeaturizer",),
    "rasa.nlu.featurizers.dense_featurizer.lm_featurizer": ("LanguageModelFeaturizer",),
    "rasa.nlu.selectors.response_selector": ("ResponseSelector",),
}
TRAINING = {
    "rasa.utils.tensorflow.callback": ("RasaTrainingLogger", "RasaModelCheckpoint"),
    "rasa.utils.tensorflow.data_generator": ("RasaBatchDataGenerator",),
}


def apply() -> None:
    """Lets Rasa be imported without TensorFlow, which takes most of the time and memory of a start; to be called before Rasa is imported.

    Nothing is changed where config.yml names a component that computes with TensorFlow, or where Rasa is imported already.
    """
    config = (ROOT / "config.yml").read_text(encoding="utf-8")
    if "rasa" in sys.modules or any(name in config for names in COMPONENTS.values() for name in names):
        return
    for path, names in {**COMPONENTS, **TRAINING}.items():
        module = ModuleType(path, "Stands in for Rasa's module (bot/without_tensorflow.py).")
        vars(module).update({name: type(name, (), {"__module__": path}) for name in names})
        sys.modules[path] = module
