"""The section of the page on `benchmarks.serving`."""

from __future__ import annotations

from typing import Any

SERVING_HEAD = """## A server under load

`textkaizen serve` with one worker on loopback, beside a plain server: FastAPI with Pydantic models
and a scikit-learn pipeline (`TfidfVectorizer`s of words and of characters, logistic regression).
wrk holds {connections} connections, sends different texts of {set} to `POST /v1/reply`, and waits
for each answer; {seconds} seconds each, a quarter of that for what has two commas. The server's own
time is what its threads have computed, whatever else the machine did meanwhile. An error is an
answer that is none, or a status other than 200. Asked for are 1,500 requests a second with 99 of
100 under 20 milliseconds.
"""


def serving_section(found: dict[str, Any]) -> list[str]:
    """Return the section on `benchmarks.serving`."""
    lines = [
        SERVING_HEAD.format(**found),
        "| program | requests a second | milliseconds, median | of 100 the slowest | slowest | "
        "errors | own milliseconds a request | MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, own in found["programs"].items():
        times = own["milliseconds"]
        lines.append(
            f"| {name} | {own['requests_a_second']:,.0f} | {times['median']:.1f} | "
            f"{times['percentile_99']:.1f} | {times['max']:.0f} | {own['errors']:,} of "
            f"{own['requests']:,} | {own['own_milliseconds_a_request']:.3f} | "
            f"{own['megabytes']:.0f} |"
        )
    if watched := found.get("memory"):
        told = ", ".join(f"{one['megabytes']:.0f}" for one in watched)
        lines += [
            "",
            f"Memory of the first while it answered {watched[-1]['requests']:,} requests, in MB "
            f"after each tenth: {told}.",
        ]
    if texts := found.get("together"):
        counts = list(next(iter(texts.values())))
        lines += [
            "",
            "Texts that wait are answered together, unless the model is quick. Milliseconds a "
            "text, one by one / together (own time of the thread, least of five):",
            "",
            f"| texts that wait | {' | '.join(counts)} |",
            f"|---|{'---|' * len(counts)}",
        ]
        for kind, own in texts.items():
            pairs = [f"{one['one_by_one']:.2f} / {one['together']:.2f}" for one in own.values()]
            lines.append(f"| {kind.replace('_', ' ')} | {' | '.join(pairs)} |")
    return [*lines, ""]
