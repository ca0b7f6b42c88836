"""Whether a model is what its configuration makes: wrappers are looked through, changes are found."""

import subprocess
import sys
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lmlib.blocks import Config
from lmlib.integrity import check_hooks, check_kind, check_unchanged
from lmlib.modules import named_parts, named_tensors, unwrap, without_numbers
from lmlib.transformer import BERT, GPT

CONFIG = Config(
    vocab_size=12, block_size=9, n_layer=2, n_head=2, d_model=8, dropout=0.1
)


def compiled_blocks(model: GPT) -> GPT:
    for i, block in enumerate(model.decoder.blocks):
        model.decoder.blocks[i] = torch.compile(block)
    return model


def test_wrappers_are_looked_through() -> None:
    model = GPT(CONFIG)
    names = [*model.state_dict()]
    for wrapped in (
        model,
        torch.compile(model),
        nn.DataParallel(torch.compile(model)),
        torch.compile(nn.DataParallel(model)),
    ):
        assert unwrap(wrapped) is model
        assert [*named_tensors(wrapped)] == names
        check_unchanged("model", wrapped, partial(GPT, CONFIG))
    assert [*named_tensors(compiled_blocks(model))] == names
    check_unchanged("model", model, partial(GPT, CONFIG))
    assert unwrap("no module") == "no module"
    assert named_parts(model)["decoder.blocks.1"] is model.decoder.blocks[1]._orig_mod


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "rotary"])
def test_a_model_without_numbers_has_all_but_numbers(positions: Any) -> None:
    config = replace(CONFIG, positions=positions)
    whole, empty = GPT(config), without_numbers(partial(GPT, config))
    assert {p.device.type for p in empty.parameters()} == {"meta"}
    shapes = [{n: t.shape for n, t in m.state_dict().items()} for m in (whole, empty)]
    assert shapes[0] == shapes[1]
    assert torch.equal(GPT(config).decoder.embed.weight, whole.decoder.embed.weight)


def test_a_check_imports_no_compiler() -> None:
    """Which would take longer than to write a model of the book."""
    code = (
        "import sys; from functools import partial; from lmlib.integrity import check_unchanged; "
        "from lmlib.transformer import GPT, Config; before = {*sys.modules}; make = partial(GPT, Config(9)); "
        "check_unchanged('model', make(), make); print(*{*sys.modules} - before)"
    )
    run = [sys.executable, "-c", code]
    new = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert "dynamo" not in new


def test_what_only_training_knows_is_free() -> None:
    model = GPT(CONFIG).eval().requires_grad_(False)
    for part in model.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    model.notes, model.decoder.seen = "best of three", 5  # type: ignore[assignment]
    check_unchanged("model", model, partial(GPT, CONFIG))


def test_layers_of_one_name_and_another_class() -> None:
    class Linear(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return 2 * super().forward(x)

    with pytest.raises(
        ValueError,
        match=r"part: its 0 is a .*Linear, where .* makes a torch.*Linear; undo that first",
    ):
        check_unchanged(
            "part", nn.Sequential(Linear(2, 2)), lambda: nn.Sequential(nn.Linear(2, 2))
        )


def test_more_and_fewer_parts() -> None:
    one, two = nn.Sequential(nn.ReLU()), nn.Sequential(nn.ReLU(), nn.Tanh())
    with pytest.raises(
        ValueError, match=r"its 1 is a .*Tanh, where .* makes no part at all"
    ):
        check_unchanged("model", two, lambda: one)
    with pytest.raises(
        ValueError, match=r"its 1 is no part at all, where .* makes a .*Tanh"
    ):
        check_unchanged("model", one, lambda: two)
    table = nn.Embedding(2, 3, max_norm=1.0)
    with pytest.raises(ValueError, match=r"it has max_norm 1.0, where .* makes None"):
        check_unchanged("model", table, lambda: nn.Embedding(2, 3))


def test_kinds() -> None:
    check_kind("model", GPT(CONFIG), GPT, BERT)
    for wrong in (nn.ReLU(), "gpt2", None, GPT):
        with pytest.raises(
            ValueError, match=r"model: is a \w+, not a GPT or BERT; give a GPT"
        ):
            check_kind("model", wrong, GPT, BERT)


def test_hooks() -> None:
    model = GPT(CONFIG)
    check_hooks("model", model)
    for register in ("register_forward_hook", "register_forward_pre_hook"):
        handle = getattr(model.decoder.blocks[0], register)(lambda *_: None)
        with pytest.raises(
            ValueError, match=r"model: its decoder\.blocks\.0 has a forward hook"
        ):
            check_hooks("model", model)
        check_hooks("model", model, __name__)
        handle.remove()
    model.register_forward_hook(lambda *_: None)
    with pytest.raises(ValueError, match=r"model: its GPT has a forward hook"):
        check_hooks("model", model)
