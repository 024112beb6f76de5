"""``iirl`` and ``python -m jobs``: parse first, then load what the command needs."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from iirl_core.errors import ending
from jobs.cli import parse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0: done; 1: done, and the answer is no; 2: the user's input, the configuration, the artifact or the cluster
        stands in the way; 70: a bug of ours (each with one line on standard error); 130: interrupted.
    """
    options = parse(sys.argv[1:] if arguments is None else arguments)
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
        code, line = ending(error, "--debug")
        print(line, file=sys.stderr)
        return code


if __name__ == "__main__":
    sys.exit(main())
