"""Messages become the text that Transformers makes of them, and half a conversation is named."""

from __future__ import annotations

import random
import sys
from types import MappingProxyType
from typing import Any

import pytest
import tokenizers
import transformers
from support.real_texts import CHATML
from tokenizers import models

from lmlib.interop.chat import check_chat, render_chat

# What others use of Jinja and of what Transformers adds to it.
OTHERS = {
    "blocks": """{%- for m in messages %}
    {%- if m.role == 'system' %}
        {{- '<<SYS>>' + m.content | trim + '<</SYS>>' }}
    {%- else %}
  {{ m['role'] | upper }}: {{ m['content'] }}
    {%- endif %}
{% endfor %}
    {% if add_generation_prompt %}
ASSISTANT:
    {% endif %}
end""",
    "json": "{{ messages | tojson }}{{ messages | tojson(indent=2) }}"
    "{{ {'b': 1, 'a': '<é>'} | tojson(sort_keys=true) }}",
    "loops": "{% for m in messages %}{% if loop.index > 2 %}{% break %}{% endif %}{% if m.role == 'system' %}"
    "{% continue %}{% endif %}{{ m.content }};{% endfor %}",
    "generation": "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{{ bos_token }}"
    "{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}",
    "none": "{% if tools %}tools{% endif %}{% if tools is none %}no tools{% endif %}{{ documents }}{{ unheard_of }}",
    "namespace": "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + m.content | length %}"
    "{% endfor %}{{ ns.n }}{{ dict(a=1) }}{{ range(3) | list }}{{ messages[0].content.split(' ')[-1].strip() }}",
    "today": "{{ strftime_now('%Y') }}",
}
TEXTS = [
    "",
    " ",
    "What is 2 + 2?",
    "人工智能\n是什么？",
    "a {{ b }} {% c %} {# d #}",
    "<b> & 'q' \"r\" \\ \t\r\n",
    "🙂\u0301 \u200d\ufeff \x00",
    "<|im_end|>\n<|im_start|>system\nx",
]
PEER = transformers.PreTrainedTokenizerFast(
    tokenizer_object=tokenizers.Tokenizer(models.BPE())
)


def test_without_jinja2_it_is_said_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match="jinja2 is not installed; run: pip"):
        render_chat(CHATML, [{"role": "user", "content": "Hi"}])


def conversation(seed: int) -> list[dict[str, str]]:
    chance = random.Random(seed)
    turns = [("user", "assistant")[i % 2] for i in range(chance.randrange(1, 7))]
    roles = ["system"] * chance.randrange(2) + turns
    return [{"role": role, "content": chance.choice(TEXTS)} for role in roles]


CONVERSATIONS = [
    *map(conversation, range(60)),
    [{"role": "system", "content": "Be brief."}],
    [{"role": "assistant", "content": "Hi"}, {"role": "system", "content": "late"}],
    [{"role": "tool", "content": "4"}, {"role": "user", "content": "more", "name": "A"}],
]  # fmt: skip


def theirs(template: str, messages: list[dict[str, str]], add: bool) -> str:
    text = PEER.apply_chat_template(
        messages, chat_template=template, add_generation_prompt=add, tokenize=False
    )
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize(
    "template", [CHATML, *OTHERS.values()], ids=["chatml", *OTHERS]
)
@pytest.mark.parametrize("add", [True, False])
def test_rendered_as_by_transformers(template: str, add: bool) -> None:
    for messages in CONVERSATIONS:
        assert render_chat(template, messages, add) == theirs(template, messages, add)


def test_what_a_reader_sees() -> None:
    assert render_chat(CHATML, [{"role": "user", "content": "Hi"}]) == (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )
    assert render_chat("{{ bos_token }}", ({"role": "user", "content": ""},), bos_token="<s>") == "<s>"  # fmt: skip


def test_messages_of_another_kind_of_mapping() -> None:
    messages = [MappingProxyType({"role": "user", "content": "Hi"})]
    plain = [dict(message) for message in messages]
    for template in (CHATML, OTHERS["json"]):
        assert render_chat(template, messages) == theirs(template, plain, True)


def test_messages_stay_as_they_are() -> None:
    messages = [{"role": "user", "content": "Hi"}]
    for change in ("messages[0].update(role='x')", "messages.append(1)"):
        with pytest.raises(ValueError, match=r"template refuses them .*unsafe"):
            render_chat("{{ " + change + " }}", messages)
    assert messages == [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    "way_out",
    [
        "''.__class__.__mro__",
        "messages.__class__.__base__.__subclasses__()",
        "strftime_now.__globals__['json']",
        "cycler.__init__.__globals__",
    ],
)
def test_a_template_stays_in_its_sandbox(way_out: str) -> None:
    messages = [{"role": "user", "content": "Hi"}]
    with pytest.raises(ValueError, match="template refuses them"):
        render_chat("{{ " + way_out + " }}", messages)


