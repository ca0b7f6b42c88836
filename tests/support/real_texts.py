"""Texts that are hard for a real model's tokenizer, in any script, and the template of its chats."""

from __future__ import annotations

import random
import re
import unicodedata

START, END_OF_TURN = "<|im_start|>", "<|im_end|>"
SPECIALS = (START, END_OF_TURN, "<|endoftext|>", "<repo_name>", "<jupyter_code>")
CHOSEN = [
    "a  12 3",
    "in 1999,  2000 and 3.14",
    "² x² ½ Ⅷ ④ ①② 〇 三",
    "٣٤ ١٢٣ ௧௨ 𝟘𝟙 𝟚",
    "🙂 🙂🙂 👩\u200d👩\u200d👧 👍🏽 🇨🇳",
    "def f(x):\n    return x_1 + 10**7  # 3.14\n\n\nclass A:\n\tpass\r\n",
    "        many   spaces    1     ",
    "\n\n\n  \n  1\n\t\t1\t2",
    "人工智能是计算机科学的一个分支。",
    "naïve e\u0301 \ufb01 \u0300 a\u0301\u0302",
    "Привет мир 123 مرحبا שלום नमस्ते สวัสดี 안녕",
    "\u30001\u3000a\u00a01 \u2028a \x1c\x1d1\x85 1",
    "'1s It's 'S don't 's1's",
    f"{START}user\nHi{END_OF_TURN}\n{START}assistant\n",
    f" {END_OF_TURN} a{START[:-1]} <|endoftext|>",
]
CHATML = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}"
    "{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""The template of SmolLM2's chats; tests/test_real_tokenizer.py holds it to that in the file."""

# Scripts, and others to put between: no character that this Python does not know yet.
RANGES = """
20-7F 0-80 A0-250 250-370 370-530 530-600 600-780 900-E00 E00-1100 1100-1400 1400-1E00 1E00-2000 2000-2C00
3000-3400 3400-A000 AC00-D7A4 F900-FFFE 10000-12000 1D000-1E000 1F000-1FB00 20000-2A000 0-110000
"""
BLOCKS = [(int(a, 16), int(b, 16)) for a, b in re.findall(r"(\w+)-(\w+)", RANGES)]
BETWEEN = [*" \n\t\r12²½٣Ⅷ一'.,-_()", "  ", "\n\n", "    ", "'s", " the", "人工", "🙂"]


def character(chance: random.Random, block: tuple[int, int]) -> str:
    while True:
        char = chr(chance.randrange(*block))
        if unicodedata.category(char) not in ("Cs", "Cn"):
            return char


def any_text(seed: int) -> str:
    """Up to 40 characters in two scripts, with spaces, numbers and marks; always the same for one ``seed``."""
    chance = random.Random(seed)
    blocks = chance.choices(BLOCKS, k=2)
    parts = [
        character(chance, chance.choice(blocks))
        if chance.random() < 0.6
        else chance.choice(BETWEEN)
        for _ in range(chance.randrange(40))
    ]
    if seed % 7 == 0:
        parts.insert(chance.randrange(len(parts) + 1), chance.choice(SPECIALS))
    return "".join(parts)
