"""The reader's own GPT: parts that they wrote, in the place of the book's, with the book's trained weights.

parts        the parts of a GPT as functions of tensors: what the reader writes
road         which part is written in which chapter
keeping      a part that is right, kept in the file my_gpt.py
samples      small tensors and weights to try parts with
model_cases  what the parts of a model are tried with
use_cases    the same for those that train it, adapt it and write with it
today_cases  the same for those in which a model of today differs
trials       what a part must do before it is put into a model
assembly     the book's parts with a reader's in their place
models       a model made of parts and trained weights
comparing    what it gave beside what the book's modules give
learning     the first steps of training
today        a model of today run by the parts
proofs       a text, training, tokens and adapted models: the same as the book's
"""
