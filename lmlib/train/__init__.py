"""Training from a terminal: ``python -m lmlib.train --help``, and the same under ``torchrun``.

__main__   the command: its exit codes, and a sentence for whatever cannot be done
settings   what it can be asked for
folder     where a run is kept, with its settings
job        one run from beginning to end
corpus     what a run reads: the book's stories, or a text file with its tokenizer
textfiles  text files of any length, read and encoded piece by piece
token_files  the tokens of one as numbers on the disk, and windows of them to train on
presets    sizes by name, and what to do where memory runs out
runlog     what a run writes down as it goes
"""
