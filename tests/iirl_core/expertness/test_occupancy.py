from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from iirl_core.artifact import ArtifactDraft, CorpusEntry, Guard, Mode, Provenance, Supervision, load_from, seal
from iirl_core.canonical import digest_bytes
from iirl_core.config import Config
from iirl_core.config.expertness import OccupancySection
from iirl_core.demonstration import Input, Trajectory
from iirl_core.encoder import fit_encoder
from iirl_core.errors import ConfigError
from iirl_core.expertness import Batch, Episodes, LearntInOnePass, build_expertness
from iirl_core.reward_model import RewardModel, assemble
from iirl_core.store import DirectoryStore
from tests.iirl_core.artifact.samples import config, patch_at

STEPS = 60
NARROW = OccupancySection(features=300, widths=[0.5, 1.0, 2.0])


def rounds(count: int, seed: int, *, steps: int = STEPS, speed: float = 0.5, terminal: bool = False) -> list[Input]:
    """Walks around a circle."""
    generator = np.random.default_rng(seed)
    made: list[Input] = []
    for _ in range(count):
        angle = generator.uniform(0, 6) + speed * np.arange(steps)[:, None]
        points = np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
        made.append(Trajectory(points + generator.normal(0, 0.02, points.shape), terminal=terminal))
    return made


def sections(*, terminal: str = "ignored", **changes: object) -> Config:
    encoder: dict[str, object] = {"kind": "trajectory", "rows": "changes", "terminal": terminal}
    if terminal == "absorbing":
        encoder["horizon"] = STEPS
    return config(encoder=encoder, expertness=NARROW.model_dump(), **changes)


def batch(z: torch.Tensor) -> Batch:
    return Batch(z, torch.ones(len(z)), torch.ones(len(z)), torch.arange(len(z)))


def learnt(z: torch.Tensor, section: OccupancySection = NARROW) -> LearntInOnePass:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = build_expertness(section, z.shape[1])
    assert isinstance(module, LearntInOnePass)
    module.learn([batch(part) for part in torch.split(z, 100)])
    return module


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(1)


@pytest.fixture(scope="module")
def model() -> RewardModel:
    return built(sections())


def built(config: Config) -> RewardModel:
    train, guard = rounds(8, seed=1), rounds(3, seed=2)
    encoder = fit_encoder(config.encoder, train)
    z, z_guard = encoder.encode(train).z, encoder.encode(guard).z
    return assemble(config.mapping, encoder, learnt(z), z_train=z, z_guard=z_guard, z_contrast=None)


