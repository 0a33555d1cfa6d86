"""Models in ONNX: the cache in every shape the exporters give it, reuse, stopping, text."""

import threading
import time

import numpy as np
import onnx_graphs as graphs
import pytest
from onnxruntime import RunOptions

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Message, ModelOptions, Sampling, Stop
from doctorflan_ls.models.onnx import load
from doctorflan_ls.models.onnx.memory import MIB, Needs, fitting_context

ASK = (Message("user", "主诉：发热3天。Fever for 3 days."),)
MORE = (Message("user", "主诉：发热3天。Fever for 3 weeks, and more of it."),)


@pytest.fixture(scope="module", params=graphs.STYLES)
def folder(request, tmp_path_factory):
    model = graphs.graph(graphs.weights(), graphs.STYLES[request.param])
    external = request.param == "builder"
    return graphs.save(model, tmp_path_factory.mktemp("model"), external=external)


def opened(folder, **options):
    return load(folder, graphs.manifest(), ModelOptions(threads=1, **options))


def answer(model, messages=ASK, lead="", stop=None, **sampling):
    sampling = {"max_tokens": 24} | sampling
    pieces = model.stream(messages, Sampling(**sampling), stop or Stop(), lead)
    text = []
    while True:
        try:
            text.append(next(pieces))
        except StopIteration as end:
            return "".join(text), end.value


def _tolerance(decoder):
    # Logits go from -30 to 30; a token seen at the wrong place moves them by ten.
    return 1.0 if decoder._layout.slots[0].dtype == "float16" else 5e-4


def test_the_cache_changes_nothing(folder):
    # The logits of each step against a decoder that computes everything anew.
    decoder = opened(folder)._decoder
    made, rng = graphs.weights(), np.random.default_rng(1)
    tokens = [int(token) for token in rng.integers(0, graphs.END, 40)]
    close = {"atol": _tolerance(decoder)}
    row = decoder.prefill(tokens[:10], RunOptions())
    for count in range(10, 39):
        np.testing.assert_allclose(row, graphs.plain_logits(made, tokens[:count]), **close)
        row = decoder.step(tokens[count], RunOptions())
    assert decoder.tokens == tokens[:39]


def test_a_long_prompt_in_pieces_across_grown_buffers(folder):
    model = opened(folder)
    tokens = [int(token) for token in np.random.default_rng(2).integers(0, graphs.END, 1300)]
    model._decoder._piece = 96
    row = model._decoder.prefill(tokens, RunOptions())
    wanted = graphs.plain_logits(graphs.weights(), tokens)
    np.testing.assert_allclose(row, wanted, atol=_tolerance(model._decoder))


def _steps(model):
    """The lengths of the steps that the model runs from now on."""
    ran = []
    original = model._decoder._run

    def run(tokens, options):
        original(tokens, options)
        ran.append(len(tokens))

    model._decoder._run = run
    return ran


def test_the_answer_of_a_warm_cache_is_that_of_a_cold_one(folder):
    cold = answer(opened(folder), MORE)
    model = opened(folder)
    first = answer(model)
    ran = _steps(model)
    assert answer(model, MORE) == cold
    prompts = [model._tokenizer.prompt_ids(messages) for messages in (ASK, MORE)]
    shared = next(i for i, (a, b) in enumerate(zip(*prompts, strict=False)) if a != b)
    assert shared >= 32
    assert ran[0] == len(prompts[1]) - shared // 32 * 32
    ran.clear()
    assert answer(model, MORE) == cold
    assert ran[0] == len(prompts[1]) - (len(prompts[1]) - 1) // 32 * 32
    assert answer(model) == first


def test_going_on_from_an_answer_keeps_it(tmp_path):
    model = opened(graphs.save(graphs.chain("abcdefgh"), tmp_path))
    assert answer(model) == ("abcdefgh", "stop")
    ran = _steps(model)
    assert answer(model, lead="abcdef") == ("gh", "stop")
    assert ran == [1, 1, 1]


def test_asking_the_same_again_does_not_rest_on_the_answer(tmp_path):
    model = opened(graphs.save(graphs.chain("abcdefgh"), tmp_path))
    first = answer(model, lead="abcdef")
    ran = _steps(model)
    assert answer(model, lead="abcdef") == first
    assert ran[0] > 1


