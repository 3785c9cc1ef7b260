"""The contact form when its database fails: the visitor is told, keeps the details, and can send again."""

from __future__ import annotations

import asyncio
import uuid

from bot import settings, store
from bot.store import StoreError


def test_request_that_cannot_be_stored_is_not_lost(agent, monkeypatch):
    sender, kept = uuid.uuid4().hex, store.in_force()

    def say(text: str) -> str:
        return "\n".join(reply["text"] for reply in asyncio.run(agent.handle_text(text, sender_id=sender)))

    def broken(*arguments, **options):
        raise StoreError("The database is gone.")

    say("I'm Ann Lee, ann@x.org, 212-555-0100, please call me about the CCA")
    assert "Shall I send it" in say("yes")
    with monkeypatch.context() as patch:
        patch.setattr(kept, "add_contact", broken)
        for _ in range(2):
            said = say("send")
            assert "could not save" in said and settings.in_force().office.email in said and "saved under" not in said
            assert all(row in said for row in ("Name: Ann Lee", "E-mail: ann@x.org", "About: the CCA", "Shall I send it?"))
        assert "$299" in say("what does the CCA exam cost?"), "answers need no database"
    assert "E-mail: ann@y.org" in say("my email is ann@y.org"), "the form goes on as before"
    assert "saved under the reference" in say("send")
    assert [contact.email for contact in kept.contacts() if contact.conversation == sender] == ["ann@y.org"]


def test_request_not_stored_can_be_cancelled(agent, monkeypatch):
    sender = uuid.uuid4().hex

    def say(text: str) -> str:
        return "\n".join(reply["text"] for reply in asyncio.run(agent.handle_text(text, sender_id=sender)))

    def broken(*arguments, **options):
        raise StoreError("The database is gone.")

    monkeypatch.setattr(store.in_force(), "add_contact", broken)
    say("I'm Ann Lee, ann@x.org, 212-555-0100, please call me about the CCA")
    say("yes")
    assert "could not save" in say("send")
    assert "nothing was saved" in say("cancel")
    assert "Name: Ann Lee" not in say("yes")
