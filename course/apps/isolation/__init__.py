"""Lesson 3.10: what two sessions can do to each other, and at which isolation level."""
