"""Chapters as assignments: student notebooks, and grades for whatever comes back.

``python -m lmlib.classroom --help`` lists the commands. The book itself needs nothing of this.

An exercise is written once, in its chapter. `assignments` reads it there, `exercises` says what one is,
`release` makes the student's notebook of it, and `checks` is all that this notebook needs.
`downloads` lists what was `handed_in`; `names` says whose it is, `statements` and `answers` find the
answers in it, `submitted` keeps them, `collect` does all that for a class.
`sandbox` runs an answer within `walls`; the program in there is `runner`, with `values` as JSON and
`no_notebook` for what only notebooks have. `grading` compares and says why, `autograde` is nbgrader's step
for that, `shards` grades a class, `gradebook` keeps the grades, `reports` makes pages and a table of them.
`course` is the folder that holds it all together, with nbgrader's `settings`; `commands` are its commands.
"""
