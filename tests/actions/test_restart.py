"""The action that starts the conversation over."""

from __future__ import annotations

import pytest

from actions.restart import ActionRestart

USER, LISTEN, RESTART = {"event": "user", "text": "x"}, {"event": "action", "name": "action_listen"}, {"event": "restart"}
NEW_SESSION = {"event": "session_started"}


def test_restart_action_name():
    assert ActionRestart().name() == "action_restart"


@pytest.mark.parametrize(
    "earlier", [[USER, LISTEN], [RESTART, NEW_SESSION, LISTEN, USER, LISTEN]], ids=["after a message", "after a restart and a message"]
)
def test_restart_forgets_what_was_said(dispatcher, make_tracker, earlier):
    (event,) = ActionRestart().run(dispatcher, make_tracker("restart", earlier=earlier), {})
    assert (event["event"], [message["response"] for message in dispatcher.messages]) == ("restart", ["utter_restart"])


@pytest.mark.parametrize(
    "earlier", [[], [USER, LISTEN, RESTART], [USER, RESTART, NEW_SESSION, LISTEN]], ids=["first message", "restarted", "new session"]
)
def test_restart_of_nothing_says_so(dispatcher, make_tracker, earlier):
    assert ActionRestart().run(dispatcher, make_tracker("restart", earlier=earlier), {}) == []
    assert [message["response"] for message in dispatcher.messages] == ["utter_at_the_start"]


def test_restart_ends_a_form_that_is_open_from_the_last_session(dispatcher, make_tracker):
    tracker = make_tracker("restart", earlier=[NEW_SESSION, LISTEN])
    tracker.active_loop = {"name": "contact_form"}
    assert [event["event"] for event in ActionRestart().run(dispatcher, tracker, {})] == ["restart"]
