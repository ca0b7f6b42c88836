"""The book beside other people's code: their weights and files in ours, ours in theirs, and both timed in turn.

gpt2             weights to and from Transformers' GPT2LMHeadModel
tokenizer_files  Hugging Face's tokenizer.json, and GPT-2's own two files
tokenizer_json   what the first must say to give the ids that it gives there
peers            the book's GPT and Transformers' GPT-2 of the same weights: tokens/s
timing           how fast a device calculates, by trying it
"""
