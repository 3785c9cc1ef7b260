"""The arithmetic of intent classification: a linear classifier, its calibration, and the signal whether a message is in scope."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Sequence

import numpy as np
from scipy import sparse
from scipy.optimize import minimize_scalar
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

SPARSE_WEIGHT = 0.5  # length of the n-gram features beside the sentence vector's 1; by cross-validation
SPARSE_DIMENSIONS = 600  # directions of the n-gram features that are learned from; more cost time and gain nothing
INVERSE_REGULARIZATION = 30.0  # by cross-validation
ITERATIONS = 60  # of L-BFGS; the accuracy stands still well before
FOLDS = 4  # of the cross-validation behind calibration and scope
SCOPE_CLUSTERS = 24  # groups of like out-of-scope examples; whole groups are held out, as strangers' questions will be of new kinds
REFUSED_IN_SCOPE = 0.02  # share of in-scope questions that the scope threshold refuses, in cross-validation
NEIGHBORS = 3  # likeness is the mean over so many nearest examples
SCOPE_WEIGHTS_WITHOUT_EXAMPLES = (0.0, 1.0, 5.0, 0.0, 0.0)  # of _scope_features, where no out-of-scope example teaches better
IN_SCOPE_PREFIX, OUT_OF_SCOPE_PREFIX = "ask_", "oos_"  # an intent of neither is small talk


@dataclass
class Prediction:
    """What the model makes of one message."""

    confidences: np.ndarray  # float64 [classes]: probability of each intent, sums to 1
    scope: float  # probability that the message is a question the assistant is for
    best: int  # index of the intent to act on


@dataclass
class IntentModel:
    """A trained classifier; all its state is arrays."""

    classes: np.ndarray  # str [classes], sorted
    dense_weights: np.ndarray  # float32 [dense, classes]
    sparse_weights: np.ndarray  # float32 [sparse, classes]
    bias: np.ndarray  # float64 [classes]
    temperature: np.ndarray  # float64 []: the logits are divided by it
    examples: np.ndarray  # float32 [examples, dense]: vectors of the in-scope and out-of-scope examples
    example_in_scope: np.ndarray  # bool [examples]
    scope_weights: np.ndarray  # float64 [features + 1]: logistic regression on _scope_features, bias last
    scope_threshold: np.ndarray  # float64 []: a message below it is out of scope

    @classmethod
    def train(cls, dense: np.ndarray, ngrams: sparse.csr_matrix, intents: Sequence[str]) -> IntentModel:
        """Returns the model of labelled examples.

        Args:
            dense: sentence vectors of length 1, float32 [examples, dense].
            ngrams: TF-IDF features, float32 [examples, sparse].
            intents: the intent of each example.
        """
        labels = np.asarray(intents)
        in_scope = np.char.startswith(labels, IN_SCOPE_PREFIX)
        out_of_scope = np.char.startswith(labels, OUT_OF_SCOPE_PREFIX)
        ngrams = ngrams * SPARSE_WEIGHT
        svd = TruncatedSVD(min(SPARSE_DIMENSIONS, min(ngrams.shape) - 1), n_iter=2, random_state=0)
        features = np.hstack([dense, svd.fit_transform(ngrams)]).astype(np.float32)
        model = cls._fit(features, labels, dense, svd)
        logits, likeness = _cross_validate(features, dense, labels, in_scope, out_of_scope)
        model.temperature = np.array(_temperature(logits[in_scope], np.searchsorted(model.classes, labels[in_scope])))
        kept = in_scope | out_of_scope
        model.examples, model.example_in_scope = dense[kept].astype(np.float32), in_scope[kept]
        signals = _scope_features(model.classes, logits / model.temperature, likeness)
        if out_of_scope.any():
            scope = LogisticRegression(C=1.0).fit(signals[kept], in_scope[kept])
            model.scope_weights = np.append(scope.coef_[0], scope.intercept_)
        scores = _sigmoid(signals[in_scope] @ model.scope_weights[:-1] + model.scope_weights[-1])
        model.scope_threshold = np.array(np.quantile(scores, REFUSED_IN_SCOPE))
        return model

    @classmethod
    def _fit(cls, features: np.ndarray, labels: np.ndarray, dense: np.ndarray, svd: TruncatedSVD) -> IntentModel:
        classifier = _classifier().fit(features, labels)
        coefficients = classifier.coef_ if len(classifier.classes_) > 2 else np.vstack([-classifier.coef_, classifier.coef_]) / 2
        bias = classifier.intercept_ if len(classifier.classes_) > 2 else np.concatenate([-classifier.intercept_, classifier.intercept_]) / 2
        # What was learned on the reduced n-grams is folded back, so that a message needs no reduction.
        sparse_weights = (svd.components_.T @ coefficients[:, dense.shape[1] :].T) * SPARSE_WEIGHT
        return cls(
            classes=classifier.classes_,
            dense_weights=coefficients[:, : dense.shape[1]].T.astype(np.float32),
            sparse_weights=sparse_weights.astype(np.float32),
            bias=bias,
            temperature=np.array(1.0),
            examples=np.zeros((0, dense.shape[1]), np.float32),
            example_in_scope=np.zeros(0, bool),
            scope_weights=np.array(SCOPE_WEIGHTS_WITHOUT_EXAMPLES),
            scope_threshold=np.array(0.0),
        )

    def logits(self, dense: np.ndarray, ngrams: sparse.csr_matrix) -> np.ndarray:
        """Returns the linear scores of messages, float64 [messages, classes]."""
        return dense @ self.dense_weights + ngrams @ self.sparse_weights + self.bias

    def predict(self, dense: np.ndarray, ngrams: sparse.csr_matrix) -> list[Prediction]:
        """Returns what the model makes of each message.

        Args:
            dense: sentence vectors, float32 [messages, dense].
            ngrams: TF-IDF features, float32 [messages, sparse].
        """
        logits = self.logits(dense, ngrams)
        signals = _scope_features(self.classes, logits / self.temperature, _likeness(dense, self.examples, self.example_in_scope))
        scores = _sigmoid(signals @ self.scope_weights[:-1] + self.scope_weights[-1])
        probabilities = _softmax(logits / self.temperature)
        asks, refuses = np.char.startswith(self.classes, IN_SCOPE_PREFIX), np.char.startswith(self.classes, OUT_OF_SCOPE_PREFIX)
        predictions = []
        for row, scope in zip(probabilities, scores):
            asked, refused = row[asks].sum(), row[refuses].sum()
            confidences = row.copy()
            # Which question it is comes from the classifier, whether it is one at all from the scope signal.
            confidences[asks] *= (asked + refused) * scope / max(asked, 1e-12)
            confidences[refuses] *= (asked + refused) * (1 - scope) / max(refused, 1e-12)
            talk = ~asks & ~refuses
            if talk.any() and row[talk].sum() > asked + refused:
                group = talk
            else:
                group = asks if scope >= self.scope_threshold or not refuses.any() else refuses
            predictions.append(Prediction(confidences, float(scope), int(np.argmax(np.where(group, confidences, -1.0)))))
        return predictions

    def save(self, path: Path) -> None:
        """Writes the model to an .npz file."""
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> IntentModel:
        """Returns the model of an .npz file."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def _classifier() -> LogisticRegression:
    return LogisticRegression(C=INVERSE_REGULARIZATION, max_iter=ITERATIONS, tol=1e-3)