def test_stopped_between_tokens_it_answers_the_same_afterwards(folder):
    model = opened(folder)
    wanted = answer(model)
    stop = Stop()
    pieces = model.stream(ASK, Sampling(max_tokens=500), stop)
    next(pieces)
    stop.set()
    # Within one token: a piece at most was on its way.
    assert len(list(pieces)) <= 1
    assert answer(model) == wanted


def test_stopped_within_a_step_it_answers_the_same_afterwards(folder):
    long = (Message("user", "发热。" * 420),)
    wanted = answer(opened(folder), long)
    model = opened(folder)
    for delay in (0.0, 0.001, 0.004, 0.02):
        stop = Stop()
        timer = threading.Timer(delay, stop.set)
        timer.start()
        pieces = model.stream(long, Sampling(max_tokens=2000), stop)
        begun = time.monotonic()
        list(pieces)
        assert time.monotonic() - begun < 5
        timer.join()
        assert model._decoder._cache.length == len(model._decoder.tokens)
    assert answer(model, long) == wanted


def test_an_abandoned_answer_leaves_the_model_usable(folder):
    model = opened(folder)
    wanted = answer(model)
    pieces = model.stream(MORE, Sampling(max_tokens=50), Stop())
    next(pieces)
    pieces.close()
    assert answer(model) == wanted


def test_a_seed_is_an_answer(folder):
    model = opened(folder)
    hot = {"temperature": 0.8, "top_p": 0.95, "top_k": 40}
    first = answer(model, seed=7, **hot)
    assert answer(model, MORE, seed=7, **hot) != first
    assert answer(model, seed=7, **hot) == first
    assert answer(model, seed=8, **hot) != first


def test_the_same_on_a_shared_and_on_a_growing_cache(tmp_path):
    answers = set()
    for name in ("builder", "optimum", "transformers", "transformers.js"):
        model = graphs.graph(graphs.weights(3), graphs.STYLES[name])
        answers.add(answer(opened(graphs.save(model, tmp_path / name)), max_tokens=60))
    assert len(answers) == 1


def test_characters_come_whole_and_the_end_of_turn_ends(tmp_path):
    model = opened(graphs.save(graphs.chain("高兴é!"), tmp_path))
    pieces = list(model.stream(ASK, Sampling(max_tokens=99), Stop()))
    assert pieces == ["高", "兴", "é", "!"]
    assert answer(model, max_tokens=99) == ("高兴é!", "stop")
    text, finish = answer(model, max_tokens=4)
    assert (text.rstrip("\N{REPLACEMENT CHARACTER}"), finish) == ("高", "length")
    assert answer(model, max_tokens=0) == ("", "length")


def test_nothing_of_a_stop_string_is_shown(tmp_path):
    model = opened(graphs.save(graphs.chain("abcdefgh", end=False), tmp_path))
    assert answer(model, stop=None)[0].startswith("abcdefghabc")
    sampling = Sampling(max_tokens=40, stop=("efx", "fga", "efg"))
    pieces = model.stream(ASK, sampling, Stop())
    assert "".join(pieces) == "abcd"


def test_a_context_that_is_full(folder):
    model = opened(folder)
    context = model.spec.context_length
    assert context == graphs.CONTEXT
    with pytest.raises(ModelUnavailable, match=r"tokens.*4096") as error:
        answer(model, (Message("user", "x" * context),))
    assert error.value.key == "onnx.context"
    nearly = (Message("user", "x" * (context - 30)),)
    left = context - model.count(nearly)
    assert 0 < left < 30
    _, finish = answer(model, nearly, max_tokens=500)
    assert finish == "length"
    assert len(model._decoder.tokens) == context - 1


def test_memory_bounds_the_context_or_refuses(folder):
    needs = Needs(weights=400 * MIB, logits=4 * MIB, token=MIB // 4)
    assert fitting_context(needs, 8192, 8000, "x.onnx") == 8192
    fitting = fitting_context(needs, 8192, 1000, "x.onnx")
    assert 512 <= fitting <= (1000 - 600) * 2
    with pytest.raises(ModelUnavailable, match=r"about 856 MiB .* 800 MiB"):
        fitting_context(needs, 8192, 800, "x.onnx")
    with pytest.raises(ModelUnavailable) as error:
        opened(folder, memory_mib=90)
    assert error.value.key == "onnx.memory"


def test_a_closed_model_says_so(folder):
    model = opened(folder)
    model.close()
    with pytest.raises(ModelUnavailable) as error:
        answer(model)
    assert error.value.key == "onnx.closed"
