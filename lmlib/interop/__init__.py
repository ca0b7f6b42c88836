"""The files of other libraries, read and written.

- ``tokenizer_files``: Hugging Face's ``tokenizer.json``, and GPT-2's ``vocab.json`` with ``merges.txt``
"""
