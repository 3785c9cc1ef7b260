"""Custom actions, one file per visitor goal; they import rasa_sdk and bot, never rasa."""
