"""What lesson 5.7 repeats itself with: a link that loses messages, a small service."""
