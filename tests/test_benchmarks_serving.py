"""The section on the server says what was measured; without the load tool nothing is."""

from benchmarks import serving
from benchmarks.serving_page import serving_section

PROGRAM = {
    "requests": 180_000,
    "requests_a_second": 1501.4,
    "milliseconds": {"median": 12.34, "percentile_99": 19.96, "max": 41.2},
    "errors": 0,
    "own_milliseconds_a_request": 0.3456,
    "megabytes": 95.4,
}


def test_the_section_tells_what_was_measured():
    found = {"set": "drawn", "connections": 32, "seconds": 120, "programs": {"ours": PROGRAM}}
    told = serving_section(found)
    assert "32 connections, sends different texts of drawn" in told[0]
    row = "| ours | 1,501 | 12.3 | 20.0 | 41 | 0 of 180,000 | 0.346 | 95 |"
    assert row in told
    assert told[1].count("|") == row.count("|")
    found["memory"] = [{"requests": 100, "megabytes": 95.4}, {"requests": 205, "megabytes": 96.0}]
    found["together"] = {"kernel_svm": {"1": {"one_by_one": 5.451, "together": 6.6}}}
    told = serving_section(found)
    assert any(line.endswith("205 requests, in MB after each tenth: 95, 96.") for line in told)
    assert "| kernel svm | 5.45 / 6.60 |" in told


def test_without_the_load_tool_it_says_so_and_goes_on(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(serving.shutil, "which", lambda _: None)
    serving.main(["--out", str(tmp_path)])
    assert "wrk is not installed" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
