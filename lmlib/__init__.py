"""A small library of how language models work; each module is one topic, and the book explains it.

The subject, in the order in which it is taught. A module imports from those above it and from the leaves.

language_models  what every model of the book is: tokens so far → logits of the next one
tokens           text to token ids and back, by words and by characters
bpe              byte-pair encoding, as it is defined
fast_bpe         the same merges, fast, and the tokenizer that uses them
slots            places of a sentence and the words that may stand there
grammar          a grammar that writes stories and knows the probability of every word
floor            the exact entropy of its stories, which no model can beat
stories          the book's grammar, and stories split for training and testing
prose            the book's own English as a corpus
ngrams           models that count: interpolated Kneser–Ney
softmax          logits to probabilities, and probabilities to a loss
embeddings       words as vectors: skip-gram with negative sampling
baselines        a feed-forward and a recurrent model from before the transformer
positions        sinusoidal and rotary position encodings
kv_cache         keys and values that are not computed twice
attention        scaled dot-product attention, one head and many
blocks           the transformer's block, and the configuration of a model
transformer      GPT and BERT
translation      cross-attention, and the encoder-decoder of 2017
batches          inputs and targets: next token, masked token
pretraining      the loss, the schedule, the training step and the training loop
pretrained       models in files, and those that ship with the book
finetuning       classifiers on a trained body, and answers-only training
lora             low-rank corrections beside frozen layers
sampling         temperature, top-k, top-p: logits to the probabilities that are drawn from
generation       text, one drawn token after the other
beam             the likeliest text, by beam search
evaluation       the loss of any model on any text, and intervals
scale            what a model costs: parameters, FLOPs, memory, days, money
scaling_laws     how the loss falls as models and texts grow

Leaves, which have no subject: validation, files, checkpoints, devices, distributed.
On top: plots, notebook, widgets.
Machinery, which imports the subject and is never imported by it: train (one command), interop (GPT-2, tokenizer
files, peers, timing), hosted (models behind an address), classroom (assignments and grades).
"""
