"""How the next token is chosen."""

import numpy as np
import pytest

from doctorflan_ls.models.base import Sampling
from doctorflan_ls.models.sampling import Sampler

SCORES = np.log(np.array([0.1, 0.5, 0.15, 0.25], np.float32))


def chosen(sampling, count=2000):
    sampler = Sampler(sampling)
    return [sampler.choose(SCORES) for _ in range(count)]


def test_greedy_is_the_likeliest_whatever_else_is_set():
    assert set(chosen(Sampling(temperature=0, top_k=2, top_p=0.1, seed=5), 5)) == {1}


@pytest.mark.parametrize(
    ("sampling", "shares"),
    [
        (Sampling(temperature=1), [0.1, 0.5, 0.15, 0.25]),
        (Sampling(temperature=1, top_k=2), [0, 2 / 3, 0, 1 / 3]),
        (Sampling(temperature=1, top_p=0.6), [0, 2 / 3, 0, 1 / 3]),
        (Sampling(temperature=1, top_p=0.0), [0, 1, 0, 0]),
        (Sampling(temperature=1, top_k=99), [0.1, 0.5, 0.15, 0.25]),
        (Sampling(temperature=0.5), [0.029, 0.725, 0.065, 0.181]),
    ],
)
def test_tokens_come_as_often_as_they_are_likely(sampling, shares):
    counts = np.bincount(chosen(sampling), minlength=4) / 2000
    assert np.allclose(counts, shares, atol=0.04)
    assert not counts[np.array(shares) == 0].any()


def test_a_seed_gives_the_same_tokens_and_another_gives_others():
    first = chosen(Sampling(temperature=1, seed=1), 50)
    assert first == chosen(Sampling(temperature=1, seed=1), 50)
    assert first != chosen(Sampling(temperature=1, seed=2), 50)
