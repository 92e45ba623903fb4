"""The instructor's room: what keeps notebooks canonical and the map of the course true.

One module for each verb of the command line (``new``, ``norm``, ``nav``, ``lint``, ``release``,
``check``), each with ``add_arguments(parser)`` and ``run(arguments)``, which returns the exit
status.
"""
