"""Lesson 2.9: a program that stops in the night, and what its terminal says."""
