"""Selection and reduction: scikit-learn's numbers, never dense, folded into a first layer."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import chi2, mutual_info_classif

from textkaizen.files.corpora import load_corpus
from textkaizen.recipe import TextRules
from textkaizen.text.features import Texts
from textkaizen.text.reduce import _mutual_information, chosen, fit, folded

KINDS = ("svd", "pca", "random_projection")


def example(seed, texts=60, features=40, classes=5):
    generator = np.random.default_rng(seed)
    bags = csr_matrix(random_array((texts, features), density=0.2, rng=generator))
    return bags.astype(np.float32), generator.integers(0, classes, texts)


def assert_latent(bags, numbers, seed):
    model = TruncatedSVD(numbers, random_state=seed).fit(bags)
    own = fit("svd", bags, numbers, seed).apply(bags)
    np.testing.assert_allclose(own.toarray(), model.transform(bags), atol=1e-6)


def assert_principal(bags, numbers):
    """Sizes of the components are the eigenvalues of the texts' products about the mean."""
    wide = bags.astype(np.float64)
    products = (wide @ wide.T).toarray()
    products -= products.mean(0) + products.mean(1)[:, None] - products.mean()
    sizes = np.sqrt(np.linalg.eigvalsh(products)[::-1][:numbers])
    own = fit("pca", bags, numbers, 0).apply(bags).toarray().astype(np.float64)
    np.testing.assert_allclose(own.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(own, axis=0), sizes, rtol=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_svd_and_pca_are_scikit_learns(seed):
    bags, _ = example(seed)
    assert_latent(bags, 7, seed)
    whole = PCA(7, svd_solver="full").fit_transform(bags.toarray().astype(np.float64))
    own = fit("pca", bags, 7, seed).apply(bags).toarray()
    np.testing.assert_allclose(np.abs(own), np.abs(whole), atol=1e-6)  # signs are free
    np.testing.assert_allclose(own.mean(0), 0, atol=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_features_are_chosen_by_scikit_learns_scores(seed):
    bags, labels = example(seed)
    best = np.argsort(-chi2(bags, labels)[0], kind="stable")[:9]
    assert chosen("chi2", bags, labels, 9).tolist() == sorted(best.tolist())
    there = (bags > 0).astype(int)
    reference = mutual_info_classif(there, labels, discrete_features=True)
    np.testing.assert_allclose(_mutual_information(bags, labels), reference, atol=1e-12)


def test_a_zero_that_is_stored_is_no_feature_that_is_there():
    labels = np.array([0, 0, 1, 1])
    bags = csr_matrix(np.ones((4, 2)))
    bags.data[[4, 6]] = 0  # the first feature is of the first class only
    np.testing.assert_allclose(_mutual_information(bags, labels), [np.log(2), 0], atol=1e-12)


def test_what_tells_labels_apart_is_kept_and_of_equals_the_first():
    labels = np.array([0, 0, 1, 1])
    bags = csr_matrix(np.array([[1, 1, 0, 1], [1, 1, 0, 1], [0, 1, 1, 0], [0, 1, 1, 0]], float))
    for kind in ("chi2", "mutual_information"):
        assert chosen(kind, bags, labels, 2).tolist() == [0, 2]
        assert chosen(kind, bags, labels, 3).tolist() == [0, 2, 3]


@pytest.mark.parametrize("kind", KINDS)
def test_a_first_layer_takes_the_projection_in(kind):
    bags, _ = example(3)
    projection = fit(kind, bags, 6, 1)
    generator = np.random.default_rng(4)
    kernel, bias = generator.normal(size=(6, 3)), generator.normal(size=3)
    own, shift = folded(projection, kernel.astype(np.float32), bias.astype(np.float32))
    assert (own.dtype, own.shape) == (np.float32, (40, 3))
    # Float32 sums of some dozen terms of about 1.
    np.testing.assert_allclose(
        bags @ own + shift, projection.apply(bags) @ kernel + bias, atol=1e-5
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(0, 0), (3, 0), (1, 1), (1, 5), (5, 1), (2, 9), (9, 2)])
def test_few_texts_or_features_give_fewer_numbers(kind, shape):
    bags = csr_matrix(np.ones(shape, np.float32))
    projection = fit(kind, bags, 7, 0)
    applied = projection.apply(bags)
    assert applied.shape[0] == shape[0]
    assert 1 <= applied.shape[1] <= 7
    assert np.isfinite(applied.data).all()
    assert applied.nnz == applied.shape[0] * applied.shape[1]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_numbers(kind):
    bags, _ = example(5)
    one, other = (fit(kind, bags, 5, 2).apply(bags).toarray() for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_any_seed_will_do(kind):
    bags, _ = example(5)
    large = fit(kind, bags, 5, 20261128001 + 2**40).apply(bags)
    assert np.isfinite(large.data).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sib200_de", "clinc150_small", "germeval2018_coarse"])
def test_real_texts_are_reduced_as_by_scikit_learn(name):
    folder = Path(os.environ.get("TEXTKAIZEN_DATASETS", "../shared/datasets"))
    if not folder.exists():
        pytest.fail(f"TEXTKAIZEN_DATASETS must name the folder of data sets; {folder} is not there")
    corpus = load_corpus(folder / name / "train.csv")
    rows, labels = np.arange(len(corpus)), np.unique(corpus.labels, return_inverse=True)[1]
    bags = Texts(corpus.texts).learn(TextRules(), rows, labels, 0).bags(rows)
    assert_latent(bags, 50, 0)
    assert_principal(bags[:1000], 10)  # products of all texts would take minutes
    best = np.argsort(-chi2(bags, labels)[0], kind="stable")[:1000]
    assert chosen("chi2", bags, labels, 1000).tolist() == sorted(best.tolist())
    some = bags[:, :: bags.shape[1] // 100]  # scikit-learn takes one column at a time
    reference = mutual_info_classif((some > 0).astype(int), labels, discrete_features=True)
    np.testing.assert_allclose(_mutual_information(some, labels), reference, atol=1e-12)
