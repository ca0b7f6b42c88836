"""The two older neural models: causal, and blind to what lies outside their window."""

import pytest
import torch

from lmlib.baselines import FeedForwardLM, RecurrentLM
from lmlib.evaluation import token_losses

TOKENS = torch.randint(0, 20, (2, 15), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "model", [FeedForwardLM(20, window=4), RecurrentLM(20, d_model=8)]
)
def test_no_look_ahead(model: torch.nn.Module) -> None:
    changed = TOKENS.clone()
    changed[:, 9] = (changed[:, 9] + 1) % 20
    before, after = model(TOKENS), model(changed)
    assert torch.equal(before[:, :9], after[:, :9])
    assert not torch.allclose(before[:, 9], after[:, 9])
    assert before.shape == (2, 15, 20)


def test_the_window_is_all_that_the_feed_forward_model_sees() -> None:
    model, changed = FeedForwardLM(20, window=4), TOKENS.clone()
    changed[:, 5] = (changed[:, 5] + 1) % 20
    moved = (model(TOKENS) != model(changed)).any(-1).any(0)
    assert moved.tolist() == [5 <= t <= 8 for t in range(15)]


def test_feed_forward_by_hand() -> None:
    model = FeedForwardLM(20, window=3).double()
    x = model.embed.weight[
        torch.tensor([TOKENS[0, 0], TOKENS[0, 0], TOKENS[0, 1]])
    ].flatten()
    hidden = torch.nn.functional.gelu(model.hidden.weight @ x + model.hidden.bias)
    torch.testing.assert_close(
        model(TOKENS)[0, 1], model.output.weight @ hidden + model.output.bias
    )


@pytest.mark.parametrize("kind", [FeedForwardLM, RecurrentLM])
def test_seeds(kind: type[torch.nn.Module]) -> None:
    one, two, other = kind(20), kind(20), kind(20, seed=1)
    assert torch.equal(one(TOKENS), two(TOKENS))
    assert not torch.equal(one(TOKENS), other(TOKENS))
    assert len(token_losses(one, list(TOKENS))) == 2  # a language model like all others


def test_a_window_of_nothing() -> None:
    with pytest.raises(
        ValueError, match="window: 0 tokens tell nothing; use 1 or more"
    ):
        FeedForwardLM(20, window=0)
