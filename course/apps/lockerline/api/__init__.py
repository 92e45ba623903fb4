"""HTTP: what comes in is checked and translated, what goes out is put into words."""
