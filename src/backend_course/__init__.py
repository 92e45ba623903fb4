"""The course's own library: one package for each of its users.

``lab`` and ``check`` are the learner's, ``authoring`` the instructor's, ``grading`` the grader's.
"""

__version__ = "0.1.0"
