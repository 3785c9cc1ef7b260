"""Reviews made-up suggestions; prints what was accepted, as JSON. Run in a terminal by test_review.py."""

import json
import sys
from collections import Counter
from pathlib import Path

from bot import evaluate, knowledge
from bot.report import Group
from bot.suggest import CHOSEN, Example, Pair, Suggestions, Usable
from bot.suggest_review import Review

CLOTHES = ["is there a dress code", "do coders wear scrubs", "what do i put on for work", "call [phone number]"]

group = Group(
    CLOTHES[0], Counter({text: 4 - place for place, text in enumerate(CLOTHES)}), Counter(declined=10), Counter(oos_college=10), 7, "ask_interview"
)
suggestions = Suggestions(
    [Example("wat dough for it", "ask_salary", CHOSEN, 3), Example("bread for it maybe", "ask_salary", CHOSEN, 1)],
    [Pair(("ask_exam_cost", "ask_salary"), 2, ("what cash is it about",))],
    [group],
)
review = Review(
    knowledge.load(),
    ["ask_salary", "ask_exam_cost", "ask_interview", "oos_college"],
    Usable({"ask_salary": ["what do coders earn"]}, evaluate.HeldOut()),
    Path(sys.argv[1]),
)
review.run(suggestions)
print("ACCEPTED", json.dumps(review.accepted))
