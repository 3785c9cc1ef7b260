"""The library behind the assistant: knowledge, answers, understanding, server and command line."""
