"""``iirl`` and ``python -m jobs``: parse first, then load what the command needs."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from iirl_core.errors import IirlError
from jobs.cli import BUG, parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0: done; 1: done, and the answer is no; 2: the user's input, the configuration, the artifact or the cluster
        stands in the way; 70: a bug of ours (each with one line on standard error); 130: interrupted.
    """
    options = parser().parse_args(arguments)
    try:
        from jobs.commands import run_command  # after parsing: a wrong flag must not wait for imports

        return run_command(options)
    except KeyboardInterrupt:
        print("iirl: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output went away (| head): not our error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 (the process ends here)
        if options.debug:
            traceback.print_exc()
        if isinstance(error, IirlError):
            print(f"iirl: {error}", file=sys.stderr)
            return 2
        said = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"iirl: this is a bug ({said[:300]}). See where with: --debug.", file=sys.stderr)
        return BUG


if __name__ == "__main__":
    sys.exit(main())
