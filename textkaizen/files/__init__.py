"""Disk: labelled texts, recipes, replies, models, and what a study leaves."""
