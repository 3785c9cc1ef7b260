"""What a real server logs, when all is well and when something is not: never what a visitor wrote."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing

from server_process import Server, free_port

from bot.channels import conversation
from bot.knowledge import ROOT

QUESTION = "what does the CCA exam cost"
# A server whose answers fail in every way that an action can, each for one visitor, each error quoting the message.
CODE = """
import sys, time
from actions.answer import ActionAnswerQuestion
from rasa_sdk.interfaces import ActionExecutionRejection

answer = ActionAnswerQuestion.run

def run(self, dispatcher, tracker, domain):
    text = tracker.latest_message["text"]
    if tracker.sender_id == "raises":
        try:
            int(text)
        except ValueError as error:
            raise KeyError(text) from error
    if tracker.sender_id == "rejects":
        raise ActionExecutionRejection(self.name(), text)
    if tracker.sender_id == "no event":
        return [{"event": "slot", "name": text}]
    if tracker.sender_id == "no reply":
        dispatcher.utter_message(response=text)
        return []
    if tracker.sender_id == "late":
        time.sleep(5)
        raise KeyError(text)
    return answer(self, dispatcher, tracker, domain)

ActionAnswerQuestion.run = run
from bot.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_log_has_no_message_text(tmp_path):
    conversations, requests, endpoints, port = tmp_path / "c.db", tmp_path / "a.db", tmp_path / "endpoints.yml", free_port()
    endpoints.write_text((ROOT / "endpoints.yml").read_text().replace("var/conversations.db", str(conversations)))
    command = [sys.executable, "-c", CODE, "serve", "--port", str(port), "--endpoints", str(endpoints)]
    server = Server(command, port, tmp_path / "log", BOT_DATABASE_URL=f"sqlite:///{requests}")
    said = []

    def ask(text, sender):
        said.append(text)
        return [reply["text"] for reply in server.ask(text, sender)]

    try:
        server.wait_until_ready()
        assert "$299" in ask(QUESTION, "well")[0]
        for sender in ("raises", "rejects", "no event", "no reply", "late"):
            assert ask(QUESTION, sender) == [conversation.apology()], sender
        ask("Zebulon wants to know the weather", "well")
        with closing(sqlite3.connect(conversations, isolation_level=None)) as database:
            database.execute("BEGIN EXCLUSIVE")
            ask(QUESTION, "locked")
            ask("/ask_zebulon", "locked")
            database.execute("ROLLBACK")
        with closing(sqlite3.connect(conversations, isolation_level=None)) as database:  # can be read, but not written
            database.execute("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no room'); END")
            ask("is Zebulon known", "not written")
            database.execute("DROP TRIGGER full")
        with closing(sqlite3.connect(requests, isolation_level=None)) as database:
            database.execute("CREATE TRIGGER full BEFORE INSERT ON questions BEGIN SELECT RAISE(ABORT, 'no room'); END")
        ask("tell me about Zebulon", "well")
        with closing(sqlite3.connect(conversations, isolation_level=None)) as database:
            database.execute("UPDATE events SET data = 'Zebulon, no JSON' WHERE sender_id = 'well'")
        assert ask("and what of Zebulon now", "well") == [conversation.apology()]
        assert "$299" in ask(QUESTION, "another")[0]
    finally:
        server.stop()
    log = server.log.read_text()
    for told in ("KeyError", "ValueError", "ValidationError", "no answer within", "could not be read or kept", "no room", "in run"):
        assert told in log, f"the log does not say of '{told}':\n{log}"
    for text in {"zebulon", *map(str.lower, said), "exam cost"}:
        assert text not in log.lower(), text
