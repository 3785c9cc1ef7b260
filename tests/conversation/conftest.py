"""The trained model with the actions, in the test's own process."""

from __future__ import annotations

import pytest

from bot import training


@pytest.fixture(scope="session")
def agent():
    from rasa.core.agent import Agent

    from bot import server
    from bot.knowledge import ROOT

    endpoints = server.endpoints(ROOT / "endpoints.yml")
    return Agent.load(str(training.ensure_model()), action_endpoint=endpoints.action, generator=endpoints.nlg)
