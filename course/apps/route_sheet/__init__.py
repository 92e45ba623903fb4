"""The strange codebase of lesson 7.2: a small tool with a history of four years."""
