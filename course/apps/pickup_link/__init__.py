"""The service behind the link in a mail, which opens a door (lesson 5.1)."""
