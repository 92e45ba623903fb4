"""What a lesson imports: SQL in a cell, Lockerline's data, servers from a cell, an HTTP viewer."""
