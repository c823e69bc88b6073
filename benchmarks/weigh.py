"""Run one command, its output thrown away, and write what it cost as JSON.

A process of its own, because Linux counts into a process's peak memory what its parent used before the program began:
started from here, that is a bare interpreter and not the whole benchmark.
"""

import json
import os
import subprocess
import sys
from time import perf_counter


def main() -> None:
    """Write wall clock in milliseconds, ``ru_maxrss`` as the system counts it, and the exit status."""
    started = perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, raw_status, usage = os.wait4(process.pid, 0)
    elapsed = (perf_counter() - started) * 1000
    process.returncode = os.waitstatus_to_exitcode(raw_status)
    cost = {"milliseconds": elapsed, "maxrss": usage.ru_maxrss, "status": process.returncode}
    print(json.dumps(cost))


if __name__ == "__main__":
    main()
