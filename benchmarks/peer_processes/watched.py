"""Run a command and write how long it took and the most memory it held.

    python watched.py ANSWER COMMAND ...

A small process in between, since the system counts the memory that a parent held when it started
a child as the child's own: a benchmark that holds its data would be told as every peer's peak.
"""

import json
import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path


def end_with_parent(process: subprocess.Popen, parent: int) -> None:
    """End the command when the benchmark that asked for it is no longer there."""
    while os.getppid() == parent:
        time.sleep(1)
    process.kill()


def main() -> int:
    """Run, write, and end with the command's status."""
    begun = time.monotonic()
    process = subprocess.Popen(sys.argv[2:])
    threading.Thread(target=end_with_parent, args=(process, os.getppid()), daemon=True).start()
    process.wait()
    ended = time.monotonic()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    kilobyte = 1 if sys.platform == "darwin" else 1024
    found = {"begun": begun, "whole_seconds": ended - begun, "peak_bytes": peak * kilobyte}
    Path(sys.argv[1]).write_text(json.dumps(found), encoding="utf-8")
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
