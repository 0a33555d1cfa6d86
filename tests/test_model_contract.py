"""All kinds of models keep to one contract."""

import importlib.util
import os
from dataclasses import replace
from pathlib import Path

import pytest
from made_llama import manifest, tiny_llama

from doctorflan_ls.models import onnx as onnx_kind
from doctorflan_ls.models import transformers as torch_kind
from doctorflan_ls.models.base import ModelOptions
from doctorflan_ls.models.folders.manifest import read
from doctorflan_ls.models.language import LanguageModel
from doctorflan_ls.models.skeleton import SkeletonModel
from doctorflan_ls.testing import ChatModelContract, ModelContract

OPTIONS = ModelOptions(threads=1)


def packaged(name):
    folder = Path(os.environ.get("DOCTORFLAN_TEST_MODELS", "")) / name
    if not (folder / "model.toml").is_file():
        pytest.skip("the packaged weights are not here")
    return onnx_kind.load(folder, read(folder), OPTIONS)


class TestSkeleton(ModelContract):
    def model(self):
        return SkeletonModel()


class TestOnnx(ChatModelContract):
    """A graph that says one sentence, whatever it is asked."""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def folder(cls, tmp_path_factory):
        graphs = pytest.importorskip("onnx_graphs")
        cls.where = graphs.save(graphs.chain("咳 lungs?"), tmp_path_factory.mktemp("chain"))

    def model(self):
        graphs = pytest.importorskip("onnx_graphs")
        return onnx_kind.load(self.where, graphs.manifest(), OPTIONS)


class TestTransformers(ChatModelContract):
    """A tiny Llama with random weights."""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def folder(cls, tmp_path_factory):
        pytest.importorskip("torch")
        cls.where = tiny_llama(tmp_path_factory.mktemp("llama"))

    def model(self):
        return torch_kind.load(self.where, manifest(), OPTIONS)


@pytest.mark.slow
class TestPackagedChinese(ChatModelContract):
    def model(self):
        return packaged("minimind2-small")


@pytest.mark.slow
class TestPackagedEnglish(ChatModelContract):
    def model(self):
        return packaged("smollm2-135m")


@pytest.mark.slow
class TestPackagedDrafts(ModelContract):
    def model(self):
        return LanguageModel(packaged("minimind2-small"))


class _Broken:
    """What wraps a good model and breaks one promise."""

    def __init__(self, inner):
        self._inner = inner

    def __getattr__(self, name):
        return getattr(self._inner, name)


class _Deaf(_Broken):
    def stream(self, messages, sampling, stop, lead=""):
        return self._inner.stream(messages, sampling, type(stop)(), lead)


class _Talkative(_Broken):
    def stream(self, messages, sampling, stop, lead=""):
        return self._inner.stream(messages, replace(sampling, stop=(), max_tokens=20), stop, lead)


class _Halving(_Broken):
    def stream(self, messages, sampling, stop, lead=""):
        for piece in self._inner.stream(messages, sampling, stop, lead):
            yield piece + "\ufffd"


class _Leading(_Broken):
    def stream(self, messages, sampling, stop, lead=""):
        yield from self._inner.stream(messages, sampling, stop)


@pytest.mark.skipif(importlib.util.find_spec("onnx") is None, reason="makes a graph")
@pytest.mark.parametrize(
    ("wrapper", "test"),
    [
        (_Deaf, "test_a_stop_before_the_first_piece"),
        (_Deaf, "test_a_stop_in_the_middle"),
        (_Talkative, "test_a_stop_string_is_never_shown"),
        (_Talkative, "test_an_answer_has_no_more_tokens_than_asked_for"),
        (_Halving, "test_pieces_are_whole"),
        (_Leading, "test_a_lead_is_gone_on_from"),
    ],
)
def test_the_suite_notices_a_broken_promise(tmp_path, wrapper, test):
    import onnx_graphs  # noqa: PLC0415 - needs the onnx package

    where = onnx_graphs.save(onnx_graphs.chain("咳 lungs?"), tmp_path)

    class Suite(ChatModelContract):
        def model(self):
            return wrapper(onnx_kind.load(where, onnx_graphs.manifest(), OPTIONS))

    with pytest.raises(AssertionError):
        getattr(Suite(), test)()
