"""The arithmetic of intent classification: a linear classifier, its calibration, and the signal whether a message is in scope."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Sequence

import numpy as np
from scipy import linalg, sparse
from scipy.optimize import minimize, minimize_scalar
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.utils.extmath import randomized_svd

from bot.nlu.sentence_encoder import HIDDEN

# Chosen on unused training rows of BANKING77 and CLINC150 and by cross-validation on data/nlu.yml (docs/understanding.md).
MANY_EXAMPLES = 30  # of an intent: from here on its words can be relied on; with fewer, the FEW of each pair below
NGRAM_WEIGHT_FEW, NGRAM_WEIGHT_MANY = 0.35, 0.7  # length of the n-gram features beside the sentence features' 1
NGRAM_DIMENSIONS = 2400  # examples whose n-grams span the directions that are learned from
SENTENCE_DIMENSIONS = 500  # directions of the sentence features that are learned from
SENTENCE_SAMPLE = 4000  # examples that those directions are found on
REGULARIZATION_FEW, REGULARIZATION_MANY = 1 / 100, 1 / 60
WHITENING = 0.5  # how far directions in which like questions differ are made equal
WHITENED_DIRECTIONS = 256  # in which they differ most; the others are taken as equal already
CURVATURE_FEW, CURVATURE_MANY = (
    0.00005,
    0.0005,
)  # weights are kept small as measured by so much of the features' covariance besides, to need fewer steps
ITERATIONS_FEW, ITERATIONS_MANY = 40, 16  # of L-BFGS
HELD_OUT = 0.2  # share of the examples that calibration and scope are fitted on, by a model that has not seen them
SCOPE_CLUSTERS = 40  # groups of like out-of-scope examples; whole groups are held out, as strangers' messages will be of new kinds
REFUSED_IN_SCOPE = 0.01  # share of the held-out questions that the scope threshold may refuse
NEIGHBORS = 3  # likeness is the mean over so many nearest examples
LIKENESS_WEIGHT = 5.0  # of likeness beside energy, where no out-of-scope example teaches better
IN_SCOPE_PREFIX, OUT_OF_SCOPE_PREFIX = "ask_", "oos_"  # an intent of neither is small talk


@dataclass
class Prediction:
    """What the model makes of one message."""

    confidences: np.ndarray  # float64 [classes]: probability of each intent, sums to 1
    scope: float  # probability that the message is a question the assistant is for
    best: int  # index of the intent to act on


@dataclass
class Space:
    """The sentence features: layers centred; the same with differences among like questions made small; the last layer as it is."""

    mean: np.ndarray  # float32 [layers * HIDDEN]
    directions: np.ndarray  # float32 [layers * HIDDEN, at most WHITENED_DIRECTIONS], orthonormal: in these like questions differ most
    scales: np.ndarray  # float32 [directions + 1]: what these are multiplied by, and last what all others are

    @classmethod
    def of(cls, vectors: np.ndarray, labels: np.ndarray) -> Space:
        """Returns the space of labelled sentence vectors, float32 [examples, layers * HIDDEN]."""
        mean = vectors.mean(axis=0)
        centred = _unit_layers(vectors - mean, vectors)
        _, index = np.unique(labels, return_inverse=True)
        members = sparse.csr_matrix((np.ones(len(index), np.float32), (index, np.arange(len(index)))))
        within = centred - (members @ centred / np.bincount(index)[:, None].astype(np.float32))[index]
        values, directions = np.linalg.eigh(within.T @ within / len(within))
        variances = np.append(values[-WHITENED_DIRECTIONS:], values[:-WHITENED_DIRECTIONS].mean())
        scales = 1 / np.sqrt(WHITENING * variances / values.mean() + 1 - WHITENING)
        return cls(mean, directions[:, -WHITENED_DIRECTIONS:], scales.astype(np.float32))

    def features(self, vectors: np.ndarray) -> np.ndarray:
        """Returns the features of sentence vectors, float32 [n, 2 * layers * HIDDEN + HIDDEN], of length 1."""
        centred = _unit_layers(vectors - self.mean, vectors)
        return np.hstack([centred, _unit(self.whitened(centred)), _unit(vectors[:, -HIDDEN:])]) / np.float32(np.sqrt(3))

    def whitened(self, rows: np.ndarray) -> np.ndarray:
        """Returns rows, float32 [n, layers * HIDDEN], with each direction multiplied by its scale."""
        return self.scales[-1] * rows + (rows @ self.directions * (self.scales[:-1] - self.scales[-1])) @ self.directions.T

    def scores(self, vectors: np.ndarray, folded: np.ndarray, of_last: np.ndarray) -> np.ndarray:
        """Returns the features of sentence vectors times weights, float32 [n, classes], without making the features.

        Args:
            folded, of_last: see `fold`.
        """
        centred = _unit_layers(vectors - self.mean, vectors)
        plain, whitened, along = np.split(centred @ folded, [of_last.shape[1], 2 * of_last.shape[1]], axis=1)
        squares = np.square(self.scales)
        lengths = np.sqrt(squares[-1] * np.square(centred).sum(axis=1) + np.square(along) @ (squares[:-1] - squares[-1]))
        return plain + whitened / lengths[:, None] + _unit(vectors[:, -HIDDEN:]) @ of_last

    def fold(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the weights of features, float32 [features, classes], as `scores` takes them: a message then reads two fifths of the memory."""
        centred, whitened, last = np.split(weights / np.float32(np.sqrt(3)), [len(self.mean), 2 * len(self.mean)])
        return np.ascontiguousarray(np.hstack([centred, self.whitened(whitened.T).T, self.directions])), last


