"""The reader's own GPT: parts that they wrote, in the place of the book's, with the book's trained weights.

parts     the parts of a GPT as functions of tensors: what the reader writes
road      which part is written in which chapter
keeping   a part that is right, kept in the file my_gpt.py
trials    what each part is tried with before it is put into a model
assembly  the book's parts with a reader's in their place
models    a model made of parts and trained weights
proofs    the same text, the same training, the same tokens as the book's own modules
"""
