"""What is wrong with an ONNX model is said in one line that tells how to mend it."""

import json

import numpy as np
import onnx
import onnx_graphs as graphs
import pytest
from onnx import TensorProto, helper, numpy_helper

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Message, ModelOptions, Sampling, Stop
from doctorflan_ls.models.folders.manifest import ModelFile
from doctorflan_ls.models.onnx import load

PLAIN = graphs.graph(graphs.weights())


def refused(folder, key, **changed):
    with pytest.raises(ModelUnavailable) as error:
        load(folder, graphs.manifest(**changed), ModelOptions(threads=1))
    assert error.value.key == key
    for locale in ("zh", "en"):
        line = error.value.user_message(locale)
        assert "\n" not in line
        assert len(line) < 300 + len(str(folder))
        # Of several models that each have a model.onnx, it is this one's.
        assert "file" not in error.value.fields or str(folder) in line
    return error.value


def _asked(folder):
    model = load(folder, graphs.manifest(), ModelOptions(threads=1))
    return list(model.stream((Message("user", "x"),), Sampling(max_tokens=3), Stop()))


def changed(**change):
    model = onnx.ModelProto()
    model.CopyFrom(PLAIN)
    for key, value in change.items():
        setattr(model, key, value)
    return model


def test_a_missing_tokenizer(tmp_path):
    graphs.save(PLAIN, tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    refused(tmp_path, "tokenizer.missing")


def test_no_graph_two_graphs_a_named_graph(tmp_path):
    refused(tmp_path, "onnx.no-file")
    graphs.save(PLAIN, tmp_path)
    graphs.save(PLAIN, tmp_path, "other.onnx")
    refused(tmp_path, "onnx.many-files")
    listed = (ModelFile("gone.onnx", "", 1),)
    refused(tmp_path, "onnx.missing", files=listed)
    genai = {"model": {"decoder": {"filename": "other.onnx"}, "context_length": 77}}
    (tmp_path / "genai_config.json").write_text(json.dumps(genai), encoding="utf-8")
    model = load(tmp_path, graphs.manifest(), ModelOptions(threads=1))
    assert model.spec.context_length == 77
    genai["model"]["decoder"]["filename"] = "../other.onnx"
    (tmp_path / "genai_config.json").write_text(json.dumps(genai), encoding="utf-8")
    refused(tmp_path, "onnx.outside")
    (tmp_path / "genai_config.json").write_text("[1", encoding="utf-8")
    refused(tmp_path, "onnx.config")


@pytest.mark.parametrize("kept", [0, 1, 7, 100, 0.5, 0.9, 0.999])
def test_a_truncated_graph(tmp_path, kept):
    graphs.save(PLAIN, tmp_path)
    path = tmp_path / "model.onnx"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept if kept >= 1 else kept * len(whole))])
    refused(tmp_path, "onnx.broken")


@pytest.mark.parametrize("content", [b"PK\x03\x04" * 99, b"\x80\x02}q\x00." * 9, b"\xff" * 999])
def test_a_file_that_is_no_graph(tmp_path, content):
    graphs.save(PLAIN, tmp_path)
    (tmp_path / "model.onnx").write_bytes(content)
    refused(tmp_path, "onnx.broken")


def test_any_damage_is_one_line(tmp_path):
    # Whatever byte is wrong: loaded (a weight changed), or refused in one line.
    graphs.save(PLAIN, tmp_path)
    path = tmp_path / "model.onnx"
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    lines = []
    # The structure is at the beginning, the weights behind it.
    for at in rng.integers(0, 9000, 60):
        broken = bytearray(whole)
        broken[at] ^= int(rng.integers(1, 256))
        path.write_bytes(broken)
        try:
            load(tmp_path, graphs.manifest(), ModelOptions(threads=1))
        except ModelUnavailable as error:
            lines.append(str(error))
    assert len(lines) > 10
    assert not any("\n" in line for line in lines)


def test_weights_that_are_missing_or_cut_short(tmp_path):
    graphs.save(changed(), tmp_path, external=True)
    weights = tmp_path / "model.onnx.data"
    whole = weights.read_bytes()
    load(tmp_path, graphs.manifest(), ModelOptions(threads=1))
    weights.write_bytes(whole[:-1000])
    refused(tmp_path, "onnx.cut-weights")
    weights.unlink()
    assert "model.onnx.data" in str(refused(tmp_path, "onnx.missing"))


def test_weights_that_the_manifest_does_not_list(tmp_path):
    graphs.save(changed(), tmp_path, external=True)
    listed = (ModelFile("model.onnx", "", 1),)
    refused(tmp_path, "onnx.unlisted", files=listed)
    listed += (ModelFile("model.onnx.data", "", 1),)
    load(tmp_path, graphs.manifest(files=listed), ModelOptions(threads=1))


