"""The classifier of comparisons tells a request to compare from questions that merely name two things."""

import pytest
from component_checks import TEXTS, Bench
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.comparison_classifier import ComparisonClassifier
from bot.nlu.gazetteer_entity_extractor import GazetteerEntityExtractor
from bot.nlu.spelling_corrector import CORRECTED


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Reads a message as the components before would, with a given intent; returns the message."""
    extractor = Bench(GazetteerEntityExtractor, tmp_path_factory.mktemp("extractor")).create()
    classifier = Bench(ComparisonClassifier, tmp_path_factory.mktemp("classifier")).load()

    def process(text: str, intent: str | None, confidence: float = 0.9, spelled: str | None = None) -> Message:
        message = extractor.process([Message.build(text)])[0]
        if intent:
            first = {"name": intent, "confidence": confidence}
            message.set("intent", first)
            message.set("intent_ranking", [first, {"name": "greet", "confidence": 0.01}])
        if spelled:
            message.set(CORRECTED, spelled)
        return classifier.process([message])[0]

    return process


def named(message: Message) -> list[str]:
    return [entity["value"] for entity in message.get("entities")]


@pytest.mark.parametrize(
    ("text", "intent", "values"),
    [
        ("CPC vs CCA", "ask_which_certification", ["cpc", "cca"]),
        ("CPC or CCA?", "ask_which_certification", ["cpc", "cca"]),
        ("compare the CPC and the CCA", "ask_certification_overview", ["cpc", "cca"]),
        ("what's the difference between a diploma and an associate degree", "ask_education_options", ["diploma", "associate"]),
        ("how does the CCS-P differ from the CCS", "ask_certification_overview", ["ccs_p", "ccs"]),
        ("should I take the CPC, the CCA or the CCS", "ask_which_certification", ["cpc", "cca", "ccs"]),
        ("is the CPC or the CCA exam cheaper", "ask_exam_cost", ["cpc", "cca"]),
        ("does a bachelor's take longer than an associate degree", "ask_how_long", ["bachelor", "associate"]),
        ("are RHIT and RHIA the same", "ask_health_information_management", ["rhit", "rhia"]),
        ("AAPC against NHA", "ask_certifying_body", ["aapc", "nha"]),
        ("what sets NHA apart from AHIMA", "ask_aapc_vs_ahima", ["nha", "ahima"]),
        ("what's the diff btwn ccs n ccs-p", "ask_certification_overview", ["ccs", "ccs_p"]),
        ("which of the CPMA and the CPC pays more", "ask_pay_certified", ["cpma", "cpc"]),
        ("ICD-10 versus CPT", "ask_code_systems", ["icd_10", "cpt"]),
        ("who earns more, coders or billers", "ask_pay_compared", ["coder", "biller"]),
    ],
)  # fmt: skip
def test_classifier_finds_comparisons(read, text, intent, values):
    message = read(text, intent)
    assert message.get("intent") == {"name": "compare", "confidence": 1.0}
    assert named(message) == values


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("can coders or billers work from home", "ask_remote_work"),
        ("how much is the CPC or CCA exam", "ask_exam_cost"),
        ("tell me about the CPC and the CCA", "ask_certification_overview"),
        ("can I take the CPC and the CCA at the same time", "ask_exam_eligibility"),
        ("would an associate carry over into a bachelor's", "ask_transfer_credits"),
        ("would a biller or coder have to phone a lot", "ask_phone_work"),
        ("a job as biller/coder, is that usual", "ask_combined_role"),
        ("what is a credential such as the CPC or the CCA good for in your view", "ask_certification_overview"),
        ("what is better for my knee, inpatient or outpatient surgery", "oos_medical"),
        ("is the CPC better than nothing", "ask_why_certify"),
        ("does medical billing and coding pay better than nursing", "ask_pay_compared"),
        ("do the CIC and the COC cost the same", "ask_exam_cost"),
    ],
)
def test_classifier_leaves_other_questions_alone(read, text, intent):
    assert read(text, intent).get("intent")["name"] == intent


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("AAPC or AHIMA, what is the difference", "ask_aapc_vs_ahima"),
        ("what is the difference between coding and billing", "ask_coding_vs_billing"),
        ("compare inpatient and outpatient coding", "ask_inpatient_vs_outpatient"),
        ("hospital vs clinic", "ask_choosing_workplace"),
        ("is a certificate better than an associate degree", "ask_which_education"),
    ],
)
def test_classifier_leaves_what_an_answer_tells_apart_in_prose(read, text, intent):
    message = read(text, intent)
    assert message.get("intent")["name"] == intent
    assert all("extractor" in entity and entity["extractor"] == "GazetteerEntityExtractor" for entity in message.get("entities"))


@pytest.mark.parametrize(
    ("text", "intent", "found"),
    [
        ("coding or billing, which pays more", "ask_salary", [("role", "coder", "coding"), ("role", "biller", "billing")]),
        ("compare coding and billing pay", "ask_salary", [("role", "coder", "coding"), ("role", "biller", "billing")]),
        ("is a certificate worth more than a degree", "ask_advancement", [("credential_level", "certificate", "certificate"), ("credential_level", "associate", "degree"), ("credential_level", "bachelor", "degree")]),
        ("is a coding certificate shorter than a billing diploma", "ask_how_long", [("credential_level", "certificate", "certificate"), ("credential_level", "diploma", "diploma")]),
    ],
)  # fmt: skip
def test_classifier_understands_words_that_name_things_only_in_a_comparison(read, text, intent, found):
    message = read(text, intent)
    assert message.get("intent")["name"] == "compare"
    assert [(entity["entity"], entity["value"], text[entity["start"] : entity["end"]]) for entity in message.get("entities")] == found


def test_classifier_leaves_words_alone_elsewhere(read):
    assert named(read("how do I learn coding or billing", "ask_how_to_become")) == []


def test_classifier_reads_the_mended_spelling(read):
    text = "diffrence CPC CCA"
    assert read(text, "ask_certification_overview").get("intent")["name"] == "ask_certification_overview"
    assert read(text, "ask_certification_overview", spelled="difference CPC CCA").get("intent")["name"] == "compare"


def test_classifier_overrules_only_a_doubtful_reading(read):
    text = "what is the difference between the CPC and the CCA"
    assert read(text, "ask_resume", 0.49).get("intent")["name"] == "compare"
    assert read(text, "ask_resume", 0.5).get("intent")["name"] == "ask_resume"


def test_classifier_takes_a_doubtful_pair_with_an_unknown_for_a_comparison(read):
    assert read("compare the CPC and plumbing", "ask_exam_pass_rate", 0.4).get("intent")["name"] == "compare"
    assert read("compare the CPC and plumbing", "oos_other_career", 0.9).get("intent")["name"] == "oos_other_career"
    assert read("the CPC and plumbing", "ask_exam_pass_rate", 0.4).get("intent")["name"] == "ask_exam_pass_rate"


def test_classifier_keeps_the_reading_second_in_the_ranking(read):
    ranking = read("is the CPC or the CCA exam cheaper", "ask_exam_cost").get("intent_ranking")
    assert [entry["name"] for entry in ranking] == ["compare", "ask_exam_cost", "greet"]


@pytest.mark.parametrize("text", TEXTS)
def test_classifier_takes_any_text(read, text):
    assert read(text, None).get("intent") is None
    assert read(text, "ask_salary").get("intent") == {"name": "ask_salary", "confidence": 0.9}


def test_classifier_refuses_unknown_key(tmp_path):
    with pytest.raises(InvalidConfigException) as error:
        Bench(ComparisonClassifier, tmp_path, {"words": []}).create()
    assert str(error.value) == "config.yml: ComparisonClassifier: unknown key 'words'; allowed: knowledge. Correct or remove it."
