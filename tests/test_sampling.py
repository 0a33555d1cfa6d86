"""The choice of a token: greedy, and by chance within bounds."""

from collections import Counter

import numpy as np
import pytest

from doctorflan_ls.models.base import Sampling
from doctorflan_ls.models.local.sampling import Sampler

SHARES = np.array([0.05, 0.4, 0.05, 0.3, 0.2])
LOGITS = np.log(SHARES).astype(np.float32)


def drawn(count=2000, logits=LOGITS, **sampling):
    sampler = Sampler(Sampling(**({"temperature": 1.0, "seed": 3} | sampling)))
    return Counter(sampler.choose(logits) for _ in range(count))


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_greedy_takes_the_likeliest(kind):
    assert set(drawn(5, LOGITS.astype(kind), temperature=0, seed=9)) == {1}


@pytest.mark.parametrize(
    ("sampling", "wanted"),
    [
        ({}, {0: 0.05, 1: 0.4, 2: 0.05, 3: 0.3, 4: 0.2}),
        ({"top_k": 2}, {1: 4 / 7, 3: 3 / 7}),
        ({"top_k": 4}, {0: 1 / 19, 1: 8 / 19, 3: 6 / 19, 4: 4 / 19}),
        ({"top_k": 99}, {0: 0.05, 1: 0.4, 2: 0.05, 3: 0.3, 4: 0.2}),
        ({"top_p": 0.69}, {1: 4 / 7, 3: 3 / 7}),
        ({"top_p": 0.71}, {1: 4 / 9, 3: 3 / 9, 4: 2 / 9}),
        ({"top_p": 0.0}, {1: 1}),
        ({"top_p": 0.5, "top_k": 2}, {1: 1}),
        ({"temperature": 0.5}, {i: s**2 / (SHARES**2).sum() for i, s in enumerate(SHARES)}),
    ],
)
def test_chance_keeps_its_bounds_and_shares(sampling, wanted):
    found = drawn(**sampling)
    assert set(found) == set(wanted)
    for token, share in wanted.items():
        assert found[token] / 2000 == pytest.approx(share, abs=0.04)


def test_a_seed_gives_the_same_tokens():
    rows = np.random.default_rng(1).standard_normal((50, 5000)).astype(np.float32) * 3

    def tokens(seed, **sampling):
        sampler = Sampler(Sampling(temperature=0.9, seed=seed, **sampling))
        return [sampler.choose(row) for row in rows]

    for sampling in ({}, {"top_p": 0.9}, {"top_k": 40}):
        assert tokens(1, **sampling) == tokens(1, **sampling) != tokens(2, **sampling)


def test_a_long_tail_counts_where_top_p_reaches_into_it():
    # 5,000 equal tokens: 90 percent of the mass are the first 4,500.
    found = drawn(20000, np.zeros(5000, np.float32), top_p=0.9)
    assert max(found) in range(4400, 4500)
