"""Startup time of the command.

python benchmarks/startup.py
"""

import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    sori = str(Path(sys.executable).with_name("sori"))
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import sori": [sys.executable, "-c", "import sori"],
        "import sori.features": [sys.executable, "-c", "import sori.features"],
        "import sori.inference": [sys.executable, "-c", "import sori.inference"],
        "sori --help": [sori, "--help"],
        "sori train --help": [sori, "train", "--help"],
        "sori models": [sori, "models"],
    }
    print("| command | seconds, best of 7 |")
    print("|---|---:|")
    for name, command in commands.items():
        best = float("inf")
        for _ in range(7):
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            best = min(best, time.perf_counter() - start)
        print(f"| `{name}` | {best:.2f} |")


if __name__ == "__main__":
    main()
