"""What the docs say of fallbacks on clinc150 is what was measured, and it is what was asked for."""

import json

from benchmarks import fallback

FOUND = json.loads((fallback.RESULTS / "fallback.json").read_text(encoding="utf-8"))


def test_the_section_and_the_figure_are_what_the_result_file_gives():
    page = fallback.PAGE.read_text(encoding="utf-8")
    assert page.endswith("\n" + fallback.section(FOUND)), "run `python -m benchmarks.fallback`"
    assert fallback.FIGURE.read_text(encoding="utf-8") == fallback.figure(FOUND)


def test_the_promise_was_kept_as_often_as_it_says():
    # 95 % confidence, and what is wrong among the texts to come is itself seen with an error.
    for part in ("in_scope", "mixture"):
        own = FOUND[part]
        assert own["draws"] == 100
        assert own["more_wrong_than_promised"] <= 9
        assert own["without_a_threshold"] == 0
