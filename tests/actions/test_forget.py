"""The question whether to delete what is kept, and the answer that it is done."""

from __future__ import annotations

import pytest
import yaml

from actions.clarify import ActionAcceptOffer, ActionRefuseOffer
from actions.forget import ActionDeleteData
from bot.knowledge import ROOT

RESPONSES = yaml.safe_load((ROOT / "domain.yml").read_text())["responses"]
BUTTONS = RESPONSES["utter_confirm_deletion"][0]["buttons"]
USER = {"event": "user", "text": "delete my data"}
ASKED = {"event": "bot", "text": "Shall I?", "data": {"buttons": BUTTONS}}
ANSWERED = {"event": "bot", "text": "$299.", "data": {"buttons": [{"title": "Yearly pay", "payload": "/ask_salary"}]}}


@pytest.mark.parametrize(
    ("action", "earlier", "response"),
    [
        (ActionDeleteData, [], "utter_confirm_deletion"),
        (ActionDeleteData, [USER, ANSWERED], "utter_confirm_deletion"),
        (ActionDeleteData, [USER, ASKED, USER, ANSWERED], "utter_confirm_deletion"),
        (ActionDeleteData, [USER, ASKED], "utter_data_deleted"),
        (ActionAcceptOffer, [USER, ASKED], "utter_data_deleted"),
        (ActionRefuseOffer, [USER, ASKED], "utter_all_right"),
    ],
    ids=["asked", "asked after an answer", "asked anew after another question", "asked again", "yes", "no"],
)
def test_forget_deletes_only_on_a_yes(dispatcher, make_tracker, action, earlier, response):
    assert action().run(dispatcher, make_tracker("x", earlier=earlier), {}) == []
    assert [message["response"] for message in dispatcher.messages] == [response]


def test_forget_button_asks_again_which_deletes():
    assert [button["payload"] for button in BUTTONS] == ["/delete_my_data", "/deny"]
