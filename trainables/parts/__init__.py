"""Pieces that tasks are put together from."""
