"""A model behind an address: a real server with the book's model, and servers that misbehave."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import math
import os
import threading
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import llama_server
import nbformat
import pytest
import torch
from torch import Tensor

from lmlib.files import DATA
from lmlib.hosted import client as hosted
from lmlib.hosted import server
from lmlib.hosted.client import complete
from lmlib.hosted.completions import Completion, read_completion
from lmlib.hosted.server import ServerError, ask
from lmlib.hosted.top_logprobs import even_rest, uneven_rest
from lmlib.softmax import log_softmax, softmax
from lmlib.widgets import TemperatureScrubber

KEY = "sk-a-secret"
RECORD = json.loads(
    (llama_server.DATA / "hosted_answer.json").read_text(encoding="utf-8")
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine is set to must not decide whom a test asks, nor with whose key."""
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "*")


# The book's model in llama.cpp, which computes everything anew in C++.


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed: there are no wheels for this machine")
    with llama_server.llama_server(tmp_path_factory.mktemp("llama"), KEY) as address:
        yield address


@pytest.fixture
def real(llama: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", llama)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


class HalfGELU(torch.nn.Module):
    """As llama.cpp has it: from a table of numbers in half precision, -10 … 10."""

    def forward(self, x: Tensor) -> Tensor:
        y = (
            torch.nn.functional.gelu(x.half().float(), approximate="tanh")
            .half()
            .float()
        )
        return torch.where(x.abs() < 10, y, x.relu())


def logits_after(tokens: list[int], half: bool) -> Tensor:
    model = llama_server.prose_gpt()
    for block in model.decoder.blocks if half else []:
        block.feed_forward.activation = HalfGELU()
    with torch.no_grad():
        return model(torch.tensor([tokens]))[0, -1].double()


def difference(answer: Completion, prompt: str, half: bool) -> float:
    """The largest one between listed log-probabilities and those of the book's own GPT."""
    tokenizer = llama_server.prose_tokenizer()
    ids = {tokenizer.decode([i]): i for i in range(1, 512)}
    tokens, largest = [0, *tokenizer.encode(prompt)], 0.0
    for token, place in zip(answer.tokens, answer.top, strict=True):
        values, best = log_softmax(logits_after(tokens, half)).sort(descending=True)
        ours = {
            tokenizer.decode([i]): x
            for i, x in zip(best.tolist(), values.tolist(), strict=True)
        }
        assert min(x for _, x in place) > values[len(place)] - 5e-3  # none left out
        largest = max(largest, *(abs(x - ours[name]) for name, x in place))
        tokens.append(ids[token])
    return largest


def assert_same(answer: Completion, prompt: str, top: int) -> None:
    """Equal up to llama.cpp's rounding of the GELU; with the same rounding, up to single precision."""
    assert answer.tokens and answer.text == "".join(answer.tokens)
    assert all(len(place) == top for place in answer.top)
    exact, rounded = (difference(answer, prompt, half) for half in (False, True))
    assert exact < 5e-3
    assert min(exact, rounded) < 1e-4


@pytest.mark.usefixtures("real")
def test_log_probs_of_a_real_server_are_those_of_the_model() -> None:
    assert_same(complete("The loss", max_tokens=8), "The loss", 5)


@pytest.mark.usefixtures("real")
def test_a_chat_is_a_prompt_in_a_form() -> None:
    form = "<|im_start|>user\nThe loss<|im_end|>\n<|im_start|>assistant\n"
    assert_same(complete("The loss", max_tokens=2, top=9, chat=True), form, 9)


@pytest.mark.usefixtures("real")
def test_a_server_that_tells_all_hides_nothing() -> None:
    answer = complete("The softmax", top=512)
    tokens = [0, *llama_server.prose_tokenizer().encode("The softmax")]
    wanted = log_softmax(logits_after(tokens, half=True)).sort(descending=True).values
    torch.testing.assert_close(
        even_rest(answer.log_probs(), 512), wanted, rtol=0, atol=5e-3
    )


@pytest.mark.usefixtures("real")
def test_the_truth_lies_between_what_five_tokens_allow() -> None:
    known = complete("The loss").log_probs()
    logits = logits_after(
        [0, *llama_server.prose_tokenizer().encode("The loss")], half=True
    )
    for t in (0.2, 0.5, 2.0, 5.0):
        truth = softmax(logits, t).sort(descending=True).values[:5]
        sides = torch.stack(
            [softmax(f(known, 512), t)[:5] for f in (even_rest, uneven_rest)]
        )
        assert (sides.amin(0) < truth + 1e-5).all() and (
            truth < sides.amax(0) + 1e-5
        ).all()


def test_a_real_server_refuses_a_wrong_key(
    llama: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", llama)
    monkeypatch.setenv("OPENAI_MODEL", "prose")
    for key in ("", "sk-another"):
        monkeypatch.setenv("OPENAI_API_KEY", key)
        with pytest.raises(ServerError, match="answers 401; set OPENAI_API_KEY"):
            complete("The loss")


def test_the_recorded_answer_is_that_of_the_model() -> None:
    request = RECORD["request"]
    answer = read_completion(RECORD["answer"], request["logprobs"])
    assert len(answer.tokens) == request["max_tokens"]
    assert_same(answer, request["prompt"], request["logprobs"])
    assert KEY not in json.dumps(RECORD)


# Servers that misbehave.

Reply = tuple[int, Any]


class Fake(ThreadingHTTPServer):
    """Answers each path with a status and a body, or never; keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: dict[str, Reply | Callable[[Any], Reply]] = {
            "/v1/models": (200, {"data": [{"id": "one"}]})
        }
        self.sent: list[tuple[str, Any, str | None]] = []
        self.over = threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Fake

    def do_GET(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(raw) if raw else None
        self.server.sent.append((self.path, body, self.headers["Authorization"]))
        found = self.server.replies[self.path]
        status, reply = found(body) if callable(found) else found
        if reply == "silence":
            self.server.over.wait(10)
            return
        text = reply if isinstance(reply, str) else json.dumps(reply)
        data = text.replace("HEADER", str(self.headers["Authorization"])).encode()
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", text)
        self.send_header("Content-Length", str(len(data) + (reply == "cut short")))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    server = Fake()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setenv("OPENAI_BASE_URL", server.address)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


def complaint(error: BaseException) -> str:
    """The message, after a look for the key in all that a traceback of lmlib can show, variables too."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [repr(x.locals) for x in shown.stack if "lmlib" in x.filename]
    assert ours and KEY not in "".join(
        [*ours, *shown.format_exception_only(), repr(error)]
    )
    return str(error)


OLD_FORM = {
    "tokens": [" is", " the"],
    "token_logprobs": [-0.4, -3.0],
    # The token drawn is listed besides the two likeliest.
    "top_logprobs": [
        {" was": -1.5, " is": -0.4},
        {" a": -0.5, " it": -1.25, " the": -3.0},
    ],
}


def test_the_older_form_and_what_was_sent(fake: Fake) -> None:
    choice = {"text": " is the", "logprobs": OLD_FORM}
    fake.replies["/v1/completions"] = (200, {"model": "one", "choices": [choice]})
    answer = complete("The loss", max_tokens=2, top=2)
    assert answer == Completion(
        "one",
        " is the",
        [" is", " the"],
        [[(" is", -0.4), (" was", -1.5)], [(" a", -0.5), (" it", -1.25)]],
    )
    request = {
        "model": "one",
        "prompt": "The loss",
        "max_tokens": 2,
        "temperature": 1,
        "logprobs": 2,
    }
    assert fake.sent == [
        ("/v1/models", None, f"Bearer {KEY}"),
        ("/v1/completions", request, f"Bearer {KEY}"),
    ]


def test_a_chat_as_it_is_published(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_MODEL", "mine")
    monkeypatch.delenv("OPENAI_API_KEY")
    listed = [
        {"token": "�", "logprob": -1.0, "bytes": [228]},
        {"token": "�", "logprob": -1.5, "bytes": [229]},
        {"token": "no", "logprob": -9999.0, "bytes": None},
    ]
    place = {"token": "�", "logprob": -1.0, "bytes": [228], "top_logprobs": listed}
    message = {"role": "assistant", "content": "�", "refusal": None}
    choice = {"message": message, "logprobs": {"content": [place], "refusal": None}}
    fake.replies["/v1/chat/completions"] = (200, {"model": "mine", "choices": [choice]})
    answer = complete("Hello", chat=True, top=3)
    # Two tokens may look alike, and an impossible one is left out.
    assert answer == Completion("mine", "�", ["�"], [[("�", -1.0), ("�", -1.5)]])
    [(path, request, key)] = fake.sent
    assert (path, key) == ("/v1/chat/completions", None)
    assert request["messages"] == [{"role": "user", "content": "Hello"}]
    assert (request["logprobs"], request["top_logprobs"]) == (True, 3)


def test_a_chat_that_knows_the_newer_name_only(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_MODEL", "newer")
    says = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    place = {"token": "no", "top_logprobs": [{"token": "no", "logprob": -1.0}]}
    choice = {"message": {"content": "no"}, "logprobs": {"content": [place]}}

    def newer(body: Any) -> Reply:
        if "max_tokens" in body:
            return 400, {"error": {"message": says}}
        return 200, {"model": "newer", "choices": [choice]}

    fake.replies["/v1/chat/completions"] = newer
    assert complete("Hello", max_tokens=7, chat=True).top == [[("no", -1.0)]]
    assert fake.sent[-1][1]["max_completion_tokens"] == 7
    fake.replies["/v1/chat/completions"] = (400, {"error": {"message": "no chats"}})
    with pytest.raises(ServerError, match="answers 400 and says 'no chats'"):
        complete("Hello", chat=True)


IS = {"token": " is", "top_logprobs": [{"token": " is", "logprob": -0.5}]}
NEWER: dict[str, tuple[Any, list[str], list[Any]]] = {
    "a token without a list": (
        [IS, {"token": "", "logprob": -9999.0, "top_logprobs": []}, IS],
        [" is", "", " is"],
        [[(" is", -0.5)], [], [(" is", -0.5)]],
    ),
    "null for a place": ([None, IS], ["", " is"], [[], [(" is", -0.5)]]),
    "null for a list, at the end": (
        [IS, {"token": " a", "top_logprobs": None}],
        [" is", " a"],
        [[(" is", -0.5)], []],
    ),
    "no list": ([{"token": " a"}, IS], [" a", " is"], [[], [(" is", -0.5)]]),
    "null for tokens": (
        [{"token": None, "top_logprobs": [{"token": None, "logprob": -0.5}]}],
        [""],
        [[("", -0.5)]],
    ),
    "null for numbers": (
        [IS, {"token": "b", "top_logprobs": [{"token": "b", "logprob": None}]}],
        [" is", "b"],
        [[(" is", -0.5)], []],
    ),
    "null among the listed": (
        [{"token": "b", "top_logprobs": [None, {"token": "b", "logprob": -0.25}]}],
        ["b"],
        [[("b", -0.25)]],
    ),
    "no finite number": (
        [{"token": "b", "top_logprobs": [{"token": "b", "logprob": math.nan}]}, IS],
        ["b", " is"],
        [[], [(" is", -0.5)]],
    ),
    "nothing": ([], [], []),
    "null": (None, [], []),
    "null for all": ([None, None], [], []),
}
OLDER: dict[str, tuple[Any, Any, list[str], list[Any]]] = {
    "null, last": (["a", "b"], [{"a": -0.1}, None], ["a", "b"], [[("a", -0.1)], []]),
    "null, first": (["a", "b"], [None, {"b": -0.1}], ["a", "b"], [[], [("b", -0.1)]]),
    "null, between": (
        ["a", "b", "a"],
        [{"a": -0.1}, None, {"a": -0.2}],
        ["a", "b", "a"],
        [[("a", -0.1)], [], [("a", -0.2)]],
    ),
    "null for a number": (["a"], [{"a": None, "b": -2.0}], ["a"], [[("b", -2.0)]]),
    "null for the only number": (
        ["a", "b"],
        [{"a": None}, {"b": -1}],
        ["a", "b"],
        [[], [("b", -1.0)]],
    ),
    "null for a token": (
        [None, "b"],
        [None, {"b": -1.0}],
        ["", "b"],
        [[], [("b", -1.0)]],
    ),
    "null for the tokens": (None, [{"a": -1.0}], [""], [[("a", -1.0)]]),
    "a list missing": (["a", "b"], [{"a": -1.0}], ["a", "b"], [[("a", -1.0)], []]),
    "null for the lists": (["a", "b"], None, [], []),
    "null for both": (None, None, [], []),
}


def read(logprobs: Any) -> Completion:
    choice = {"text": "x", "logprobs": logprobs}
    # As it comes from a server.
    return read_completion(json.loads(json.dumps({"model": "m", "choices": [choice]})))


@pytest.mark.parametrize("content, tokens, top", NEWER.values(), ids=NEWER)
def test_a_gap_stays_a_gap(content: Any, tokens: list[str], top: list[Any]) -> None:
    assert read({"content": content}) == Completion("m", "x", tokens, top)


@pytest.mark.parametrize("given, lists, tokens, top", OLDER.values(), ids=OLDER)
def test_a_gap_stays_a_gap_in_the_older_form(
    given: Any, lists: Any, tokens: list[str], top: list[Any]
) -> None:
    answer = read({"tokens": given, "top_logprobs": lists, "content": None})
    assert answer == Completion("m", "x", tokens, top)


def test_a_gap_has_no_log_probs() -> None:
    answer = read({"tokens": ["a", " b"], "top_logprobs": [None, {"c": -0.5}]})
    with pytest.raises(ServerError, match=r"place: 0, 'a', is one .* such as 1"):
        answer.log_probs()
    assert answer.log_probs(1).tolist() == [-0.5]


@pytest.mark.parametrize(
    "answer, model, text",
    [
        ({"model": None, "choices": [{"text": None}]}, "the model", ""),
        ({"choices": [{"text": None, "message": {"content": "a"}}]}, "the model", "a"),
        ({"model": "m", "choices": [{"text": "a", "message": None}]}, "m", "a"),
        ({"model": "m", "choices": [{"message": {"content": None}}]}, "m", ""),
    ],
)
def test_null_is_no_word(answer: Any, model: str, text: str) -> None:
    assert read_completion(answer) == Completion(model, text, [], [])


# What `transformers serve` of Transformers 5.23 answered: it reads `logprobs`, and gives none.
SERVE = {
    "id": "824ef87a-5d7c-4c4e-98a1-571f240bd197",
    "choices": [{"finish_reason": "length", "index": 0, "text": " is the same st"}],
    "created": 1795501586,
    "model": "prose@main",
    "object": "text_completion",
    "usage": {"completion_tokens": 4, "prompt_tokens": 2, "total_tokens": 6},
}
ONLY_DRAWN = {"content": [{"token": " is", "logprob": -0.5, "top_logprobs": []}]}


@pytest.mark.parametrize(
    "answer",
    [
        SERVE,
        {"model": "m", "choices": [{"text": " is", "logprobs": None}]},
        {"model": "m", "choices": [{"text": " is", "logprobs": ONLY_DRAWN}]},
        {"model": "m", "choices": [{"message": {"content": " is"}}]},
        {"model": "m", "choices": [{"message": {"content": None}, "logprobs": None}]},
    ],
)
def test_without_log_probs_the_text_is_not_lost(fake: Fake, answer: Any) -> None:
    fake.replies["/v1/completions"] = (200, answer)
    found = complete("The loss")
    choice = answer["choices"][0]
    assert found.text == (choice.get("text") or choice["message"]["content"] or "")
    assert found.tokens == found.top == []
    with pytest.raises(
        ServerError, match="gives no log-probabilities; try chat=True, or"
    ):
        found.log_probs()


BAD: dict[str, tuple[Reply, str]] = {
    "401": (
        (401, "no: HEADER"),
        "answers 401; set OPENAI_API_KEY to a key that this server knows",
    ),
    "403": ((403, "no: HEADER"), "answers 403; set OPENAI_API_KEY to a key that may"),
    "400": (
        (400, {"error": {"message": "logprobs: at\nmost 5", "type": "bad"}}),
        "answers 400 and says 'logprobs: at most 5'; change the request",
    ),
    "404": (
        (404, {"detail": "Not Found"}),
        "answers 404 and says 'Not Found'; check OPENAI_BASE",
    ),
    "429": ((429, {"error": "slow down"}), "answers 429 and says 'slow down'; wait"),
    "500": (
        (500, "Internal Server Error"),
        "answers 500 and says 'Internal Server Error'; the fault lies there: ask again",
    ),
    "500 with the key": (
        (500, "bad HEADER"),
        "answers 500 and says 'bad Bearer …'; the fault",
    ),
    "503 without a word": (
        (503, ""),
        "answers 503 and says nothing; the fault lies there",
    ),
    "moved": ((302, "http://127.0.0.1:9/v1"), "answers 302 .*it has moved"),
    "silence": (
        (200, "silence"),
        "has not answered for 0.2 s; look at the server, or allow more",
    ),
    "cut short": ((200, "cut short"), "sends no JSON, but says 'cut short'"),
    "a page": (
        (200, "<html>Hello"),
        "sends no JSON, but says '<html>Hello'; .*Most end in /v1",
    ),
    "half": ((200, '{"choices": ['), "sends no JSON"),
    "no choices": ((200, {"choices": []}), "holds no completion"),
    "a list": ((200, [1, 2]), r"holds no completion, but says '\[1, 2\]'"),
    "an error that is no error": (
        (200, {"error": {"message": "overloaded"}}),
        "holds no completion, but says 'overloaded'; does the server speak",
    ),
    "numbers as words": (
        (
            200,
            {
                "choices": [
                    {
                        "text": "",
                        "logprobs": {"tokens": ["a"], "top_logprobs": [{"a": "b"}]},
                    }
                ]
            },
        ),
        "holds no completion",
    ),
    "a place that is none": (
        (200, {"choices": [{"text": "", "logprobs": {"content": [{}]}}]}),
        "holds no completion",
    ),
    "a null for an error": (
        (200, {"error": None, "detail": "busy"}),
        "holds no completion, but says 'busy'",
    ),
    "an error of nulls": (
        (500, {"error": {"message": None, "code": 7}}),
        "answers 500 and says .*'code': 7",
    ),
    "nothing in it": ((200, None), "holds no completion, but says 'null'"),
}


@pytest.mark.parametrize("reply, message", BAD.values(), ids=BAD)
def test_every_failure_is_a_sentence(fake: Fake, reply: Reply, message: str) -> None:
    fake.replies["/v1/completions"] = reply
    with pytest.raises(ServerError, match=message) as caught:
        complete("The loss", timeout=0.2 if reply[1] == "silence" else 5)
    assert "\n" not in complaint(caught.value)
    # The models and the request: no second try, no redirection.
    assert len(fake.sent) == 2


def test_nobody_there(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    closed.server_close()
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{closed.server_port}/v1")
    monkeypatch.setenv("OPENAI_MODEL", "one")
    with pytest.raises(
        ServerError, match="is not there; start the server, or correct"
    ) as caught:
        complete("The loss")
    complaint(caught.value)


@pytest.mark.parametrize(
    "reply, kind, message",
    [
        ((200, {"data": [{"id": "a"}, {"id": "b"}]}), ValueError, "has 2 models; choose one, such as a, b"),
        ((200, {"data": []}), ValueError, "the server has 0 models"),
        ((200, {"data": [{"id": None}]}), ValueError, "the server has 0 models"),
        ((200, {"data": [None]}), ServerError, "its models: it lists none"),
        ((200, {"data": None}), ServerError, "its models: it lists none"),
        ((200, {}), ServerError, "OPENAI_MODEL is not set, so the server was asked for its models: it lists none"),
        ((500, "oh"), ServerError, "OPENAI_MODEL is not set, so .*/models answers 500"),
    ],
)  # fmt: skip
def test_which_model(
    fake: Fake, reply: Reply, kind: type[Exception], message: str
) -> None:
    fake.replies["/v1/models"] = reply
    with pytest.raises(kind, match=message):
        complete("The loss")


@pytest.mark.parametrize(
    "address",
    [
        "localhost:8080",
        "file:///etc/passwd",
        "http://",
        "http://[::1/v1",
        "http://a..b/v1",
        f"https://user:{KEY}@example.org/v1",
        f"https://example.org/v1?key={KEY}",
        "https://example.org/v1 # mine",
    ],
)
def test_addresses_that_are_none(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    with pytest.raises(
        ValueError, match="OPENAI_BASE_URL: is no plain address"
    ) as caught:
        ask("/models")
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("key", [f"{KEY}\nX: y", f"{KEY}…", f"“{KEY}”"])
def test_keys_that_no_header_can_carry(
    key: str, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ValueError, match="OPENAI_API_KEY: holds a character") as caught:
        ask("/models")
    complaint(caught.value)
    assert not fake.sent


def test_a_line_break_after_the_key_does_no_harm(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    ask("/models")
    assert fake.sent[0][2] == f"Bearer {KEY}"


def test_arguments_that_cannot_be(fake: Fake) -> None:
    for settings, message in [
        ({"prompt": ""}, "prompt: is empty"),
        ({"max_tokens": 0}, "max_tokens: 0 asks for nothing"),
        ({"top": 0}, "top: 0 asks for nothing"),
        ({"timeout": 0.0}, "timeout: 0.0 is not above 0"),
        ({"timeout": math.inf}, "timeout: inf is not above 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            complete(**{"prompt": "a", **settings})  # type: ignore[arg-type]
    assert not fake.sent
    with pytest.raises(ValueError, match="place: 1 is none of the 1 tokens"):
        Completion("m", "a", ["a"], [[("a", -0.1)]]).log_probs(1)


def optional_cell() -> str:
    """The cell of the chapter on generation that asks a server."""
    chapter = Path(__file__).parents[1] / "chapters" / "generation.ipynb"
    cells = nbformat.read(chapter, as_version=4).cells
    (cell,) = [c for c in cells if "new = complete(" in c.source]
    return cell.source


@pytest.mark.parametrize(
    "reply, message",
    [
        (BAD["401"][0], "answers 401"),
        (BAD["500"][0], "answers 500"),
        (BAD["a page"][0], "sends no JSON"),
        (
            (200, SERVE),
            "wrote ' is the same st', but its server gives no log-probabilities",
        ),
    ],
)
def test_the_chapter_goes_on_where_a_server_fails(
    fake: Fake, reply: Reply, message: str
) -> None:
    fake.replies["/v1/completions"] = reply
    said: list[str] = []
    space = {"os": os, "json": json, "DATA": DATA, "show": said.append}
    exec(optional_cell(), space)
    assert len(said) == 1 and message in said[0]
    assert space["recorded"] and space["answer"] == read_completion(RECORD["answer"])


def test_the_chapter_takes_what_a_server_says(fake: Fake) -> None:
    choice = {"text": " is the", "logprobs": OLD_FORM}
    fake.replies["/v1/completions"] = (200, {"model": "one", "choices": [choice]})
    space: dict[str, Any] = {"os": os, "json": json, "DATA": DATA}
    exec(optional_cell(), space)
    assert not space["recorded"] and space["answer"].model == "one"
    assert space["vocab_size"] == space["VOCAB_SIZE"]


def test_without_an_address_nobody_is_asked() -> None:
    with pytest.raises(
        ValueError, match="OPENAI_BASE_URL: is not set, so there is no server"
    ):
        complete("The loss")


def test_nothing_keeps_the_key(fake: Fake) -> None:
    """Neither what comes back, nor the widget, nor the library."""
    choice = {"text": " is the", "logprobs": OLD_FORM}
    fake.replies["/v1/completions"] = (200, {"model": "one", "choices": [choice]})
    answer = complete("The loss")
    logits: Tensor = even_rest(answer.log_probs(), 100)
    widget = TemperatureScrubber({"The loss": logits}, ["a"] * 100)
    kept = [repr(answer), dataclasses.asdict(answer), widget._repr_mimebundle_()]
    kept += [vars(hosted), vars(server)]
    assert KEY not in repr(kept).replace(repr(dict(os.environ)), "")


def test_the_tests_server_ends_with_its_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed")
    with (
        pytest.raises(ZeroDivisionError),
        llama_server.llama_server(tmp_path) as address,
    ):
        monkeypatch.setenv("OPENAI_BASE_URL", address)
        assert ask("/models")["data"]
        raise ZeroDivisionError
    with pytest.raises(ServerError, match="is not there"):
        ask("/models")
