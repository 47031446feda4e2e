"""Bags and vectors side by side are one matrix, whatever is asked of them."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random

from textkaizen.data.mixed import Mixed
from textkaizen.text.kept import matrix_bytes


def mixed(texts=7, features=11, numbers=3, seed=0):
    generator = np.random.default_rng(seed)
    bags = csr_matrix(random(texts, features, 0.3, "csr", np.float32, generator))
    return Mixed(bags, generator.normal(size=(texts, numbers)).astype(np.float32))


def dense(own):
    return np.concatenate([own.bags.toarray(), own.vectors], 1)


def test_stacked_it_is_what_both_are_side_by_side():
    own = mixed()
    stacked = own.hstacked()
    assert stacked.shape == own.shape == (7, 14)
    assert (stacked.dtype, stacked.indices.dtype) == (np.float32, np.int32)
    np.testing.assert_array_equal(stacked.toarray(), dense(own))
    stacked.check_format(full_check=True)
    assert stacked.has_sorted_indices
    assert stacked.nnz == own.bags.nnz + own.vectors.size


@pytest.mark.parametrize(
    "rows",
    [
        slice(2, 5),
        slice(None, None, -2),
        slice(3, 3),
        np.array([4, 0, 4]),
        [1, 6],
        [],
        np.arange(7) % 2 == 0,
        np.zeros(7, bool),
        np.array([-1]),
    ],
)
def test_rows_are_those_of_both(rows):
    own = mixed()
    some = own[rows]
    wanted = dense(own)[np.array(rows, int) if isinstance(rows, list) else rows]
    np.testing.assert_array_equal(dense(some), wanted)
    np.testing.assert_array_equal(some.hstacked().toarray(), wanted)


def test_a_product_is_that_of_the_whole_matrix():
    own, kernel = mixed(), np.random.default_rng(1).normal(size=(14, 5)).astype(np.float32)
    product = own @ kernel
    assert product.dtype == np.float32
    # Sums of 14 products of about 1 in another order: some roundings of 1e-7.
    np.testing.assert_allclose(product, dense(own) @ kernel, rtol=1e-5, atol=1e-6)


def test_no_texts_and_no_features_are_matrices_too():
    assert mixed(texts=0).hstacked().shape == (0, 14)
    none = mixed(features=0)
    np.testing.assert_array_equal(none.hstacked().toarray(), none.vectors)


def test_it_takes_what_its_parts_take():
    own = mixed()
    assert own.nbytes == matrix_bytes(own) == matrix_bytes(own.bags) + 7 * 3 * 4


def test_texts_of_one_part_only_are_refused():
    with pytest.raises(AssertionError):
        Mixed(csr_matrix((3, 2), dtype=np.float32), np.zeros((2, 1), np.float32))