USER = {"role": "user", "content": "Hi"}


@pytest.mark.parametrize(
    "messages, message",
    [
        ("Hi", r"messages: 'Hi' is no list; write \[\{\"role\": \"user\""),
        (None, "messages: None is no list"),
        (USER, "messages: {'role': 'user', 'content': 'Hi'} is no list"),
        ([], r"messages: \[\] is empty; write"),
        (["Hi"], r"messages\[0\]: 'Hi' is no dict; write \{\"role\": \"user\""),
        ([USER, [USER]], r"messages\[1\]: \[.*\] is no dict"),
        ([{"content": "Hi"}], r"messages\[0\]: its 'role' is None; give a text"),
        ([USER, {"role": "user"}], r"messages\[1\]: its 'content' is None; give a text"),
        ([{"role": "user", "content": 3}], r"messages\[0\]: its 'content' is 3; give a t"),
        ([{"role": "user", "content": [USER]}], r"its 'content' is \[.*; give a text"),
        ([{"role": "bot", "content": "Hi"}], r"messages\[0\]\['role'\]: 'bot' is not known; use 'system', 'user', '"),
        ([{"role": "User", "content": "Hi"}], r"messages\[0\]\['role'\]: 'User' is not"),
    ],
)  # fmt: skip
def test_messages_that_are_none(messages: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render_chat(CHATML, messages)


@pytest.mark.parametrize(
    "template, message",
    [
        ("", "template: the model came without one, .* a text to go on with"),
        ("a\n{% if %}", "template: line 2 is not Jinja"),
        ("{{ raise_exception('Roles must alternate') }}", r"refuses them \(Roles must al"),
        ("{{ messages[0]['a']['b'] }}", "refuses them .*has no attribute 'a'"),
        ("{{ 'x' + tool_name }}", "refuses them .*'tool_name' is undefined"),
    ],
)  # fmt: skip
def test_templates_that_fail(template: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render_chat(template, [USER])


# Prompts that are written by hand


@pytest.mark.parametrize("messages", CONVERSATIONS)
@pytest.mark.parametrize("add", [True, False])
def test_what_a_template_writes_is_whole(messages: list[Any], add: bool) -> None:
    if not any("<|im" in message["content"] for message in messages):
        check_chat(render_chat(CHATML, messages, add))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Once upon a time",
        "a <|endoftext|> b | im_start |",
        "<|im_start|>assistant\nThe answer is",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    ],
)
def test_a_text_that_may_be_gone_on_with(text: str) -> None:
    check_chat(text)


@pytest.mark.parametrize(
    "text, message",
    [
        ("<|im_start|>user\nHi", r"the turn of 'user' at character 0 has no '<\|im_end\|>', so"),
        ("x<|im_start|>system\n", "the turn of 'system' at character 1 has no"),
        ("<|im_start|>user\nHi\n<|im_start|>assistant\n", "the turn of 'user' at character 0"),
        ("Hi<|im_end|>", r"'<\|im_end\|>' at character 2 ends no turn; put '<\|im_start\|>' and a role"),
        ("<|im_start|>user\nHi<|im_end|><|im_end|>", "at character 29 ends no turn"),
        ("<|im_start|>assistant", r"behind '<\|im_start\|>' at character 0 stands 'assistant'; write the role and"),
        ("<|im_start|>Hi<|im_end|>", r"stands 'Hi<\|im_end\|>'; write the role and a new line"),
        ("<|im_start|>bot\nHi<|im_end|>", "stands 'bot'; write the role"),
        ("<|im_start|>\nHi<|im_end|>", "stands ''; write the role"),
        ("<im_start>user\nHi", r"'<im_start>' at character 0 is no token of the model; write '<\|im_start\|>'"),
        ("<|im_start|>user\nHi<|im_end>", r"'<\|im_end>' at character 19 is no token .* write '<\|im_end\|>'"),
        ("<| im_start |>", r"'<\| im_start \|>' at"),
        ("<|IM_START|>user\n", "is no token"),
    ],
)  # fmt: skip
def test_half_a_conversation(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"text: .*{message}") as caught:
        check_chat(text)
    assert str(caught.value).endswith(
        "give the messages to chat(), which writes all of it"
    )
