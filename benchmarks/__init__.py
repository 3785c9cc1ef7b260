"""Measurements of accuracy and speed, each runnable on its own."""