@pytest.mark.parametrize(
    "location",
    ["../../etc/passwd", "/etc/passwd", "x/../../secret", "link", "*/_ORT_MEM_ADDR_/*", ""],
)
@pytest.mark.parametrize("where", ["weights", "constant"])
def test_weights_outside_the_folder(tmp_path, location, where):
    (tmp_path / "secret").write_bytes(b"x" * 4096)
    folder = tmp_path / "a" / "model"
    folder.mkdir(parents=True)
    (folder / "link").symlink_to(tmp_path / "secret")
    tensor = helper.make_tensor("stolen", TensorProto.FLOAT, [4], [1, 2, 3, 4])
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    model = changed()
    if where == "weights":
        model.graph.initializer.append(tensor)
    else:
        model.graph.node.append(helper.make_node("Constant", [], ["made"], value=tensor))
    graphs.save(PLAIN, folder)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    key = "onnx.missing" if location.startswith("*") else "onnx.outside"
    assert "root:" not in str(refused(folder, key))


def test_foreign_operators(tmp_path):
    model = changed()
    model.graph.node.append(helper.make_node("Steal", ["logits"], ["x"], domain="evil.ops"))
    model.opset_import.append(helper.make_opsetid("evil.ops", 1))
    graphs.save(model, tmp_path)
    assert "evil.ops.Steal" in str(refused(tmp_path, "onnx.operator"))
    model = changed()
    model.graph.node.append(helper.make_node("NoSuchThing", ["logits"], ["x"]))
    graphs.save(model, tmp_path)
    assert "NoSuchThing" in str(refused(tmp_path, "onnx.operator"))


@pytest.mark.parametrize("dims", [[2**40, 2**20], [-1, 4], [5, 4]])
def test_absurd_shapes(tmp_path, dims):
    model = changed()
    tensor = numpy_helper.from_array(np.zeros((4, 4), np.float32), "huge")
    del tensor.dims[:]
    tensor.dims.extend(dims)
    tensor.raw_data = b"\0" * 8
    model.graph.initializer.append(tensor)
    graphs.save(PLAIN, tmp_path)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    refused(tmp_path, "onnx.absurd")


def test_an_absurd_cache(tmp_path):
    model = changed()
    cache = next(value for value in model.graph.input if "past" in value.name)
    cache.type.tensor_type.shape.dim[1].dim_value = 10**9
    graphs.save(model, tmp_path)
    refused(tmp_path, "onnx.shape")


@pytest.mark.parametrize("change", [{"ir_version": 99}, {"opset": 999}])
def test_too_new(tmp_path, change):
    opset = change.pop("opset", 0)
    model = changed(**change)
    if opset:
        model.opset_import[0].version = opset
    graphs.save(model, tmp_path)
    refused(tmp_path, "onnx.too-new")


def _without(part, names):
    model = changed()
    values = getattr(model.graph, part)
    kept = [value for value in values if not any(name in value.name for name in names)]
    del values[:]
    values.extend(kept)
    return model


def test_no_cache_no_logits_no_tokens(tmp_path):
    graphs.save(_without("output", ["present"]), tmp_path)
    refused(tmp_path, "onnx.no-cache")
    graphs.save(_without("output", ["present.1.key"]), tmp_path)
    refused(tmp_path, "onnx.no-cache")
    graphs.save(_without("output", ["logits"]), tmp_path)
    refused(tmp_path, "onnx.no-logits")
    graphs.save(_without("input", ["input_ids"]), tmp_path)
    refused(tmp_path, "onnx.no-tokens")


def test_an_input_nobody_can_give(tmp_path):
    model = changed()
    wanted = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [1, 3])
    model.graph.input.append(wanted)
    graphs.save(model, tmp_path)
    assert "pixel_values" in str(refused(tmp_path, "onnx.input"))


def test_dynamic_int8(tmp_path):
    model = changed()
    node = helper.make_node("DynamicQuantizeLinear", ["logits"], ["y", "scale", "zero"])
    model.graph.node.append(node)
    graphs.save(model, tmp_path)
    assert "models repair" in str(refused(tmp_path, "onnx.dynamic-int8"))


def test_out_of_memory_while_loading(tmp_path):
    # A shape that the file does not hold but asks for: 4 TiB of zeros.
    model = changed()
    shape = numpy_helper.from_array(np.array([2**20, 2**20], np.int64), "shape")
    model.graph.initializer.append(shape)
    model.graph.node.append(helper.make_node("ConstantOfShape", ["shape"], ["zeros"]))
    model.graph.node.append(helper.make_node("ReduceMax", ["zeros"], ["most"]))
    model.graph.output.append(helper.make_tensor_value_info("most", TensorProto.FLOAT, None))
    graphs.save(model, tmp_path)
    with pytest.raises(ModelUnavailable) as error:
        _asked(tmp_path)
    assert error.value.key == "onnx.out-of-memory"


def test_a_tokenizer_of_another_model(tmp_path):
    graphs.save(PLAIN, tmp_path)
    path = tmp_path / "tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    vocabulary = tokenizer["model"]["vocab"]
    tokenizer["model"]["vocab"] = {char: index + 5000 for char, index in vocabulary.items()}
    path.write_text(json.dumps(tokenizer), encoding="utf-8")
    with pytest.raises(ModelUnavailable) as error:
        _asked(tmp_path)
    assert error.value.key == "onnx.vocabulary"


def test_nothing_is_written_to_the_terminal(tmp_path, capfd):
    model = changed()
    model.graph.node.append(helper.make_node("NoSuchThing", ["logits"], ["x"]))
    graphs.save(model, tmp_path)
    refused(tmp_path, "onnx.operator")
    out, err = capfd.readouterr()
    assert not out
    assert not err
