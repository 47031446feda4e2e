"""The page of the benchmarks says what the result files say; they measure what they say."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks import curves, page, rounds, scaling
from benchmarks.facts import ROOT
from benchmarks.peer_processes.exchange import load, timed_epochs
from benchmarks.processes import KERAS_JAX, KERAS_TENSORFLOW, MLP, ONE, Program, ask, run, there
from benchmarks.run import EVERY
from benchmarks.scaling_page import figures, scaling_section
from benchmarks.tasks import WORDS, drawn_words, written, zipf

SCRIPT = "run_sklearn.py"


def test_the_page_is_what_the_result_files_give():
    assert page.PAGE.read_text(encoding="utf-8") == page.text(), "run `make bench`"


def test_the_page_has_a_section_for_every_result_file():
    there = [name for name in page.SECTIONS if (page.RESULTS / f"{name}.json").exists()]
    written = page.PAGE.read_text(encoding="utf-8")
    assert there
    assert written.count("\n## ") == len(there) == written.count("\nMeasured with: ")


def test_what_has_a_section_is_measured_by_make_bench_and_the_other_way_round():
    measured = [benchmark.__name__.rpartition(".")[2] for benchmark in EVERY]
    assert sorted(measured) == sorted(page.SECTIONS)


def test_the_section_on_words_tells_what_was_measured():
    own = {"texts": 100_000, "seconds": {"ours": {"median": 3.456}}, "times_the_analyser": {}}
    own["times_the_analyser"]["ours"] = 0.678
    told = page.SECTIONS["tokenising"]({"analysers": {"fugashi": own}})
    assert "| fugashi | 100,000 | ours | 3.46 | 0.68 |" in told


def test_the_section_on_predictions_tells_what_was_measured():
    times = {"median": 0.25, "percentile_99": 0.75, "max": 9.0}
    ours = {"texts": 1_000, "milliseconds": times, "own_milliseconds": times}
    found = {
        "features": 2_000,
        "characters_a_text": 34.6,
        "one_prediction": {"textkaizen": ours},
        "start": {"seconds_median": 0.5, "seconds_min": 0.4, "own_seconds_min": 0.3},
        "file": {
            **{"lines": 100_000, "lines_a_second_after_the_start": 9_000},
            **{"vectorised_a_second": 12_000, "peak_megabytes": 300},
            "peak_megabytes_of_a_tenth": 200,
        },
    }
    told = page.SECTIONS["predicting"]({"sets": {"drawn": found}})
    row = "| drawn | 35 | 2,000 | textkaizen | 1,000 | 0.250 | 0.750 | 0.250 | 0.750 |"
    assert row in told
    assert "| drawn | 0.50 | 0.40 | 0.30 | 100,000 | 9,000 | 12,000 | 300 | 200 |" in told
    heads = [line for line in told if line.startswith("| texts |")]
    assert [head.count("|") for head in heads] == [row.count("|")] * 2


def test_figures_are_what_the_result_file_gives():
    path = page.RESULTS / "scaling.json"
    drawn = figures(page.read("scaling")) if path.exists() else {}
    kept = {own: own.read_text(encoding="utf-8") for own in page.PAGE.parent.glob("benchmarks-*")}
    assert kept == drawn


@pytest.mark.slow
def test_a_quick_run_measures_both_paths_and_leaves_the_results_alone(tmp_path):
    before = {path: path.stat().st_mtime_ns for path in page.RESULTS.iterdir()}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.wide", "--quick", "--out", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert not done.returncode, done.stderr
    found = json.loads((tmp_path / "wide.json").read_text(encoding="utf-8"))
    assert {"facts", "load_before", "widths"} <= set(found)
    for row in found["widths"].values():
        assert row["plain"]["lazy"] is False
        assert row["chosen"]["milliseconds_a_step"]["min"] > 0
        assert row["chosen"]["accuracy"] > 0.2  # ten classes
    widest = list(found["widths"].values())[-1]
    assert widest["chosen"]["lazy"] is True
    assert widest["times_faster_than_plain"] > 0
    told = "\n".join(page.wide_section(found))
    assert f"| {widest['features']:,} |" in told
    assert before == {path: path.stat().st_mtime_ns for path in page.RESULTS.iterdir()}


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    work = zipf(300, 200, epochs=4)
    return work, work.save(tmp_path_factory.mktemp("task") / "task.npz")


def test_a_peer_is_given_the_bags_that_we_have(task):
    work, path = task
    given = load(str(path))
    np.testing.assert_array_equal(given.bags.dense(), work.bags.toarray())
    np.testing.assert_array_equal(given.test_bags.dense(), work.test_bags.toarray())
    np.testing.assert_array_equal(given.labels, work.labels)
    assert (given.classes, given.units, given.epochs, given.batch_size) == (10, 32, 4, 32)
    assert given.accuracy(work.test_labels) == 1.0


def test_a_peer_answers_with_times_memory_accuracy_and_versions(task):
    answer = ask(MLP, task[1])
    assert answer is not None
    assert 0 < answer["seconds"] < answer["from_start_seconds"] < answer["whole_seconds"]
    assert 20e6 < answer["peak_bytes"] < 2e9  # an interpreter with SciPy, in bytes
    assert answer["accuracy"] > 0.1  # ten classes
    assert "scikit-learn" in answer["versions"]


def test_a_peer_that_fails_is_told_and_gives_nothing(task, capsys):
    assert ask(Program("nobody", SCRIPT, how={"model": "mlp"}), Path("nowhere.npz")) is None
    told = capsys.readouterr().out
    assert "nowhere.npz" in told
    assert "nobody gave no answer" in told


def test_a_program_that_takes_too_long_is_ended(capsys):
    assert run([sys.executable, "-c", "import time; time.sleep(60)"], longest_seconds=1) is None
    assert "Ended after 1 s." in capsys.readouterr().out


def test_a_program_ends_when_the_benchmark_that_asked_for_it_is_killed(tmp_path):
    sleeper = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()));"
    asked = [sys.executable, "-c", f"{sleeper} time.sleep(60)"]
    script = f"from benchmarks.processes import run; run({asked!r})"
    benchmark = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    told = lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()
    pid = wait_for(told)
    benchmark.kill()
    benchmark.wait()
    wait_for(lambda: not is_running(int(pid)))


def wait_for(found, seconds=50):
    """Return what becomes true; a sleeper left alone would sleep for longer."""
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return value


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # One that has ended and that nobody has asked after is still there by name.
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_peak_memory_is_that_of_the_program_and_not_of_who_started_it():
    kept = np.ones(40_000_000)  # 320 MB
    found = run([sys.executable, "-c", "pass"])
    assert found is not None
    assert found["peak_bytes"] < 100e6 < kept.nbytes


def test_a_peer_that_is_not_installed_is_left_out_with_a_sentence(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("benchmarks.processes.ENVIRONMENTS", tmp_path)
    assert there([KERAS_TENSORFLOW, MLP]) == [MLP]
    assert "`make bench-peers` installs it" in capsys.readouterr().out


def test_every_extra_has_its_pinned_requirements_and_is_made_by_make():
    from benchmarks.processes import FASTTEXT, NETWORKS

    extras = {one.extra for one in (*NETWORKS, FASTTEXT)} - {""}
    files = {path.stem.removeprefix("peers-") for path in (ROOT / "benchmarks").glob("peers-*.txt")}
    assert extras == files == {"tensorflow", "torch", "fasttext"}
    for name in extras:
        lines = (ROOT / "benchmarks" / f"peers-{name}.txt").read_text(encoding="utf-8").splitlines()
        needs = [line for line in lines if not line.startswith("#")]
        assert needs
        assert all("==" in line for line in needs)
        assert name in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_seconds_are_those_of_all_epochs_without_the_first_one(monkeypatch):
    clock = iter([0.0, 50.0, 50.0, 59.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    asked = []
    found = timed_epochs(10, asked.append)
    assert asked == [1, 9]
    assert found == {"first_epoch_seconds": 50.0, "seconds": pytest.approx(10.0)}


def test_a_ratio_is_the_median_of_what_stood_side_by_side():
    numbers = {"ours": {"seconds": [1, 10, 2]}, "peer": {"seconds": [4, 20, 10]}}
    assert rounds.ratios(numbers, "ours", ["peer"], "seconds") == {"peer": 4.0}
    numbers["peer"]["seconds"].pop()
    assert rounds.ratios(numbers, "ours", ["peer"], "seconds") == {}


def test_the_best_form_may_differ_by_what_is_timed():
    tried = {
        "quick to start": {"seconds": 2.0, "from_start_seconds": 3.0, "accuracy": 0.5},
        "quick to train": {"seconds": 1.0, "from_start_seconds": 9.0, "accuracy": 0.5},
    }
    program = Program("peer", SCRIPT, variants={name: {"form": name} for name in tried})
    best, found = rounds.best_variants(program, lambda _, form: tried[form])
    assert best == {"seconds": "quick to train", "from_start_seconds": "quick to start"}
    assert found == tried


def test_drawn_texts_are_zipf_and_can_be_told_apart():
    words, labels = drawn_words(20_000, 1_000, seed=0)
    counts = np.bincount(words.ravel(), minlength=1_000)
    assert words.shape == (20_000, WORDS)
    # Tens of ranks, since a class' own words are one of ten: rank r stands 1 / (r + 2.7) times.
    sums = counts.reshape(-1, 10).sum(1)
    expected = (1 / (np.arange(1_000) + 2.7)).reshape(-1, 10).sum(1)
    np.testing.assert_allclose(sums / sums.sum(), expected / expected.sum(), rtol=0.15)
    # Of 24 words three in ten are of the text's own class, and a tenth of all others.
    own = (words % 10 == labels[:, None]).mean()
    assert own == pytest.approx(0.3 + 0.7 * 0.1, abs=0.05)
    assert written(words[:2, :3])[0] == " ".join(f"w{number}" for number in words[0, :3])


def test_a_curve_ends_where_a_run_takes_more_than_a_minute_and_says_so():
    run = lambda size: 61.0 if size == 100 else size / 10
    found = scaling.curve("ours", [1, 10, 100, 1000], run, rounds=2)
    assert [point["size"] for point in found["points"]] == [1, 10, 100]
    assert found["ends"] == "more than a minute"


def test_a_curve_ends_where_a_program_would_hold_too_much(monkeypatch, task):
    work, path = task
    assert scaling.held(KERAS_JAX, work) > scaling.held(ONE, work)
    monkeypatch.setattr(scaling, "MOST_BYTES", 1.0)
    run = scaling.training(KERAS_JAX, lambda size: (work, path))
    found = scaling.curve("Keras", [300], run, rounds=1)
    assert found == {"points": [], "ends": "more memory than given"}


def test_curves_are_drawn_on_axes_of_powers_and_the_table_shows_all_sizes():
    point = lambda size, seconds: {"size": size, "seconds": seconds}
    found = {
        **{"texts": 10, "features": 20, "rounds": 5, "most_bytes": 6e9},
        **{"lane_texts": 1, "lane_features": 2, "lane_epochs": 3},
        "curves": {
            "texts": {
                "ours": {"points": [point(1_000, 0.5), point(1_000_000, 500)], "ends": ""},
                "peer": {"points": [point(1_000, 5.0)], "ends": "more than a minute"},
            }
        },
    }
    lines = "\n".join(scaling_section(found))
    assert "| 1,000 | 0.5 | 5 |" in lines
    assert "| 1,000,000 | 500 |  |" in lines
    assert "Where curves end: peer: more than a minute." in lines
    (drawn,) = figures(found).values()
    assert drawn.count("<circle") == 3
    assert ">1k<" in drawn
    assert ">1M<" in drawn


def test_ticks_are_powers_that_hold_all_points():
    assert curves.log_ticks(3, 1_000) == [1, 10, 100, 1_000]
    assert curves.log_ticks(1, 512, base=2) == [1, 4, 16, 64, 256, 1024]
    assert curves.log_ticks(0.02, 0.02) == [0.01, 0.1]
