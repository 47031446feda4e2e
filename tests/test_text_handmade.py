"""Hand-made features: what each counts, and that nothing makes them fail."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkaizen.recipe.text import HANDMADE
from textkaizen.text.handmade import HANDMADE_FUNCTIONS, handmade

ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)


def test_there_is_a_function_for_every_name_of_a_recipe():
    assert tuple(HANDMADE_FUNCTIONS) == HANDMADE


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("characters", "abc", math.log(4)),
        ("words", "do you open?", math.log(4)),
        ("word_length", "a bcd", 2.0),
        ("digits", "a1b２", 0.5),
        ("capitals", "AbcÄ", 0.5),
        ("punctuation", "a.b、", 0.5),
        ("question", "何時ですか？", 1.0),
        ("question", "no", 0.0),
        ("question", "هل؟", 1.0),
        ("question", "τι κάνεις;", 1.0),
        ("question", "τι κάνεις\u037e", 1.0),
        ("question", "er kam; sie ging", 0.0),
        ("exclamation", "¡hola", 1.0),
        ("emoji", "👩‍👧 a 👍", math.log(3)),
        ("url", "see www.a.org", 1.0),
        ("repeats", "soooo", math.log(5)),
        ("repeats", "soo\n\n\n\n", math.log(5)),
        ("repeats", "so", math.log(2)),
        ("repeats", "", 0.0),
        ("japanese", "本ab", 1 / 3),
        ("japanese", "スーパーﾊﾟ々", 1.0),
    ],
)
def test_each_counts_what_its_name_says(name, text, value):
    assert handmade([text], (name,))[0, 0] == pytest.approx(value, rel=1e-6)


@settings(max_examples=300, deadline=None)
@given(st.lists(ANY, max_size=4))
def test_any_text_has_finite_features_the_same_alone_and_among_others(texts):
    found = handmade(texts, HANDMADE)
    assert (found.dtype, found.shape) == (np.float32, (len(texts), len(HANDMADE)))
    assert np.isfinite(found).all()
    for text, row in zip(texts, found, strict=True):
        np.testing.assert_array_equal(handmade([text], HANDMADE)[0], row)
