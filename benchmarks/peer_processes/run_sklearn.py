"""scikit-learn on CSR: MLPClassifier at the same batch size; SGDClassifier, LinearSVC as they are.

HOW: seed; threads (of BLAS); model, "mlp", "sgd" or "svc".
"""

from __future__ import annotations

import time
import warnings
from typing import Any

from exchange import Rows, Work, answer, load
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits


def model_of(work: Work, how: dict[str, Any]) -> Any:
    """Build the classifier."""
    if how["model"] == "sgd":
        from sklearn.linear_model import SGDClassifier

        return SGDClassifier(loss="log_loss", random_state=how["seed"])
    if how["model"] == "svc":
        from sklearn.svm import LinearSVC

        return LinearSVC(random_state=how["seed"])
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(
        (work.units,),
        alpha=0.0,
        batch_size=work.batch_size,
        max_iter=work.epochs,
        n_iter_no_change=work.epochs + 1,
        tol=0.0,
        random_state=how["seed"],
    )


def matrix(rows: Rows) -> csr_matrix:
    """Return SciPy's."""
    return csr_matrix((rows.data, rows.indices, rows.indptr), shape=rows.shape)


def train(task: str, how: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Train, and return times and what tests it; there is nothing to compile."""
    from sklearn.exceptions import ConvergenceWarning

    work = load(task)
    model, bags = model_of(work, how), matrix(work.bags)
    with threadpool_limits(how.get("threads", 1)), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        begun = time.perf_counter()
        model.fit(bags, work.labels)
        seconds = time.perf_counter() - begun

    def test() -> dict[str, Any]:
        return {"accuracy": work.accuracy(model.predict(matrix(work.test_bags)))}

    return {"first_epoch_seconds": 0.0, "seconds": seconds}, test


if __name__ == "__main__":
    answer(("scikit-learn", "scipy", "numpy"), train)
