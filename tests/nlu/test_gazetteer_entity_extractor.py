"""The entity extractor finds what the knowledge file names, in any spelling people use."""

import pytest
from component_checks import TEXTS, Bench, training_data
from rasa.shared.exceptions import InvalidConfigException, RasaException
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.gazetteer_entity_extractor import TRAINED_ON, GazetteerEntityExtractor


@pytest.fixture(scope="module")
def extractor(tmp_path_factory):
    return Bench(GazetteerEntityExtractor, tmp_path_factory.mktemp("model")).create()


def found(extractor, text):
    entities = extractor.process([Message.build(text)])[0].get("entities")
    return [(entity["entity"], entity["value"], text[entity["start"] : entity["end"]]) for entity in entities]


@pytest.mark.parametrize(
    "spelling", ["CPC", "cpc", "C.P.C.", "c.p.c", "Certified Professional Coder", "certified profesional coder", "CERTIFIED PROFESSIONAL CODER"]
)
def test_extractor_knows_every_spelling(extractor, spelling):
    assert found(extractor, f"what does the {spelling} exam cost") == [("certification", "cpc", spelling)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CCS-P or CPC-P?", [("certification", "ccs_p", "CCS-P"), ("certification", "cpc_p", "CPC-P")]),
        ("ccs/cca", [("certification", "ccs", "ccs"), ("certification", "cca", "cca")]),
        ("certified coding specialist physician based", [("certification", "ccs_p", "certified coding specialist physician based")]),
        ("an associate's degree", [("credential_level", "associate", "associate's degree")]),
        ("bachelers degree", [("credential_level", "bachelor", "bachelers degree")]),
        ("icd10 and CPT", [("code_system", "icd_10", "icd10"), ("code_system", "cpt", "CPT")]),
        ("in-patient", [("coding_type", "inpatient", "in-patient")]),
        ("do AHIMA and aapc agree", [("body", "ahima", "AHIMA"), ("body", "aapc", "aapc")]),
        ("remote biller", [("setting", "home", "remote"), ("role", "biller", "biller")]),
    ],
)
def test_extractor_prefers_the_longest_name(extractor, text, expected):
    assert found(extractor, text) == expected


@pytest.mark.parametrize(
    "text", ["tell him about it", "a score of ten", "my sister is a nurse", "order a burger", "the doctor said so", "what is the weather"]
)
def test_extractor_leaves_other_words_alone(extractor, text):
    assert found(extractor, text) == []


@pytest.mark.parametrize("text", TEXTS)
def test_extractor_takes_any_text(extractor, text):
    assert found(extractor, text) == ([("role", "coder", "coders")] if "coders" in text else [])


def test_extractor_refuses_a_model_trained_on_other_entities(tmp_path):
    bench = Bench(GazetteerEntityExtractor, tmp_path)
    bench.create().train(training_data())
    assert bench.load()
    with bench.storage.write_to(bench.resource) as directory:
        (directory / TRAINED_ON).write_text("another")
    with pytest.raises(RasaException) as error:
        bench.load()
    assert str(error.value) == "The model was trained on other topics or entities than knowledge/medical_coding.yml has now. Run `make train`."


def test_extractor_refuses_a_model_without_training_state(tmp_path):
    with pytest.raises(ValueError, match="component"):
        Bench(GazetteerEntityExtractor, tmp_path).load()


def test_extractor_refuses_unknown_key(tmp_path):
    with pytest.raises(InvalidConfigException) as error:
        Bench(GazetteerEntityExtractor, tmp_path, {"synonyms": []}).create()
    assert str(error.value) == "config.yml: GazetteerEntityExtractor: unknown key 'synonyms'; allowed: knowledge. Correct or remove it."
