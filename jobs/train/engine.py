"""The DeepSpeed engine around a module whose forward gives a loss: how it starts, steps, is saved and gives back its
weights.

Every rank calls ``save``, ``restore`` and ``weights`` together: they gather what ZeRO has spread over the ranks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
import torch.distributed
from torch import Tensor, nn

from iirl_core.config.training import TrainSection
from iirl_core.errors import ConfigError
from jobs.train.deepspeed_setup import divide, engine_document, load_deepspeed
from jobs.train.schedule import groups_of, rate_share

TAG = "state"
"""Each checkpoint is a folder of its own, so DeepSpeed's tag inside it never changes."""
SHAPES = "shapes.json"
"""The shapes of what is trained, by name: a state of another shape stops DeepSpeed somewhere deep inside, if at all."""


class Rows(Protocol):
    """Some rows of a batch."""

    def tensors(self) -> dict[str, Tensor | None]:
        """What the module's forward takes, by name."""
        ...


@dataclass(frozen=True)
class StepReport:
    """Of this rank's part of the batch: the loss before the step, the norm of the whole gradient before clipping (None
    where the engine does not keep it: ZeRO 0 in fp32), the learning rate (of the first group of parameters).
    """

    loss: float
    gradient_norm: float | None
    learning_rate: float


class Engine:
    """Owns the module, its optimiser and their place on the device. ``module(**rows.tensors())`` is the scalar loss of
    some rows; what it draws at random in a step follows from ``seed``, the step and the rank.

    Collectives must be up (Ray Train's TorchTrainer does that) before construction.
    """

    def __init__(self, module: nn.Module, section: TrainSection, steps: int, *, seed: int = 0) -> None:
        deepspeed = load_deepspeed(section.gpus_per_worker > 0)
        self.section, self.steps, self.seed = section, steps, seed
        groups = groups_of(module, section.optimiser)
        self._peaks = [group.learning_rate for group in groups]
        optimiser = torch.optim.AdamW(
            [{"params": group.parameters, "weight_decay": group.weight_decay} for group in groups],
            lr=section.optimiser.learning_rate,
            fused=True,  # one kernel for all parameters, on CPU as on GPU
        )
        self._shapes = {name: list(one.shape) for name, one in module.named_parameters() if one.requires_grad}
        self._frozen = not all(one.requires_grad for one in module.parameters())
        exact = {name: buffer.detach().clone() for name, buffer in module.named_buffers()}
        document = engine_document(section)
        if section.zero_stage == 3:
            divide(deepspeed, module, document, torch.bfloat16 if section.precision == "bf16" else torch.float32)
        self._engine, self._optimiser, _, _ = deepspeed.initialize(model=module, optimizer=optimiser, config=document)
        self.device = self._engine.device
        for name, buffer in self._engine.module.named_buffers():  # rotary frequencies, say, do not bear bf16
            buffer.data = exact[name].to(self.device)

    def step(self, step: int, *parts: Rows) -> StepReport:
        """One optimiser step on this rank's rows of the global batch, in ``train.accumulation`` parts.

        The loss of a part is the weighted mean of its own rows; parts and ranks count equally: several of them see the
        rows that one would, but uneven weights fall a little differently.
        """
        share = rate_share(self.section.optimiser, step, self.steps)
        for group, peak in zip(self._optimiser.param_groups, self._peaks, strict=True):
            group["lr"] = peak * share
        stream = np.random.SeedSequence([self.seed, step, torch.distributed.get_rank()])
        torch.manual_seed(int(stream.generate_state(1, np.uint64)[0]) >> 1)
        losses = [self._descend(part) for part in parts]
        kept = self.section.zero_stage > 0
        norm = float(self._engine.get_global_grad_norm()) if kept else None
        return StepReport(float(torch.stack(losses).mean()), norm, self._peaks[0] * share)

    def _descend(self, part: Rows) -> Tensor:
        """Adds to the gradient; DeepSpeed clips, moves and clears at the last part of a step."""
        loss = self._loss(part)
        self._engine.backward(loss)
        self._engine.step()
        return loss.detach()

    @torch.no_grad()
    def measure(self, rows: Rows) -> float:
        """The loss of some rows as the weights are now, without dropout; nothing is learnt. All ranks together."""
        self._engine.eval()
        loss = float(self._loss(rows))
        self._engine.train()
        return loss

    @torch.no_grad()
    def judge(self, rows: Rows) -> Tensor:
        """``[3]`` float64 on the CPU: ``Expertness.measures`` of some rows as the weights are now, without dropout. All
        ranks together.
        """
        self._engine.eval()
        found = self._loss(rows, judged=True).double().cpu()
        self._engine.train()
        return found

    def _loss(self, rows: Rows, **how: bool) -> Tensor:
        tensors = {name: None if one is None else one.to(self.device) for name, one in rows.tensors().items()}
        loss: Tensor = self._engine(**tensors, **how)
        return loss

    def save(self, folder: Path) -> None:
        """Write this rank's shard of what is trained, and of the optimiser, under ``folder``."""
        self._engine.save_checkpoint(str(folder), tag=TAG, save_latest=False, exclude_frozen_parameters=self._frozen)
        if torch.distributed.get_rank() == 0:
            (folder / SHAPES).write_text(json.dumps(self._shapes), encoding="utf-8")

    def restore(self, folder: Path) -> None:
        """Take up what ``save`` left.

        Raises:
            ConfigError: it is the state of a module of another shape.
        """
        saved = json.loads((folder / SHAPES).read_text(encoding="utf-8"))
        if saved != self._shapes:
            name = next(name for name in {**saved, **self._shapes} if saved.get(name) != self._shapes.get(name))
            raise ConfigError(
                f"the run's checkpoint holds {name} of shape {saved.get(name)}",
                f"{self._shapes.get(name)}: encoder.model is another one now",
                "Bring the former one back, or change name and train anew",
            )
        self._engine.load_checkpoint(str(folder), tag=TAG, load_module_strict=not self._frozen)

    def weights(self) -> dict[str, Tensor]:
        """On rank 0, on the CPU, all trained parameters (fp32, from the optimiser's own copies where training is bf16)
        and the buffers that are saved; nothing on the others, which only take part in gathering.
        """
        from deepspeed.utils import safe_get_full_fp32_param

        found: dict[str, Tensor] = {}
        kept = torch.distributed.get_rank() == 0  # a host of eight ranks would hold eight models
        for name, parameter in self._engine.module.named_parameters():
            if parameter.requires_grad:
                full = safe_get_full_fp32_param(parameter)  # None where nothing is spread or cast
                if kept:
                    found[name] = (parameter if full is None else full).detach().float().cpu().contiguous()
        saved = set(self._engine.module.state_dict())
        for name, buffer in self._engine.module.named_buffers():
            if kept and name in saved:
                found[name] = buffer.detach().float().cpu().contiguous()
        return found

    def close(self) -> None:
        """Let go of the module and of what lies on the device beside it: DeepSpeed keeps both alive otherwise. The
        engine is of no more use.
        """
        from deepspeed.runtime.zero.parameter_offload import FWD_MODULE_STACK

        self._engine.destroy()
        # Under ZeRO 3 it puts the module on this stack when it starts, and leaves it there.
        FWD_MODULE_STACK[:] = [one for one in FWD_MODULE_STACK if one is not self._engine.module]
