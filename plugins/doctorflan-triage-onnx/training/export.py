"""Writing the fitted pipeline as one ONNX file with its manifest, and comparing the two."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from doctorflan_triage_onnx.classifier import CONTRIBUTIONS, INPUT, PROBABILITIES, Classifier
from doctorflan_triage_onnx.model import MODEL_FILE
from fitting import Fitted
from onnx import helper, numpy_helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import StringTensorType

from doctorflan_ls.models.folders import manifest
from doctorflan_ls.models.folders.manifest import Manifest
from doctorflan_ls.tasks.model import Bilingual

VERSION = "1.0.0"
# What onnxruntime 1.23, the oldest we allow, knows with room to spare.
_OPSET = 17
_WEIGHTS = "contribution_weights"
_LIMITS = Bilingual(
    "只学过内科 11 个科室的患者网上提问；不认识外科、妇产科、儿科、肿瘤科和急诊。"
    "科室是建议，请医生核对。",
    "Trained on lay questions of 11 internal-medicine departments only; knows no surgery, "
    "obstetrics, paediatrics, oncology or emergencies. Suggestions to be checked by the doctor.",
)


def export(fitted: Fitted, rows: int, folder: Path) -> Manifest:
    """Write ``triage.onnx`` and ``model.toml``; ``rows`` were trained on."""
    linear = fitted.pipeline.named_steps["linear"]
    with warnings.catch_warnings():
        # It warns of every analyzer but words; the comparison below is what counts.
        warnings.simplefilter("ignore", UserWarning)
        graph = convert_sklearn(
            fitted.pipeline,
            name="triage",
            initial_types=[(INPUT, StringTensorType([None, 1]))],
            options={"linear": {"zipmap": False}},
            target_opset=_OPSET,
        )
    _with_contributions(graph, linear.coef_)
    helper.set_model_props(
        graph,
        {
            "vocabulary": json.dumps(_grams(fitted), ensure_ascii=False),
            "departments": json.dumps(list(linear.classes_), ensure_ascii=False),
            "threshold": str(fitted.threshold),
            "rows": str(rows),
        },
    )
    # The converter's order is a set's, and differs from run to run.
    imports = sorted(graph.opset_import, key=lambda one: one.domain)
    del graph.opset_import[:]
    graph.opset_import.extend(imports)
    onnx.checker.check_model(graph)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL_FILE).write_bytes(graph.SerializeToString(deterministic=True))
    return manifest.write(folder, _manifest(folder))


def difference(fitted: Fitted, folder: Path, texts: Sequence[str]) -> float:
    """The largest difference between the file's probabilities and scikit-learn's."""
    classifier = Classifier(folder / MODEL_FILE)
    ours = np.array([classifier.scores(text).probabilities for text in texts])
    return float(np.abs(ours - fitted.pipeline.predict_proba(texts)).max())


def _grams(fitted: Fitted) -> list[str]:
    places = fitted.pipeline.named_steps["tfidf"].vocabulary_
    return [str(gram) for gram in sorted(places, key=places.__getitem__)]


def _with_contributions(graph: onnx.ModelProto, weights: np.ndarray) -> None:
    """A third output: each n-gram's TF-IDF value times its weight for each department."""
    classifier = next(node for node in graph.graph.node if node.op_type == "LinearClassifier")
    by_gram = weights.T[np.newaxis].astype(np.float32)
    graph.graph.initializer.append(numpy_helper.from_array(by_gram, _WEIGHTS))
    axis = numpy_helper.from_array(np.array([2], dtype=np.int64), "last_axis")
    graph.graph.initializer.append(axis)
    graph.graph.node.extend(
        [
            helper.make_node("Unsqueeze", [classifier.input[0], "last_axis"], ["column"]),
            helper.make_node("Mul", ["column", _WEIGHTS], [CONTRIBUTIONS]),
        ]
    )
    shape = [None, *by_gram.shape[1:]]
    output = helper.make_tensor_value_info(CONTRIBUTIONS, onnx.TensorProto.FLOAT, shape)
    kept = [one for one in graph.graph.output if one.name == PROBABILITIES]
    del graph.graph.output[:]
    graph.graph.output.extend([*kept, output])


def _manifest(folder: Path) -> Manifest:
    return Manifest(
        id="triage",
        version=VERSION,
        kind="onnx",
        licence="MIT",
        source="trained on Toyhom/Chinese-medical-dialogue-data 26724a4 (MIT), see README.md",
        languages=("zh",),
        tasks=("triage",),
        description=Bilingual(
            "内科分诊分类器：字符 n-gram TF-IDF 与逻辑回归",
            "Classifier of internal-medicine departments: character n-grams, logistic regression",
        ),
        limits=_LIMITS,
        digest="",
        files=manifest.hashed(folder, [MODEL_FILE]),
        memory_mib=40,
        threads=1,
    )
