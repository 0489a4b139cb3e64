"""Train the bee detector of bee_robot/vision/models/bee_detector.onnx from scratch.

    python tools/train/train_bee_detector.py DATA --minutes 40 --out FOLDER [--start CHECKPOINT] [--rendered FOLDER]

DATA holds entrance_and_comb/, hornets/ and pose/ (COCO). Needs PyTorch, which the robot itself does not. One core is
enough: the learning rate follows the clock, so that the time given is the time taken. Checkpoints hold the
running average of the weights, which is what tools/train/export_bee_detector.py exports.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from bee_crops import CropSource, maps_of
from bee_network import BeeNetwork
from bee_pictures import read_entrance_and_comb, read_hornets, read_pose, read_rendered
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

BATCH = 8
WARM_UP_STEPS = 200
AVERAGE_DECAY = 0.998
CHECKPOINT_SECONDS = 180.0
LOG_STEPS = 50
BOX_WEIGHT, KIND_WEIGHT = 2.0, 0.1
KIND_WEIGHTS = (1.0, 4.0, 4.0)  # drones and queens are rare


class CropStream(IterableDataset):
    def __init__(self, data: Path, rendered: Path | None, seed: int) -> None:
        self._groups = [
            (0.60, read_entrance_and_comb(data / "entrance_and_comb", held_out=False)),
            (0.16, read_hornets(data / "hornets")),
            (0.10, read_pose(data / "pose")),
        ]
        if rendered is not None:
            self._groups.append((0.14, read_rendered(rendered)))
        self._seed = seed

    def __iter__(self):
        cv2.setNumThreads(1)
        source = CropSource(self._groups, self._seed)
        while True:
            crop = source.draw()
            yield torch.from_numpy(crop.bgr), *(torch.from_numpy(part) for part in maps_of(crop))


def heat_loss(logits: Tensor, heat: Tensor, mask: Tensor) -> Tensor:
    """Focal loss of CornerNet (equation 1: alpha 2, beta 4), per bee."""
    probability = torch.sigmoid(logits)
    is_middle = (heat > 0.999).float() * mask
    hit = nn.functional.logsigmoid(logits) * (1 - probability) ** 2 * is_middle
    miss = nn.functional.logsigmoid(-logits) * probability**2 * (1 - heat) ** 4 * (mask - is_middle)
    return -(hit.sum() + miss.sum()) / is_middle.sum().clamp(min=4)


def box_loss(sides: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    """1 - generalised intersection over union of boxes that share a point."""
    inter = torch.minimum(sides, wanted)
    hull = torch.maximum(sides, wanted)
    area = lambda s: (s[:, 0] + s[:, 2]) * (s[:, 1] + s[:, 3])  # noqa: E731
    overlap, covering = area(inter), area(hull)
    union = area(sides) + area(wanted) - overlap
    giou = overlap / union - (covering - union) / covering
    return ((1 - giou) * weight[:, 0]).sum() / weight.sum().clamp(min=4)


def kind_loss(logits: Tensor, kind: Tensor, weight: Tensor) -> Tensor:
    losses = nn.functional.cross_entropy(
        logits, kind, torch.tensor(KIND_WEIGHTS), ignore_index=-1, reduction="none"
    )
    return (losses * weight[:, 0]).sum() / weight.sum().clamp(min=4)


def _set_rate(optimizer: torch.optim.Optimizer, rate: float, step: int, elapsed: float) -> None:
    warm = min(1.0, (step + 1) / WARM_UP_STEPS)
    for group in optimizer.param_groups:
        group["lr"] = rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, elapsed))))


@torch.no_grad()
def _average(mean: nn.Module, network: nn.Module, step: int) -> None:
    decay = min(AVERAGE_DECAY, (1 + step) / (10 + step))
    for ours, theirs in zip(mean.state_dict().values(), network.state_dict().values()):
        if ours.dtype.is_floating_point:
            ours.lerp_(theirs, 1 - decay)
        else:
            ours.copy_(theirs)


def train(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    network = BeeNetwork().to(memory_format=torch.channels_last)
    if options.start is not None:
        network.load_state_dict(torch.load(options.start, map_location="cpu"))
    mean = copy.deepcopy(network)
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.03}, {"params": others, "weight_decay": 0.0}]
    )
    stream = CropStream(options.data, options.rendered, options.seed)
    batches = iter(DataLoader(stream, batch_size=BATCH, num_workers=1, prefetch_factor=4))
    next(batches)
    begin = saved = time.monotonic()
    sums, step = np.zeros(3), 0
    while (elapsed := (time.monotonic() - begin) / (60 * options.minutes)) < 1:
        bgr, heat, sides, weight, kind, mask = next(batches)
        _set_rate(optimizer, options.rate, step, elapsed)
        picture = bgr.permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found_heat, found_sides, found_kind = network(picture)
        losses = (
            heat_loss(found_heat, heat, mask),
            box_loss(found_sides, sides, weight),
            kind_loss(found_kind, kind, weight),
        )
        optimizer.zero_grad(set_to_none=True)
        (losses[0] + BOX_WEIGHT * losses[1] + KIND_WEIGHT * losses[2]).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        _average(mean, network, step)
        sums += [float(loss.detach()) for loss in losses]
        step += 1
        if step % LOG_STEPS == 0:
            minutes = (time.monotonic() - begin) / 60
            print(
                f"{minutes:6.1f} min, step {step}: heat, box, kind {np.round(sums / LOG_STEPS, 4)}",
                flush=True,
            )
            sums[:] = 0
        if time.monotonic() - saved > CHECKPOINT_SECONDS:
            torch.save(mean.state_dict(), options.out / "latest.pt")
            saved = time.monotonic()
    torch.save(mean.state_dict(), options.out / "final.pt")
    print("done", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="continue from these weights")
    parser.add_argument("--rendered", type=Path, help="folder of rendered comb (COCO)")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
