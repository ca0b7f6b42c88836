"""The book beside other people's code: their weights and files in ours, ours in theirs, and both timed in turn.

gpt2             weights to and from Transformers' GPT2LMHeadModel
tokenizer_files  Hugging Face's tokenizer.json, and GPT-2's own two files
tokenizer_json   what the first must say to give the ids that it gives there
llama_layout     where each tensor of a Llama stands in the files of others
llama_config     what its config.json says
llama_files      a folder as Transformers keeps a Llama or a Qwen2
gguf_head        what a GGUF file says of the model in it
gguf_files       GGUF, the format of llama.cpp
kept             models that were read from a GGUF file once
real             a real model that runs offline
gguf_tokenizer   the tokenizer in it
chat             conversations as one text, by a model's own template
chat_sandbox     where these templates run
peers            the book's GPT and Transformers' GPT-2 of the same weights: tokens/s
timing           how fast a device calculates, by trying it
packages         what only a part of the book needs, imported where it begins
"""
