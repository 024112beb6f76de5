"""Array files: NPZ and HDF5 with D4RL's keys, and HDF5 in Minari's layout.

D4RL: flat arrays ``observations [N, obs]``, ``actions [N, act]``, ``terminals [N]``, ``timeouts [N]``; an index
``episode [N]`` wins over both where there is one. Without any of them the file is one trajectory.
Minari: groups ``episode_0``, ``episode_1``, … with ``observations [T+1, obs]``, ``actions [T, act]``,
``terminations [T]``: the observation after the last action is left out, so that each step has its action.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import h5py
import numpy as np
from numpy.typing import NDArray

from iirl_core.errors import InputError, one_line
from iirl_core.records.opening import UNREADABLE, open_random
from iirl_core.records.raw import Quarantined, RawRecord, RecordFile

ARRAYS = ("observations", "actions", "terminals", "timeouts", "episode")
_FLAGS = ("terminals", "timeouts", "episode")
_EPISODE = "episode_"
Arrays = Mapping[str, NDArray[np.generic]]


def read_npz(file: RecordFile) -> Iterator[RawRecord | Quarantined]:
    """One record per episode. Pickled members are never loaded."""
    try:
        with open_random(file) as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in ARRAYS if name in archive.files}
            found = list(archive.files)
    except UNREADABLE as error:
        yield Quarantined(file.name, 0, f"not a readable NPZ file ({one_line(error)})")
        return
    yield from _flat(file, arrays, found)


def read_hdf5(file: RecordFile) -> Iterator[RawRecord | Quarantined]:
    """One record per episode; a Minari file is read one episode at a time."""
    try:
        with open_random(file) as stream, h5py.File(stream, "r") as archive:
            names = [name for name in archive if name.startswith(_EPISODE) and name[len(_EPISODE) :].isdigit()]
            if not names:
                yield from _flat(file, _datasets(archive, ARRAYS), list(archive))
            for line, name in enumerate(sorted(names, key=lambda name: int(name[len(_EPISODE) :])), start=1):
                yield _minari(file, line, name, archive[name])
    except UNREADABLE as error:
        yield Quarantined(file.name, 0, f"not a readable HDF5 file ({one_line(error)})")


def cut_episodes(arrays: Arrays) -> list[tuple[int, int]]:
    """``(start, stop)`` of each episode of D4RL's flat arrays.

    Raises:
        InputError: an array is not as long as the observations.
    """
    steps = len(arrays["observations"])
    for name, array in arrays.items():
        if array.ndim == 0 or len(array) != steps or (name in _FLAGS and array.size != steps):
            raise InputError(f"{name} have shape {list(array.shape)}", f"{steps} rows, as the observations have")
        if name in _FLAGS and array.dtype.kind not in "fiub":
            raise InputError(f"{name} are {array.dtype}", "numbers")
    if "episode" in arrays:
        episode = arrays["episode"].reshape(steps)
        changes = np.flatnonzero(episode[1:] != episode[:-1]) + 1
        stops = [*changes.tolist(), steps]
    else:
        ended = np.zeros(steps, dtype=bool)
        for name in ("terminals", "timeouts"):
            if name in arrays:
                ended |= arrays[name].reshape(steps).astype(bool)
        stops = (np.flatnonzero(ended) + 1).tolist()
        if not stops or stops[-1] != steps:
            stops.append(steps)
    return list(zip([0, *stops[:-1]], stops, strict=True))


def _flat(file: RecordFile, arrays: Arrays, found: list[str]) -> Iterator[RawRecord | Quarantined]:
    if "observations" not in arrays:
        names = ", ".join(map(repr, found[:8])) or "nothing"
        yield Quarantined(file.name, 0, f"no array named observations, but {names}")
        return
    try:
        if not arrays["observations"].ndim:
            raise InputError("observations are a single value", "shape [N, dimension]")
        cuts = cut_episodes(arrays)
    except UNREADABLE as error:
        yield Quarantined(file.name, 0, one_line(error))
        return
    terminals = arrays.get("terminals")
    for line, (start, stop) in enumerate(cuts, start=1):
        document: dict[str, object] = {"observations": arrays["observations"][start:stop]}
        if "actions" in arrays:
            document["actions"] = arrays["actions"][start:stop]
        document["terminal"] = terminals is not None and bool(terminals.reshape(-1)[stop - 1])
        yield RawRecord(file.name, line, document)


def _minari(file: RecordFile, line: int, name: str, group: h5py.Group) -> RawRecord | Quarantined:
    try:
        arrays = _datasets(group, ("observations", "actions", "terminations"))
        observations = arrays["observations"]
        document: dict[str, object] = {"observations": observations}
        if "actions" in arrays:
            steps = len(arrays["actions"])
            document |= {"observations": observations[:steps], "actions": arrays["actions"]}
            if len(observations) not in (steps, steps + 1):
                raise InputError(f"{len(observations)} observations for {steps} actions", "one more, or as many")
        ended = arrays.get("terminations")
        document["terminal"] = ended is not None and ended.size > 0 and bool(ended.reshape(-1)[-1])
    except UNREADABLE as error:
        return Quarantined(file.name, line, f"{name}: {one_line(error)}")
    return RawRecord(file.name, line, document)


def _datasets(group: h5py.Group, names: tuple[str, ...]) -> dict[str, NDArray[np.generic]]:
    arrays = {}
    for name in names:
        if name in group:
            if not isinstance(group[name], h5py.Dataset):
                raise ValueError(f"{name} is a group of arrays; expected one array [N, dimension]")
            arrays[name] = np.asarray(group[name][()])
    return arrays
