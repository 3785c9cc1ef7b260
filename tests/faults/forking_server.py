"""`python -m bot serve`, started again and again: reads the model once, then forks a server at each line on its standard input.

A start takes a fraction of a second instead of many. All but the model (databases, channels, HTTP server, caches) is made anew by each server.
Prints the process id of each, and what the server prints.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bot.cli import _quiet

_quiet(imports_rasa=True)

from rasa.core.agent import Agent  # noqa: E402
from rasa.core.processor import MessageProcessor  # noqa: E402

from bot import server, training  # noqa: E402
from bot.channels import rest, widget  # noqa: E402, F401


def main(port: int, endpoints: Path) -> None:
    """Forks servers on the port until the standard input ends."""
    model = training.model_path()
    agent = Agent.load(str(model), action_endpoint=server.InProcessActionEndpoint())
    asyncio.run(agent.handle_text("how long is the CPC exam"))  # what is made for the first message, once
    loaded = model.name, agent.processor.model_metadata, agent.processor.graph_runner
    MessageProcessor._load_model = staticmethod(lambda model_path: loaded)  # type: ignore[method-assign]
    read = server.endpoints(endpoints)  # Rasa takes longer over this file than over all else
    server.endpoints = lambda file, action_server: read  # type: ignore[assignment]
    gc.freeze()  # what is here stays shared with the servers
    print("forking", flush=True)
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            faulthandler.register(signal.SIGUSR1)  # kill -USR1 tells where a server hangs
            sys.stdin.close()
            server.serve(model, "127.0.0.1", port, endpoints)
            os._exit(0)
        print(f"pid {pid}", flush=True)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