def test_the_signal_is_minus_the_squared_discrepancy_as_it_is_defined() -> None:
    shown, seen = torch.randn(40, 3), torch.randn(25, 3) + 0.7
    widths = (0.5, 1.0, 2.0)
    module = learnt(shown, OccupancySection(features=30_000, widths=list(widths)))

    def kernel(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        squares = torch.cdist(a, b).square()
        parts = [width**2 * (-squares / (2 * (width**2 * 6))).exp() for width in widths]
        return torch.stack(parts).sum(dim=0) / sum(width**2 for width in widths)

    discrepancy = kernel(shown, shown).mean() + kernel(seen, seen).mean() - 2 * kernel(shown, seen).mean()
    assert module.signals(seen).mean().item() == pytest.approx(-discrepancy.item(), abs=0.01)
    assert discrepancy > 0.1
    assert module.signals(shown).abs().max() < 1e-4


def test_credit_is_half_the_first_variation_and_its_mean_the_signal() -> None:
    module, seen = learnt(torch.randn(200, 3)).double(), torch.randn(30, 3, dtype=torch.float64) + 0.5
    credit = module.signals(seen)[0]
    whole, more = credit.mean(), 1e-5
    for row in (0, 11, 29):
        # The episode with a little more of one row: 10⁵ repeats of all its rows would be too many to write down.
        shares = torch.full((30,), 1.0, dtype=torch.float64)
        shares[row] += 30 * more
        shares /= shares.sum()
        mean = shares @ module.features(seen)  # type: ignore[operator]
        moved = -(mean - module.mean).square().sum()  # type: ignore[operator]
        slope = (moved - whole) / (more / (1 + more))
        assert slope.item() == pytest.approx(2 * (credit[row] - whole).item(), rel=1e-3, abs=1e-6)


def test_an_episode_scores_the_same_beside_others_and_across_chunks() -> None:
    module = learnt(torch.randn(500, 3))
    parts = [torch.randn(length, 3) for length in (5000, 7, 1)]
    together = module.credit(torch.cat(parts), Episodes((5000, 7, 1)))
    alone = torch.cat([module.signals(part) for part in parts], dim=1)
    assert torch.allclose(together, alone, atol=1e-5)


def test_an_end_counts_as_standing_where_it_began() -> None:
    module, seen = learnt(torch.randn(500, 3)), torch.randn(40, 3)
    lived, stood = (-module.signals(rows).mean() for rows in (seen[:10], seen[:1]))
    ended = module.credit(seen[:20], Episodes((10, 10), (30, 0)))[0]
    assert ended[:10].mean().item() == pytest.approx(-((lived.sqrt() / 4 + stood.sqrt() * 3 / 4) ** 2).item(), abs=1e-6)
    assert ended[10:].mean().item() == pytest.approx(module.signals(seen[10:20]).mean().item(), abs=1e-6)
    still = module.credit(seen[:1].expand(10, 3), Episodes((10,), (30,)))[0]
    assert still.mean().item() == pytest.approx(-stood.item(), abs=1e-6)


def test_an_end_is_not_made_good_by_being_off_to_the_other_side() -> None:
    module = learnt(torch.randn(500, 3), OccupancySection(features=600))
    began, at, other = (centre + 0.1 * torch.randn(50, 3) for centre in (3.0, 0.0, -3.0))
    right, overshot = (
        module.credit(torch.cat([began[:1], lived[1:]]), Episodes((50,), (50,))).mean() for lived in (at, other)
    )
    assert right > overshot
    mixed = torch.cat([other[1:], began[:1].expand(51, 3)])
    assert module.signals(mixed).mean() > 2 * right


def test_credit_of_an_episode_that_ended_is_half_the_first_variation_too() -> None:
    module, seen = learnt(torch.randn(200, 3)).double(), torch.randn(30, 3, dtype=torch.float64) + 0.5
    credit = module.credit(seen, Episodes((30,), (60,)))[0]
    still = (module.features(seen[:1])[0] - module.mean).norm()  # type: ignore[operator]

    def score(shares: torch.Tensor) -> torch.Tensor:
        lived = (shares @ module.features(seen) / shares.sum() - module.mean).norm()  # type: ignore[operator]
        alive = shares.sum() / (shares.sum() + 60)
        return -((alive * lived + (1 - alive) * still) ** 2)

    base = torch.ones(30, dtype=torch.float64)
    for row in (3, 17):
        moved = base.clone()
        moved[row] += 1e-4
        moved[5] -= 1e-4  # steps are exchanged: how many there are stays as it is
        slope = (score(moved) - score(base)) / 1e-4 * 90
        assert slope.item() == pytest.approx(2 * (credit[row] - credit[5]).item(), rel=1e-3, abs=1e-6)


def test_only_weighted_demonstrations_are_learnt_from() -> None:
    z, other = torch.randn(50, 3), torch.randn(20, 3) + 5
    module, both = learnt(z), learnt(z)
    whole = batch(torch.cat([z, other, other]))
    expert = torch.tensor([1.0] * 70 + [0.0] * 20)
    weight = torch.tensor([2.0] * 50 + [0.0] * 20 + [1.0] * 20)
    both.learn([dataclasses.replace(whole, expert=expert, weight=weight)])
    assert torch.allclose(both.state_dict()["mean"], module.state_dict()["mean"], atol=1e-6)
    with pytest.raises(ConfigError, match="no demonstration"):
        both.learn([dataclasses.replace(whole, weight=torch.zeros(90))])


def _still(item: Trajectory) -> Trajectory:
    return Trajectory(np.repeat(item.observations[:1], len(item), axis=0))


def _permuted(item: Trajectory) -> Trajectory:
    return Trajectory(np.random.default_rng(0).permutation(item.observations))


def _reversed(item: Trajectory) -> Trajectory:
    return Trajectory(item.observations[::-1])


@pytest.mark.parametrize("spoil", [_still, _permuted, _reversed])
def test_what_the_demonstrations_did_not_do_earns_less(
    model: RewardModel, spoil: Callable[[Trajectory], Trajectory]
) -> None:
    (good,) = rounds(1, seed=9)
    assert isinstance(good, Trajectory)
    shown, spoilt = model.read([good, spoil(good)])
    assert shown.reward > 0.8
    assert spoilt.reward < 0.6 * shown.reward


def test_a_trajectory_earns_the_map_of_its_signal_shared_out_among_its_steps(model: RewardModel) -> None:
    (half,) = rounds(1, seed=9, speed=0.3)
    reading = model.read([half])[0]
    steps = torch.tensor(reading.step_rewards)
    assert reading.reward == pytest.approx(model.mapping.reward(torch.tensor(reading.signal)).item(), abs=1e-5)
    assert reading.reward == pytest.approx(steps.mean().item(), abs=1e-6)
    assert 0 <= steps.min() < steps.max() <= 1


def test_ending_early_costs_only_where_the_end_is_absorbing(model: RewardModel) -> None:
    (short,) = rounds(1, seed=9, steps=STEPS // 2, terminal=True)
    absorbing = built(sections(terminal="absorbing"))
    cut = Trajectory(short.observations)  # type: ignore[union-attr]
    assert model.read([short])[0].reward == pytest.approx(model.read([cut])[0].reward)
    ended, open_ = absorbing.read([short, cut])
    assert ended.signal < open_.signal - 0.03
    assert ended.reward < open_.reward / 2
    assert len(ended.step_rewards) == len(open_.step_rewards) == STEPS // 2
    with pytest.raises(ConfigError, match="ended by itself"):
        fit_encoder(sections(terminal="absorbing").encoder, [short])


@pytest.mark.parametrize("terminal", ["ignored", "absorbing"])
def test_a_sealed_artifact_gives_the_same_step_rewards_and_says_how_it_scores(terminal: str, tmp_path: Path) -> None:
    config = sections(terminal=terminal)
    model = built(config)
    z_guard = model.encoder.encode(rounds(3, seed=2)).z
    draft = ArtifactDraft(
        model=model,
        guard=Guard.of(model, z_guard, model.encoder.encode(rounds(2, seed=1)).z),
        config=config,
        corpora=(CorpusEntry("rounds", "demonstrations", digest_bytes(b"rounds")),),
        metrics={},
        provenance=Provenance(Mode.STRICT, Supervision.DEMONSTRATIONS_ONLY),
    )
    store = DirectoryStore(tmp_path / "store")
    artifact = load_from(store, seal(store, draft))
    asked = [*rounds(2, seed=9, speed=0.4), *rounds(1, seed=4, steps=20, terminal=True)]
    for sealed, reading in zip(artifact.read(asked), model.read(asked), strict=True):
        assert sealed.step_rewards == pytest.approx(reading.step_rewards, abs=1e-5)
        assert sealed.signal == pytest.approx(reading.signal, abs=1e-6)
    alive = {"states": terminal, "staying_alive_pays": terminal == "absorbing"}
    assert artifact.manifest.document()["terminal"] == alive
    assert "a trajectory as a whole" in (artifact.folder / "README.md").read_text()
    assert artifact.guard.root_rewards.min() > 0.5


def test_patches_act_on_steps(model: RewardModel) -> None:
    (item,) = rounds(1, seed=9)
    patched = model.with_patches([patch_at(model, item, strength=0.9, width=0.5)]).read([item])[0]
    whole = model.read([item])[0]
    assert patched.step_rewards[0] < whole.step_rewards[0] - 0.5
    assert patched.reward < whole.reward
    assert patched.signal == whole.signal


def test_what_does_not_fit_together_is_refused() -> None:
    text = {"encoder": {"kind": "text"}, "expertness": {"family": "occupancy"}}
    with pytest.raises(ValueError, match="an occupancy is that of trajectories"):
        config(**text)
    for encoder in ({"terminal": "absorbing"}, {"horizon": 9}):
        with pytest.raises(ValueError, match="go together"):
            config(encoder={"kind": "trajectory", **encoder})
    with pytest.raises(ValueError, match="scores rows alone"):
        config(encoder={"kind": "trajectory", "terminal": "absorbing", "horizon": 9})
    cut = [{"name": "walks", "files": ["walks.npz"], "segment": 9}]
    with pytest.raises(ValueError, match="no segment"):
        config(encoder={"kind": "trajectory", "emphasis": "departure"}, corpora=cut)
    with pytest.raises(ValueError, match="widths are positive"):
        config(expertness={"family": "occupancy", "widths": [1, 0]})
