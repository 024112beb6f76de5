"""The RewardModel: encoder, expertness, mapping and patches, in memory.

    x → z → S_θ′(z′) → m′(S_θ′) → clip(m′ − Σ suppressing patches + Σ boosting patches, 0, 1)

The head sees z′, which is z without the directions that projections remove; S_θ′ has the weights that edits left, m′ is
m_ψ as sculpts left it. Places (spaces, support) are places in z, by the weights of training.
A family of whole episodes scores an input as one; its rows then share that score by their credit (``credit.py``).

Example:
    >>> model.read([conversation("Hello", "Hi, how can I help?")])[0].reward  # doctest: +SKIP
    0.91

What an input gets does not depend on what else was in the batch (1e-5 on the signal).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from iirl_core.demonstration import Input
from iirl_core.encoder.protocol import Encoded, Encoder
from iirl_core.errors import ArtifactError, InputError
from iirl_core.expertness import Episodes, Expertness
from iirl_core.mapping import Mapping, Monotone
from iirl_core.patch.ball import Ball
from iirl_core.patch.bank import BySpace, PatchBank
from iirl_core.patch.edit import edited
from iirl_core.patch.patch import Patch, Space
from iirl_core.patch.projection import Removal
from iirl_core.patch.repairs import Repairs
from iirl_core.patch.sculpt import Sculpted
from iirl_core.reading import Reading
from iirl_core.reward_model.credit import credited
from iirl_core.reward_model.reading import disagreement_of, reading_of
from iirl_core.reward_model.rows import Rows
from iirl_core.reward_model.spaces import Coordinates, Spaces
from iirl_core.reward_model.support import Support

CHUNK = 4096
"""Rows evaluated at a time: memory stays constant however long a trajectory is."""
NAMED = 8
"""Patches named in a Reading's evidence."""
NONE = Repairs()


