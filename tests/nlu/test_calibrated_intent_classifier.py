"""The classifier: learns, keeps, tells questions from other messages, says how sure it is."""

import numpy as np
import pytest
from component_checks import EXAMPLES, TEXTS, Bench, tokenized, training_data
from rasa.shared.exceptions import InvalidConfigException, RasaException
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.calibrated_intent_classifier import CalibratedIntentClassifier
from bot.nlu.intent_model import Space
from bot.nlu.ngram_featurizer import NgramFeaturizer
from bot.nlu.sentence_encoder import HIDDEN, POOLED_LAYERS
from bot.nlu.sentence_encoder_featurizer import SentenceEncoderFeaturizer


@pytest.fixture(scope="module")
def featurizers(tmp_path_factory):
    encoder = Bench(SentenceEncoderFeaturizer, tmp_path_factory.mktemp("encoder")).create()
    ngrams = Bench(NgramFeaturizer, tmp_path_factory.mktemp("ngrams")).create()
    ngrams.train(training_data())
    return encoder, ngrams


def featurized(featurizers, examples: TrainingData) -> TrainingData:
    for featurizer in featurizers:
        featurizer.process_training_data(examples)
    return examples


@pytest.fixture(scope="module")
def bench(featurizers, tmp_path_factory):
    bench = Bench(CalibratedIntentClassifier, tmp_path_factory.mktemp("classifier"))
    bench.trained = bench.create()
    bench.trained.train(featurized(featurizers, training_data()))
    return bench


def read(classifier, featurizers, text):
    message = tokenized(text)
    for featurizer in featurizers:
        featurizer.process([message])
    return classifier.process([message])[0]


@pytest.mark.parametrize(
    ("text", "intent"),
    [("what do coders earn per year", "ask_salary"), ("how many months is the program", "ask_how_long"), ("tell me something funny", "oos_general")],
)
def test_classifier_understands_new_wordings(bench, featurizers, text, intent):
    message = read(bench.load(), featurizers, text)
    assert message.get("intent")["name"] == intent
    assert message.get("intent_ranking")[0] == message.get("intent")


@pytest.mark.parametrize("text", TEXTS)
def test_classifier_confidences_are_probabilities_and_survive_storage(bench, featurizers, text):
    before, after = read(bench.trained, featurizers, text), read(bench.load(), featurizers, text)
    assert {entry["name"] for entry in after.get("intent_ranking")} == set(EXAMPLES)
    assert sum(entry["confidence"] for entry in after.get("intent_ranking")) == pytest.approx(1, abs=1e-6)
    assert 0 <= after.get("scope") <= 1
    assert after.get("intent") == before.get("intent")


def test_classifier_scope_is_higher_for_questions(bench, featurizers):
    scope = {text: read(bench.trained, featurizers, text).get("scope") for text in ("what is the salary of coders", "sing me a song")}
    assert scope["what is the salary of coders"] > scope["sing me a song"] + 0.2


def test_classifier_learns_two_intents(featurizers, tmp_path):
    bench = Bench(CalibratedIntentClassifier, tmp_path)
    examples = [example for example in training_data().training_examples if example.get("intent") != "oos_general"]
    bench.create().train(featurized(featurizers, TrainingData(examples)))
    assert read(bench.load(), featurizers, "the salary please").get("intent")["name"] == "ask_salary"
    assert read(bench.load(), featurizers, "how many months").get("intent")["name"] == "ask_how_long"


def test_classifier_refuses_one_intent(featurizers, tmp_path):
    examples = [example for example in training_data().training_examples if example.get("intent") == "ask_salary"]
    with pytest.raises(RasaException) as error:
        Bench(CalibratedIntentClassifier, tmp_path).create().train(featurized(featurizers, TrainingData(examples)))
    assert str(error.value) == "data/nlu.yml: holds examples of fewer than two intents; a classifier needs at least two. Add examples."


def test_classifier_refuses_messages_without_features(bench):
    with pytest.raises(RasaException) as error:
        bench.trained.process([tokenized("salary")])
    assert str(error.value) == "config.yml: CalibratedIntentClassifier needs a dense and a sparse featurizer before it. Add both to the pipeline."


def test_classifier_refuses_to_answer_untrained(tmp_path):
    with pytest.raises(RasaException) as error:
        Bench(CalibratedIntentClassifier, tmp_path).create().process([tokenized("salary")])
    assert str(error.value) == "CalibratedIntentClassifier: is asked before it was trained or loaded. Run `make train`."


def test_classifier_refuses_a_model_without_training_state(tmp_path):
    with pytest.raises(ValueError, match="component"):
        Bench(CalibratedIntentClassifier, tmp_path).load()


def test_classifier_refuses_unknown_key(tmp_path):
    with pytest.raises(InvalidConfigException) as error:
        Bench(CalibratedIntentClassifier, tmp_path, {"epochs": 3}).create()
    assert str(error.value) == "config.yml: CalibratedIntentClassifier: unknown key 'epochs'; allowed: none. Correct or remove it."


def test_classifier_training_is_deterministic(featurizers, tmp_path):
    models = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        classifier = Bench(CalibratedIntentClassifier, tmp_path / name).create()
        classifier.train(featurized(featurizers, training_data()))
        models.append(classifier._model)
    np.testing.assert_array_equal(models[0].weights, models[1].weights)
    assert models[0].scope_threshold == models[1].scope_threshold


def test_folded_weights_score_as_the_features_do():
    chance = np.random.RandomState(0)
    vectors = (chance.normal(size=(600, len(POOLED_LAYERS) * HIDDEN)) * np.linspace(3, 0.1, len(POOLED_LAYERS) * HIDDEN)).astype(np.float32)
    space = Space.of(vectors, np.array([f"ask_{number % 30}" for number in range(600)]))
    weights = chance.normal(size=(2 * vectors.shape[1] + HIDDEN, 30)).astype(np.float32)
    assert space.scores(vectors, *space.fold(weights)) == pytest.approx(space.features(vectors) @ weights, abs=1e-4)
    assert np.linalg.norm(space.features(vectors), axis=1) == pytest.approx(1, abs=1e-5)
    assert np.all(np.diff(space.scales[:-1]) < 0) and space.scales[-1] > space.scales[0]  # the more like questions differ in it, the less it counts
