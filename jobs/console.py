"""Progress on a terminal (rich bars), plain lines in a log; and where answers go.

Example:
    >>> progress = Progress()
    >>> with progress.task("encoding", total=480) as advance:  # doctest: +SKIP
    ...     advance(32)
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from jobs.outcome import Outcome

LOG_COLUMNS = 140
"""A log has no width of its own."""
PLAIN_SECONDS = 5.0
"""How often a long task says in a log how far it is."""


class Answers(Console):
    """Standard output. Where its reader went away (``| head``), a command goes on in silence: what it does, and how it
    ends, hangs on nobody's reading.
    """

    def on_broken_pipe(self) -> None:
        """Instead of rich's, which ends the process."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python flushes into the pipe at its end


def answering() -> Console:
    """Where a command's answer goes: standard output, so that it can be piped."""
    return _readable(Answers(highlight=False, soft_wrap=True))


def doing() -> Console:
    """Where it is said what a command does: standard error."""
    return _readable(Console(stderr=True, highlight=False, soft_wrap=True))


def _readable(console: Console) -> Console:
    """As wide as a log where there is no terminal."""
    if not console.is_terminal:
        console.width = LOG_COLUMNS
    return console


class Progress:
    """Owns the terminal. What a command does goes to standard error, the tables it is run for to standard output."""

    def __init__(self, console: Console | None = None) -> None:
        self.console, self.answers = console or doing(), console or answering()

    def say(self, text: str) -> None:
        """One line."""
        self.console.print(text, markup=False)

    def table(self, title: str, columns: list[str], rows: list[list[str]]) -> None:
        """An answer, as a small table; the first column is left-aligned and stays in one piece, the others right."""
        table = Table(title=title, title_justify="left")
        for index, column in enumerate(columns):
            table.add_column(column, justify="right" if index else "left", no_wrap=not index, overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.answers.print(table, soft_wrap=False)

    @contextmanager
    def task(self, description: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A task of ``total`` units (None: unknown); call what it yields with the units done since the last call."""
        started = time.monotonic()
        done = 0
        if self.console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            with Bars(*columns, console=self.console, transient=True) as bars:
                bar = bars.add_task(description, total=total)

                def advance_bar(units: int) -> None:
                    nonlocal done
                    done += units
                    bars.advance(bar, units)

                yield advance_bar
        else:
            said = started

            def advance_line(units: int) -> None:
                nonlocal done, said
                done += units
                if time.monotonic() - said >= PLAIN_SECONDS:
                    said = time.monotonic()
                    self.say(f"{description}: {done}" + (f" of {total}" if total else ""))

            yield advance_line
        self.say(f"{description}: {f'{done} in ' if done else ''}{time.monotonic() - started:.1f} s")

    def outcome(self, outcome: Outcome) -> None:
        """What was made, where, and what comes next."""
        self.say(("" if outcome.passed else "NOT PASSED: ") + outcome.made)
        if outcome.where:
            self.say(f"  at    {outcome.where}")
        if outcome.next:
            self.say(f"  next  {outcome.next}")
