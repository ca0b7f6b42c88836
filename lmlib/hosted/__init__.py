"""A language model behind an address, asked through OpenAI's interface.

server        one JSON object there, one back, and a sentence for whatever goes wrong on the way
client        asking for a completion
completions   what a completion says, with the log-probabilities of the likeliest tokens
top_logprobs  what those few say about all tokens, at every temperature
"""