class RewardModel:
    """Immutable after construction: ``with_repairs``, ``with_patches`` and ``with_encoder`` give another one that
    shares the rest.
    """

    def __init__(
        self,
        encoder: Encoder,
        expertness: Expertness,
        mapping: Mapping,
        spaces: Spaces,
        support: Support,
        *,
        repairs: Repairs = NONE,
    ) -> None:
        self.encoder, self.mapping, self.spaces, self.support = encoder, mapping, spaces, support
        self.expertness = expertness.eval().requires_grad_(False)
        self.repairs = repairs
        self._check_patches()
        self.bank = PatchBank(self.patches)
        self.shaped = Sculpted.of(mapping, repairs.sculpts)
        self.head = edited(self.expertness, repairs.edits)
        """What gives the signal; ``expertness`` is what training left."""
        self._removals = [Removal.of(one) for one in repairs.projections if one.enabled]
        width = self.spaces.whole.mean.shape[0]
        if strange := [one.id for one in repairs.projections if len(one.centre) != width]:
            raise ArtifactError(f"projection {strange[0]} of another width", f"{width} dimensions")

    @property
    def patches(self) -> tuple[Patch, ...]:
        """All kernels, enabled or not."""
        return self.repairs.patches

    def _check_patches(self) -> None:
        placed: list[tuple[str, Patch | Ball]] = [(patch.id, patch) for patch in self.patches]
        placed += [(one.id, one.ball) for one in self.repairs.sculpts if one.ball is not None]
        probe = torch.zeros(1, self.spaces.whole.mean.shape[0])
        shapes = {space: self.space(probe, space)[0].shape for space in {one.space for _, one in placed}}
        for name, one in placed:
            _, experts, width = shapes[one.space]
            if not 0 <= one.expert < experts or len(one.centre) != width:
                raise ArtifactError(
                    f"patch {name} at expert {one.expert} with {len(one.centre)} dimensions",
                    f"in space {one.space}: an expert below {experts} and {width} dimensions",
                )
            if isinstance(one, Ball) and self.expertness.whole_episodes:
                raise ArtifactError(f"{name} sculpts the map in a region", "everywhere: whole episodes share one map")

    def with_repairs(self, repairs: Repairs) -> RewardModel:
        """The same model with exactly these repairs; without any it is what training made.

        Raises:
            ArtifactError: a repair names an expert or has dimensions that this model does not have.
        """
        return RewardModel(self.encoder, self.expertness, self.mapping, self.spaces, self.support, repairs=repairs)

    def with_patches(self, patches: Sequence[Patch]) -> RewardModel:
        """The same model with exactly these patches; other repairs stay.

        Raises:
            ArtifactError: as ``with_repairs``.
        """
        return self.with_repairs(self.repairs.with_patches(patches))

    def with_encoder(self, encoder: Encoder) -> RewardModel:
        """The same model behind another encoder that gives the same rows."""
        return RewardModel(encoder, self.expertness, self.mapping, self.spaces, self.support, repairs=self.repairs)

    def space(self, z: Tensor, space: Space) -> tuple[Tensor, Tensor]:
        """``z [N, D]`` → ``phi [N, E, L]``, scaled by the space's spread, and ``gate [N, E]``; differentiable."""
        return self._coordinates(z).of(space)

    def rows(self, z: Tensor, episodes: Episodes | None = None) -> Rows:
        """``z [N, D]`` → columns; differentiable in z while grad is enabled.

        ``episodes`` says which rows are one input; without it they are one sample of an occupancy, as a guard set is.
        Only a family of whole episodes looks at it.
        """
        return Rows.join([self._rows(*part) for part in self._parts(z, episodes)])

    def rewards(self, z: Tensor, episodes: Episodes | None = None) -> Tensor:
        """The column ``reward [N]`` of ``rows`` alone, at a part of its cost; differentiable in z."""
        return torch.cat([self._rewards(*part) for part in self._parts(z, episodes)])

    def with_disagreement(self, z: Tensor, episodes: Episodes | None = None) -> tuple[Tensor, Tensor]:
        """The columns ``reward [N]`` and ``disagreement [N]`` of ``rows``, at little more than the cost of the one."""
        parts = [self._with_disagreement(*part) for part in self._parts(z, episodes)]
        return torch.cat([reward for reward, _ in parts]), torch.cat([disagreement for _, disagreement in parts])

    def _parts(self, z: Tensor, episodes: Episodes | None) -> Iterator[tuple[Tensor, Episodes]]:
        """Rows by the chunk, and episodes whole."""
        if not len(z):
            yield z, Episodes(())
        elif not self.expertness.whole_episodes:
            yield from ((part, Episodes((len(part),))) for part in torch.split(z, CHUNK))
        else:
            chunks = list((episodes or Episodes((len(z),))).chunks(CHUNK))
            yield from zip(torch.split(z, [sum(chunk.lengths) for chunk in chunks]), chunks, strict=True)

    def _mapped(self, mapping: Monotone, signal: Tensor, episodes: Episodes) -> Tensor:
        if self.expertness.whole_episodes:
            return credited(mapping, signal, episodes)
        return mapping.reward(signal)

    def seen(self, z: Tensor) -> Tensor:
        """``z [N, D]`` → z′, what the head sees of it; differentiable."""
        for removal in self._removals:
            z = removal.apply(z)
        return z

    def _rewards(self, z: Tensor, episodes: Episodes) -> Tensor:
        where = self._coordinates(z)
        signal = self.head.combined(self.head.credit(self.seen(z), episodes))
        return self._patched(where, self._mapped(self._shaped(where), signal, episodes))

    def _with_disagreement(self, z: Tensor, episodes: Episodes) -> tuple[Tensor, Tensor]:
        where = self._coordinates(z)
        signals, shaped = self.head.credit(self.seen(z), episodes), self._shaped(where)
        mapped = self._mapped(shaped, self.head.combined(signals), episodes)
        return self._patched(where, mapped), disagreement_of(shaped, signals)

    def _patched(self, where: Coordinates, mapped: Tensor) -> Tensor:
        suppressed, boosted = self._effects(where)
        return (mapped - suppressed + boosted).clamp(0, 1)

    def _effects(self, where: Coordinates) -> tuple[Tensor, Tensor]:
        """``[N]`` each: what patches take away, and what they add."""
        effects = self.bank.effects(self._touching(where), len(where.z))
        return effects.suppressed.to(where.z.device), effects.boosted.to(where.z.device)

    def _touching(self, where: Coordinates) -> BySpace:
        """In the spaces of the patches."""
        return {space: where.of(space) for space in self.bank.spaces}

    def _rows(self, z: Tensor, episodes: Episodes) -> Rows:
        where = self._coordinates(z)
        signals = self.head.credit(self.seen(z), episodes)
        signal = self.head.combined(signals)
        shaped = self._shaped(where)
        mapped = self._mapped(shaped, signal, episodes)
        changed = self._removals or self.shaped.sculpts or self.head is not self.expertness
        unpatched = self._unpatched(z, episodes) if changed else mapped
        suppressed, boosted = self._effects(where)
        return Rows(
            signal=signal,
            unpatched=unpatched,
            reshaped=mapped - unpatched,
            suppressed=suppressed,
            boosted=boosted,
            reward=(mapped - suppressed + boosted).clamp(0, 1),
            disagreement=disagreement_of(shaped, signals),
            support_distance=self.support.distance(self.spaces.bottleneck.apply(z)),
            gate=where.latents.gate,
        )

    def _coordinates(self, z: Tensor) -> Coordinates:
        return self.spaces.coordinates(self.expertness, z)

    def _shaped(self, where: Coordinates) -> Monotone:
        """The map as sculpts left it, there."""
        return self.shaped.at(where.of) if self.shaped.balls.spaces else self.shaped

    def _unpatched(self, z: Tensor, episodes: Episodes) -> Tensor:
        """What the weights alone give."""
        return self._mapped(self.mapping, self.expertness.combined(self.expertness.credit(z, episodes)), episodes)

    @torch.no_grad()
    def read(self, inputs: Sequence[Input]) -> list[Reading]:
        """One Reading per input, in order.

        Raises:
            InputError: an input is of the other kind or dimension, or its signal is not finite.
        """
        return self.read_encoded(self.encoder.encode(inputs)) if inputs else []

    @torch.no_grad()
    def read_encoded(self, encoded: Encoded) -> list[Reading]:
        """Readings of what the encoder already encoded.

        Raises:
            InputError: a signal is not finite.
        """
        rows = self.rows(encoded.z, Episodes(encoded.lengths, encoded.absorbed))
        if not bool(torch.isfinite(rows.signal).all()):
            raise InputError("an input gives a signal that is not finite", "values near those of the demonstrations")
        names = self._patches_of(encoded.z, encoded.lengths)
        readings, start = [], 0
        for length, tokens, touched in zip(encoded.lengths, encoded.tokens, names, strict=True):
            readings.append(reading_of(rows.part(slice(start, start + length)), touched, tokens))
            start += length
        return readings

    def _patches_of(self, z: Tensor, lengths: Sequence[int]) -> list[tuple[str, ...]]:
        """The ids of the patches that moved each input most, strongest first."""
        if not self.bank.spaces:
            return [()] * len(lengths)
        owner = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
        totals = torch.zeros(len(lengths), len(self.patches), dtype=torch.float64)
        for rows, owners in zip(torch.split(z, CHUNK), torch.split(owner, CHUNK), strict=True):
            totals.index_add_(0, owners, self.bank.contributions(self._touching(self._coordinates(rows)), len(rows)))
        strongest, columns = totals.topk(min(NAMED, len(self.patches)), dim=1)
        return [
            tuple(self.patches[column].id for column, effect in zip(line, effects, strict=True) if effect > 0)
            for line, effects in zip(columns.tolist(), strongest.tolist(), strict=True)
        ]
