"""Runs migrations on the connection that bot/store.py gives; Alembic calls this file."""

from alembic import context

from bot import store

context.configure(connection=context.config.attributes["connection"], target_metadata=store.Model.metadata)
with context.begin_transaction():
    context.run_migrations()
