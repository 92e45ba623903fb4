"""What lesson 5.11 calls: an address service on whose manners nobody can rely."""
