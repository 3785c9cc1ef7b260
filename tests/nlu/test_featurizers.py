"""The featurizers: shapes, same result after loading, any text."""

import numpy as np
import pytest
from component_checks import TEXTS, Bench, tokenized, training_data
from rasa.shared.exceptions import InvalidConfigException, RasaException
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.ngram_featurizer import NgramFeaturizer
from bot.nlu.sentence_encoder import HIDDEN, POOLED_LAYERS
from bot.nlu.sentence_encoder_featurizer import SentenceEncoderFeaturizer


def dense(component, text):
    return component.process([tokenized(text)])[0].get_dense_features(TEXT)[1].features


def sparse(component, text):
    return component.process([tokenized(text)])[0].get_sparse_features(TEXT)[1].features


@pytest.mark.parametrize("text", TEXTS)
def test_sentence_feature_has_length_one(tmp_path, text):
    vector = dense(Bench(SentenceEncoderFeaturizer, tmp_path).create(), text)
    assert vector.shape == (1, len(POOLED_LAYERS) * HIDDEN) and vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_sentence_feature_is_the_same_in_training_and_use(tmp_path):
    component = Bench(SentenceEncoderFeaturizer, tmp_path).create()
    examples = component.process_training_data(training_data()).training_examples
    for example in examples:
        np.testing.assert_array_equal(example.get_dense_features(TEXT)[1].features, dense(component, example.get(TEXT)))


@pytest.mark.parametrize("text", TEXTS)
def test_ngrams_are_the_same_after_loading(tmp_path, text):
    bench = Bench(NgramFeaturizer, tmp_path)
    trained = bench.create()
    trained.train(training_data())
    before, after = sparse(trained, text), sparse(bench.load(), text)
    assert before.dtype == np.float32 and before.shape == after.shape
    assert abs(before - after).nnz == 0


def test_ngrams_of_known_words_weigh_rare_ones_more(tmp_path):
    trained = Bench(NgramFeaturizer, tmp_path, {"words": [1, 1], "letters": [2, 2]}).create()
    trained.train(training_data())
    names = trained._vectorizers["words"].get_feature_names_out().tolist()
    row = sparse(trained, "coder salary").toarray()[0]
    assert row[names.index("salary")] > row[names.index("coder")] > 0


def test_ngrams_refuse_no_examples(tmp_path):
    with pytest.raises(RasaException) as error:
        Bench(NgramFeaturizer, tmp_path).create().train(TrainingData([]))
    assert str(error.value) == "data/nlu.yml: holds no examples to learn n-grams from. Add examples for every intent."


def test_ngrams_refuse_a_model_without_training_state(tmp_path):
    with pytest.raises(ValueError, match="component"):
        Bench(NgramFeaturizer, tmp_path).load()


@pytest.mark.parametrize(
    ("component", "message"),
    [
        (NgramFeaturizer, "config.yml: NgramFeaturizer: unknown key 'depth'; allowed: alias, letters, words. Correct or remove it."),
        (SentenceEncoderFeaturizer, "config.yml: SentenceEncoderFeaturizer: unknown key 'depth'; allowed: alias. Correct or remove it."),
    ],
)
def test_featurizer_refuses_unknown_key(tmp_path, component, message):
    with pytest.raises(InvalidConfigException) as error:
        Bench(component, tmp_path, {"depth": 3}).create()
    assert str(error.value) == message
