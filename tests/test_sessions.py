import numpy as np
import onnx
import pytest

from sori.errors import BundleError, ParameterError
from sori.sessions import onnx_session, run

WEIGHTS = np.arange(12, dtype=np.float32).reshape(4, 3) / 12


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    """A network that multiplies by known weights."""
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    kinds = [onnx.helper.make_tensor_value_info(name, 1, ["n", size]) for name, size in (("x", 4), ("y", 3))]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])],
        "product",
        kinds[:1],
        kinds[1:],
        [onnx.numpy_helper.from_array(WEIGHTS, "w")],
    )
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9), path)
    return path


@pytest.mark.parametrize("count", [0, 1, 64, 130])
def test_any_number_of_examples_goes_through_batch_by_batch(product, rng, count):
    x = rng.standard_normal((count, 4)).astype(np.float32)
    out = run(onnx_session(product), x)
    assert out.shape == (count, 3)
    np.testing.assert_allclose(out, x @ WEIGHTS, atol=1e-5)


def test_what_is_no_network_is_one_line(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"nonsense")
    for path in (tmp_path / "model.onnx", tmp_path / "none.onnx"):
        with pytest.raises(BundleError, match=rf"{path.name}: not a readable model") as error:
            onnx_session(path)
        assert "\n" not in str(error.value)


def test_threads_are_a_count(product):
    with pytest.raises(ParameterError, match="threads must be"):
        onnx_session(product, threads=-1)
