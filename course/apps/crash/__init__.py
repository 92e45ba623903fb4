"""Lesson 3.1: programs that write, and are killed while they do."""
