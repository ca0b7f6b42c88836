"""Chapters as assignments: student notebooks, and grades for whatever comes back.

``python -m lmlib.classroom --help`` lists the commands. The book itself needs nothing of this.

An exercise is written once, in its chapter. `assignments` reads it there, `exercises` says what one is,
`release` makes the student's notebook of it, and `checks` is all that this notebook needs. `words` are the
exercises that ask for no code.
`downloads` lists what was `handed_in`, also in `zips`. `names` says whose a file is, with `spelling` for what is
written in many ways, and `owners` by all files together; `apart` are
those of nobody. `statements` and `answers` find the answers in code,
`texts` those in words; `newest` chooses among a student's files, `submitted` keeps what is in it, `sources` which
file that was. `collect` does all that for a class.
`sandbox` runs an answer within `walls`; the program in there is `runner`, with `values` as JSON and
`no_notebook` for what only notebooks have. `grading` compares and says why, `autograde` is nbgrader's step
for that, `shards` grades a class, `gradebook` keeps the grades, `by_hand` those that people give, `reports` makes
pages and a table of them. `reading` shows answers in words, and says what else a person should look at.
`course` is the folder that holds it all together, with nbgrader's `settings`; `commands` are its commands.
"""
