"""Chapters as assignments: student notebooks, and grades for whatever comes back.

``python -m lmlib.classroom --help`` lists the commands. The book itself needs nothing of this.

An exercise is written once, in its chapter. `assignments` reads it there, `exercises` says what one is,
`release` makes the student's notebook of it, and `checks` is all that this notebook needs: `diagnosis` says
what is wrong with one of the `examples`, in `sentences` with `brief` values and a `record` of mistakes.
`known` holds answers that students gave. `words` are the exercises that ask for no code.
`downloads` lists what was `handed_in`, also in `zips`. `names` says whose a file is, with `spelling` for what is
written in many ways, and `owners` by all files together; `apart` are those of nobody. `cells` reads a notebook,
in which `magics`, `statements` and `answers` find the answers in code, `texts` those in words; `newest` chooses
among a student's files, `submitted` keeps what is in it, `sources` which file that was. `collect` does all
that for a class.
`sandbox` runs answers within `walls` and with the `system_calls` that are allowed; the program in there is
`runner`, which divides itself for each `running` of an answer and notes its `calls`. `given` and `values` are
what goes in and out, as JSON, `received` what is believed of it, `no_notebook` what only notebooks have.
`tasks` are exercises as `grading` needs them, which says why, by `comparison`; `autograde` is nbgrader's step
for that, `shards` grades a class, `gradebook` keeps the grades, `by_hand` those that people give, `reports` makes
pages and a table of them. `reading` shows answers in words, and says what else a person should look at.
`course` is the folder that holds it all together, with nbgrader's `settings`; `commands` are its commands.
"""
