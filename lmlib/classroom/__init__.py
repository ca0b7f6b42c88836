"""Chapters as assignments: student notebooks, and grades for whatever comes back.

``python -m lmlib.classroom --help`` lists the commands. The book itself needs nothing of this.

An exercise is written once, in its chapter. `assignments` reads it there, `release` makes the student's
notebook of it, `answers` and `collect` find the answers in what was handed in, `sandbox` runs them,
`grading` compares and says why, `autograde` is nbgrader's step for that, `course` holds it all together,
`gradebook` keeps the grades, `reports` makes pages and a table of them.
"""