@dataclass
class IntentModel:
    """A trained classifier; all its state is arrays."""

    classes: np.ndarray  # str [classes], sorted
    mean: np.ndarray  # see Space
    directions: np.ndarray  # see Space
    scales: np.ndarray  # see Space
    weights: np.ndarray  # float32 [features, classes], of the sentence features
    ngram_weights: np.ndarray  # float32 [n-grams, classes]
    bias: np.ndarray  # float32 [classes]
    temperature: np.ndarray  # float64 []: the logits are divided by it
    examples: np.ndarray  # float32 [examples, HIDDEN]: last layers of the questions; empty where out-of-scope examples teach the scope
    example_classes: np.ndarray  # int64 [examples]
    scope_slope: np.ndarray  # float64 []: the scope is the logistic function of slope * signal + bias
    scope_bias: np.ndarray  # float64 []
    scope_threshold: np.ndarray  # float64 []: a message below it is out of scope

    @classmethod
    def train(cls, vectors: np.ndarray, ngrams: sparse.csr_matrix, intents: Sequence[str]) -> IntentModel:
        """Returns the model of labelled examples.

        Args:
            vectors: sentence vectors, float32 [examples, layers * HIDDEN], last layer last.
            ngrams: TF-IDF features, float32 [examples, n-grams].
            intents: the intent of each example.
        """
        labels = np.asarray(intents)
        space = Space.of(vectors, labels)
        sentences = space.features(vectors)
        chance = np.random.RandomState(0)
        sentence_basis = _principal(sentences[chance.permutation(len(labels))[:SENTENCE_SAMPLE]], SENTENCE_DIMENSIONS)
        ngram_basis = _span(ngrams[chance.permutation(len(labels))[:NGRAM_DIMENSIONS]])
        many = len(labels) >= MANY_EXAMPLES * len(np.unique(labels))
        weight, iterations = (NGRAM_WEIGHT_MANY, ITERATIONS_MANY) if many else (NGRAM_WEIGHT_FEW, ITERATIONS_FEW)
        reduced = np.hstack([sentences @ sentence_basis, np.float32(weight) * (ngrams @ ngram_basis)])
        classes, indices = np.unique(labels, return_inverse=True)
        regression = _Regression(reduced, indices, many)
        asked = np.char.startswith(labels, IN_SCOPE_PREFIX)
        if np.char.startswith(labels, OUT_OF_SCOPE_PREFIX).any():
            asked[:] = False

        def fit(rows: np.ndarray, iterations: int) -> IntentModel:
            coefficients, bias = regression.fit(rows, iterations)
            # What was learned in the reduced directions is folded back, so that a message needs no reduction.
            of_sentences, of_ngrams = np.split(coefficients, [sentence_basis.shape[1]])
            return cls(
                classes=classes,
                mean=space.mean,
                directions=space.directions,
                scales=space.scales,
                weights=sentence_basis @ of_sentences,
                ngram_weights=ngram_basis @ (of_ngrams * np.float32(weight)),
                bias=bias,
                temperature=np.array(1.0),
                examples=_unit(vectors[asked & rows, -HIDDEN:]),
                example_classes=indices[asked & rows],
                scope_slope=np.array(1.0),
                scope_bias=np.array(0.0),
                scope_threshold=np.array(0.0),
            )

        test = _held_out(vectors, labels)
        draft, model = fit(~test, iterations), fit(np.ones(len(labels), bool), iterations // 2)  # the second goes on from the first
        draft._calibrate(vectors[test], ngrams[test], labels[test])
        for name in ("temperature", "scope_slope", "scope_bias", "scope_threshold"):
            setattr(model, name, getattr(draft, name))
        return model

    def _calibrate(self, vectors: np.ndarray, ngrams: sparse.csr_matrix, labels: np.ndarray) -> None:
        """Sets temperature and scope on examples that the model has not seen."""
        asked, refused = np.char.startswith(labels, IN_SCOPE_PREFIX), np.char.startswith(labels, OUT_OF_SCOPE_PREFIX)
        if not asked.any():
            return
        logits = self._logits(vectors, ngrams)
        known = asked & np.isin(labels, self.classes)
        self.temperature = np.array(_temperature(logits[known], np.searchsorted(self.classes, labels[known])))
        signal = self._scope_signal(vectors, logits)
        if refused.any():
            kept = asked | refused
            scope = LogisticRegression().fit(signal[kept, None], asked[kept])
            self.scope_slope, self.scope_bias = scope.coef_[0, 0], scope.intercept_[0]
        else:  # nothing to learn from: centre the score, so that it is no constant
            self.scope_bias = -np.median(signal[asked])
        self.scope_threshold = np.array(np.quantile(self._scope(signal[asked]), REFUSED_IN_SCOPE))

    def predict(self, vectors: np.ndarray, ngrams: sparse.csr_matrix) -> list[Prediction]:
        """Returns what the model makes of each message.

        Args:
            vectors: sentence vectors, float32 [messages, layers * HIDDEN].
            ngrams: TF-IDF features, float32 [messages, n-grams].
        """
        logits = self._logits(vectors, ngrams)
        scores = self._scope(self._scope_signal(vectors, logits))
        probabilities = _softmax(logits / self.temperature)
        talks = ~self._asks & ~self._refuses
        predictions = []
        for row, scope in zip(probabilities, scores):
            asked, refused = row[self._asks].sum(), row[self._refuses].sum()
            confidences = row.copy()
            if self._refuses.any():
                # Which question it is comes from the classifier, whether it is one at all from the scope signal.
                confidences[self._asks] *= (asked + refused) * scope / max(asked, 1e-12)
                confidences[self._refuses] *= (asked + refused) * (1 - scope) / max(refused, 1e-12)
            if row[talks].sum() > asked + refused:
                group = talks
            else:
                group = self._asks if scope >= self.scope_threshold or not self._refuses.any() else self._refuses
            confidences /= confidences.sum()
            best = int(np.argmax(np.where(group, confidences, -1.0)))
            if self._refuses[best]:  # nobody need be asked why a question is refused
                confidences[best], confidences[self._refuses & (np.arange(len(confidences)) != best)] = confidences[self._refuses].sum(), 0.0
            predictions.append(Prediction(confidences, float(scope), best))
        return predictions

    @cached_property
    def _space(self) -> Space:
        return Space(self.mean, self.directions, self.scales)

    @cached_property
    def _folded(self) -> tuple[np.ndarray, np.ndarray]:
        return self._space.fold(self.weights)

    @cached_property
    def _asks(self) -> np.ndarray:
        return np.char.startswith(self.classes, IN_SCOPE_PREFIX)

    @cached_property
    def _refuses(self) -> np.ndarray:
        return np.char.startswith(self.classes, OUT_OF_SCOPE_PREFIX)

    def _logits(self, vectors: np.ndarray, ngrams: sparse.csr_matrix) -> np.ndarray:
        """Returns the linear scores of messages, float64 [messages, classes]."""
        sentences = self._space.scores(vectors, *self._folded)
        return (sentences + ngrams @ self.ngram_weights + self.bias).astype(np.float64)

    def _scope(self, signal: np.ndarray) -> np.ndarray:
        """Returns the probability that messages are questions to be answered, float64 [messages]."""
        return 1 / (1 + np.exp(-(self.scope_slope * signal + self.scope_bias)))

    def _scope_signal(self, vectors: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """Returns what tells a question from another message, float64 [messages].

        The log odds of question against out of scope. Where no out-of-scope example taught the difference: the energy of the
        questions' scores, high where one stands out, and the mean likeness to the nearest examples of the likeliest question.
        """
        if self._refuses.any():
            probabilities = _softmax(logits / self.temperature)
            return np.log(probabilities[:, self._asks].sum(axis=1) + 1e-6) - np.log(probabilities[:, self._refuses].sum(axis=1) + 1e-6)
        centred = (logits - logits.mean(axis=1, keepdims=True))[:, self._asks]
        energy = np.log(np.exp(centred).sum(axis=1))
        likeliest = np.flatnonzero(self._asks)[centred.argmax(axis=1)]
        last = _unit(vectors[:, -HIDDEN:])
        likeness = np.empty(len(vectors))
        for number in np.unique(likeliest):
            rows = likeliest == number
            cosines = last[rows] @ self.examples[self.example_classes == number].T
            nearest = min(NEIGHBORS, cosines.shape[1])
            likeness[rows] = np.partition(cosines, -nearest, axis=1)[:, -nearest:].mean(axis=1)
        return energy + LIKENESS_WEIGHT * likeness

    def save(self, path: Path) -> None:
        """Writes the model to an .npz file."""
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> IntentModel:
        """Returns the model of an .npz file."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def _held_out(vectors: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Returns which examples are kept from the draft model: some of each intent, and of the out-of-scope ones whole groups of like messages."""
    refused = np.char.startswith(labels, OUT_OF_SCOPE_PREFIX)
    test = np.zeros(len(labels), bool)
    kept = np.flatnonzero(~refused)
    size = max(HELD_OUT, (len(np.unique(labels[kept])) + 1) / len(kept))  # at least one of each
    test[kept[next(StratifiedShuffleSplit(1, test_size=size, random_state=0).split(kept, labels[kept]))[1]]] = True
    if refused.sum() > 1:
        groups = KMeans(min(SCOPE_CLUSTERS, int(refused.sum())), n_init=1, random_state=0).fit_predict(vectors[refused])
        test[refused] = groups % round(1 / HELD_OUT) == 0
    return test


class _Regression:
    """Multinomial logistic regression by preconditioned L-BFGS in 32 bits."""

    def __init__(self, features: np.ndarray, indices: np.ndarray, many: bool):
        """Takes float32 [examples, features], the class of each example, int64 [examples], and whether there are many examples a class."""
        self._features, self._indices = features, indices
        size = features.shape[1]
        regularization, curvature = (REGULARIZATION_MANY, CURVATURE_MANY) if many else (REGULARIZATION_FEW, CURVATURE_FEW)
        covariance = curvature * (features.T @ features) + regularization * np.eye(size, dtype=np.float32)
        factor = linalg.cholesky(covariance, lower=True)
        self._preconditioner = linalg.solve_triangular(factor, np.eye(size, dtype=np.float32), lower=True)
        self._shape = size + 1, indices.max() + 1
        self._weights = np.zeros(self._shape)  # of the preconditioned features; the last row is the bias

    def fit(self, rows: np.ndarray, iterations: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns the coefficients, float32 [features, classes], and the bias, float32 [classes], for the rows, bool [examples].

        Goes on from the weights of the fit before, at first from 0.
        """
        features, indices = (self._features, self._indices) if rows.all() else (self._features[rows], self._indices[rows])
        right = np.arange(len(indices)), indices

        def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
            weights = flat.reshape(self._shape).astype(np.float32)
            logits = features @ (self._preconditioner.T @ weights[:-1]) + weights[-1]
            logits -= logits.max(axis=1, keepdims=True)
            of_right = logits[right].sum(dtype=np.float64)
            powers = np.exp(logits, out=logits)
            totals = powers.sum(axis=1, keepdims=True)
            value = np.log(totals).sum(dtype=np.float64) - of_right + np.square(weights[:-1]).sum(dtype=np.float64) / 2
            surplus = np.divide(powers, totals, out=powers)
            surplus[right] -= 1
            gradient = np.vstack([self._preconditioner @ (features.T @ surplus) + weights[:-1], surplus.sum(axis=0, keepdims=True)])
            return float(value), gradient.astype(np.float64).ravel()

        result = minimize(loss, self._weights.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": iterations})
        self._weights = result.x.reshape(self._shape)
        weights = self._weights.astype(np.float32)
        return self._preconditioner.T @ weights[:-1], weights[-1]


def _principal(features: np.ndarray, dimensions: int) -> np.ndarray:
    """Returns the directions in which features vary most, float32 [features, at most `dimensions`]."""
    return randomized_svd(features, min(dimensions, *features.shape), n_iter=1, random_state=0)[2].T.astype(np.float32)


def _span(rows: sparse.csr_matrix) -> np.ndarray:
    """Returns orthonormal directions that span the rows, float32 [features, at most rows]."""
    values, directions = np.linalg.eigh((rows @ rows.T).toarray())
    kept = values > 1e-5 * values[-1]
    return np.asarray(rows.T @ (directions[:, kept] / np.sqrt(values[kept])), np.float32)


def _temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Returns the number that the logits are divided by for the likeliest probabilities of the right labels."""

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(labels)), labels]))

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x))


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Returns vectors of length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32(1e-9))


def _unit_layers(vectors: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Returns the vectors, each layer as long as in `like`, together of length 1."""
    layers, lengths = vectors.reshape(len(vectors), -1, HIDDEN), np.linalg.norm(like.reshape(len(like), -1, HIDDEN), axis=-1, keepdims=True)
    return _unit((_unit(layers) * lengths).reshape(vectors.shape))


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