def _cross_validate(
    features: np.ndarray, dense: np.ndarray, labels: np.ndarray, in_scope: np.ndarray, out_of_scope: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns for every example what a model that has not seen it says: logits [examples, classes] and likenesses [examples, 2].

    Out-of-scope examples are held out with all that are like them.
    """
    fold = np.zeros(len(labels), dtype=int)
    known = np.flatnonzero(~out_of_scope)
    for number, (_, held_out) in enumerate(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(known, labels[known])):
        fold[known[held_out]] = number
    if out_of_scope.any():
        clusters = KMeans(min(SCOPE_CLUSTERS, int(out_of_scope.sum())), n_init=1, random_state=0).fit_predict(dense[out_of_scope])
        fold[out_of_scope] = clusters % FOLDS
    classes = np.unique(labels)
    logits = np.full((len(labels), len(classes)), -30.0)  # an intent that was held out as a whole is as good as impossible
    likeness = np.zeros((len(labels), 2))
    for number in range(FOLDS):
        test, train = fold == number, fold != number
        classifier = _classifier().fit(features[train], labels[train])
        logits[np.ix_(test, np.searchsorted(classes, classifier.classes_))] = classifier.decision_function(features[test])
        kept = train & (in_scope | out_of_scope)
        likeness[test] = _likeness(dense[test], dense[kept], in_scope[kept])
    return logits, likeness


def _likeness(dense: np.ndarray, examples: np.ndarray, example_in_scope: np.ndarray) -> np.ndarray:
    """Returns the mean cosine to the NEIGHBORS nearest in-scope and out-of-scope examples, float64 [messages, 2]; 0 where there are none."""
    cosines = dense @ examples.T
    columns = []
    for group in (example_in_scope, ~example_in_scope):
        if group.sum() < NEIGHBORS:
            columns.append(np.zeros(len(dense)))
        else:
            columns.append(np.partition(cosines[:, group], -NEIGHBORS, axis=1)[:, -NEIGHBORS:].mean(axis=1))
    return np.stack(columns, axis=1).astype(np.float64)


def _scope_features(classes: np.ndarray, logits: np.ndarray, likeness: np.ndarray) -> np.ndarray:
    """Returns what tells a question from another message, float64 [messages, 4].

    The log odds of question against out of scope, the log-probability of the likeliest question among questions, and the likenesses to both kinds.
    """
    probabilities = _softmax(logits)
    asks = probabilities[:, np.char.startswith(classes, IN_SCOPE_PREFIX)]
    refused = probabilities[:, np.char.startswith(classes, OUT_OF_SCOPE_PREFIX)].sum(axis=1)
    asked = asks.sum(axis=1)
    odds = np.log(asked + 1e-6) - np.log(refused + 1e-6)
    sure = np.log(asks.max(axis=1, initial=1e-12) / np.maximum(asked, 1e-12))
    return np.column_stack([odds, sure, likeness])


def _temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Returns the number that the logits are divided by for the likeliest probabilities of the right labels."""

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(labels)), labels]))

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x))


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _sigmoid(numbers: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-numbers))
