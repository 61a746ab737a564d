"""The process of a scoring room that the lab opened: ``amgs score`` that ends with the lab."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import suppress
from pathlib import Path

from amgs.errors import AmgsError
from amgs.processes import end_with_input
from amgs.study import Study
from amgs.study.consistency import require_same_scoring
from amgs.web.serving import Address, serve


def main(folder: Path, host: str) -> None:
    """Serve the room until the standard input ends."""

    def announce(address: Address) -> None:
        told = {"url": address.url, "access_key": address.access_key}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()

    with Study.open(folder) as study:
        require_same_scoring(study)
        _ = study.room().reference  # a fault in it must not be met by a rater
        threading.Thread(target=end_with_input, daemon=True).start()
        with suppress(KeyboardInterrupt):
            serve(study, host, None, announce)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2])
    except AmgsError as error:
        sys.exit(str(error))
