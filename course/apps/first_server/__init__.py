"""The small server that lesson 1.1 talks to."""
