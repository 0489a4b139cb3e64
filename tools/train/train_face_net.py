"""Trains the network that reads straight pictures of comb, and writes it as ONNX with its card.

    python tools/train/face_pictures.py faces --count 550
    python tools/train/train_face_net.py faces --minutes 90 --out trained
    python tools/train/train_face_net.py faces --start trained/face_net.pt --rare --minutes 10 --out bee_robot/vision/models

Needs torch and onnx, which the program itself does not. One core is enough.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from face_crops import CROP_PX, Half, crop
from torch import Tensor, nn
from torch.nn import functional

#: Worker, drone, queen, queen cell, mite: there is one queen to a thousand workers, and she matters as much.
RARE = torch.tensor([1.0, 1.5, 8.0, 4.0, 8.0])
RARE_CHANNELS = (2, 4)  # of "objects": queen, bee with a mite
HEADS = {"objects": 5, "geometry": 3, "cell_centre": 1, "cell_class": 8, "cell_visible": 1}


def layer(before: int, after: int, stride: int = 1, size: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, size, stride, (size - 1) // 2, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Begins as if it were not there; reach: dilation, in pixels of its scale."""

    def __init__(self, width: int, reach: int = 1) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, reach, reach, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        )
        self.second = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, reach, reach, bias=False), nn.BatchNorm2d(width)
        )
        nn.init.zeros_(self.second[1].weight)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.second(self.first(x)))


class FaceNet(nn.Module):
    """Straight picture (1, 3, H, W), BGR 0 to 255, sides of whole 16 px -> logits at a quarter of its size.

    Three scales (1, 2 and 4 mm), joined from coarse to fine: a cell whose bottom the camera cannot see is judged by what is
    within 60 mm of it.
    """

    def __init__(self, narrow: int = 40, middle: int = 72, wide: int = 104) -> None:
        super().__init__()
        self.stem = nn.Sequential(layer(3, 24, 2, 5), layer(24, narrow, 2))
        self.fine = nn.Sequential(Residual(narrow))
        self.to_middle = layer(narrow, middle, 2)
        self.middle = nn.Sequential(Residual(middle))
        self.to_wide = layer(middle, wide, 2)
        self.wide = nn.Sequential(Residual(wide), layer(wide, wide), Residual(wide, 2), Residual(wide, 4))
        self.wide_to_middle = nn.Conv2d(wide, middle, 1)
        self.middle_again = layer(middle, middle)
        self.middle_to_fine = nn.Conv2d(middle, narrow, 1)
        self.fine_again = layer(narrow, 48)
        self.heads = nn.Conv2d(48, sum(HEADS.values()), 1)
        # A mite is 1.6 mm, and a queen one bee in a thousand: they have a branch of their own, trained afterwards.
        self.detail = nn.Sequential(layer(3, 16, 2, 5), layer(16, 24, 2), layer(24, 24))
        self.rare = nn.Sequential(layer(48 + 24, 32), nn.Conv2d(32, len(RARE_CHANNELS), 1))
        with torch.no_grad():  # peaks are rare: begin with nothing found
            self.heads.bias[:5] = -4.0
            self.rare[1].bias[:] = -3.0

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        light = picture / 64.0 - 1.7
        fine = self.fine(self.stem(light))
        middle = self.middle(self.to_middle(fine))
        wide = self.wide(self.to_wide(middle))
        middle = self.middle_again(middle + self._double(self.wide_to_middle(wide)))
        fine = self.fine_again(fine + self._double(self.middle_to_fine(middle)))
        objects, *others = torch.split(self.heads(fine), list(HEADS.values()), dim=1)
        rare = self.rare(torch.cat([fine.detach(), self.detail(light)], dim=1))
        objects = torch.cat([objects[:, :2], rare[:, :1], objects[:, 3:4], rare[:, 1:]], dim=1)
        return objects, *others

    @staticmethod
    def _double(x: Tensor) -> Tensor:
        return functional.interpolate(x, scale_factor=2.0, mode="nearest")


def focal(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Cross entropy to soft peaks, weighted by how wrong it is (quality focal loss, Li et al. 2020), per object."""
    p = torch.sigmoid(logits)
    entropy = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (weight * (p - target).abs() ** 1.5 * entropy).sum() / target.sum().clamp(min=20.0)


def loss(
    outputs: tuple[Tensor, ...], truth: dict[str, Tensor], class_weights: Tensor
) -> tuple[Tensor, dict[str, float]]:
    objects, geometry, centre, classes, visible = (output.float() for output in outputs)
    parts = {
        "objects": focal(objects, truth["objects"], truth["objects_weight"] * RARE.view(1, -1, 1, 1)),
        "geometry": (
            truth["geometry_weight"]
            * functional.smooth_l1_loss(geometry, truth["geometry"], reduction="none", beta=0.2)
        ).sum()
        / truth["geometry_weight"].sum().clamp(min=20.0),
        "centre": focal(centre, truth["cell_centre"], truth["cell_centre_weight"]),
        "class": functional.cross_entropy(
            classes, truth["cell_class"].long(), class_weights, ignore_index=255
        ),
        "visible": (
            truth["cell_visible_weight"]
            * functional.binary_cross_entropy_with_logits(visible, truth["cell_visible"], reduction="none")
        ).sum()
        / truth["cell_visible_weight"].sum().clamp(min=20.0),
    }
    total = (
        parts["objects"]
        + parts["geometry"]
        + 1.5 * parts["centre"]
        + 3 * parts["class"]
        + 0.6 * parts["visible"]
    )
    return total, {name: float(part.detach()) for name, part in parts.items()}


def rare_loss(outputs: tuple[Tensor, ...], truth: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
    """Of the branch for what is rare, each kind by its own number."""
    parts = {
        name: focal(
            outputs[0][:, k : k + 1].float(),
            truth["objects"][:, k : k + 1],
            truth["objects_weight"][:, k : k + 1] * (1 + 4 * truth["objects"][:, k : k + 1]),
        )
        for name, k in zip(("queen", "varroa"), RARE_CHANNELS)
    }
    return sum(parts.values()), {name: float(part.detach()) for name, part in parts.items()}


def batch(
    halves: list[Half], count: int, rng: np.random.Generator, rare_share: float
) -> tuple[Tensor, dict[str, Tensor]]:
    pictures, truths = [], []
    variety = np.array([half.variety + 0.5 for half in halves])
    for k in rng.choice(len(halves), count, p=variety / variety.sum()):
        picture, maps = crop(halves[int(k)], rng, rare_share)
        pictures.append(picture.transpose(2, 0, 1))
        truths.append(maps)
    truth = {name: torch.from_numpy(np.stack([maps[name] for maps in truths])) for name in truths[0]}
    return torch.from_numpy(np.stack(pictures)).float(), truth


def load_new(folders: list[Path], known: dict[Path, Half]) -> list[Half]:
    """All halves, also those that were rendered since the last call."""
    for folder in folders:
        for path in sorted(folder.glob("[0-9]*.npz")):
            if ".part" not in path.name and path not in known:
                known[path] = Half.load(path)
    return list(known.values())


def weights_of_classes(halves: list[Half]) -> Tensor:
    counts = sum(np.bincount(half.cells[:, 2].astype(int), minlength=8)[:8] for half in halves)
    return torch.tensor((counts.max() / np.maximum(counts, 1)) ** 0.3, dtype=torch.float32).clamp(max=5)


def export(net: FaceNet, path: Path) -> None:
    """ONNX for any size of whole blocks; dimensions 0, 2 and 3 are free."""
    plain = FaceNet()
    plain.load_state_dict(net.state_dict())
    plain.eval()
    free = {name: {0: "n", 2: "h", 3: "w"} for name in HEADS} | {"picture": {0: "n", 2: "H", 3: "W"}}
    torch.onnx.export(
        plain,
        (torch.zeros(1, 3, 256, 320),),
        str(path),
        input_names=["picture"],
        output_names=list(HEADS),
        dynamic_axes=free,
        opset_version=17,
        dynamo=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--start", type=Path, help="weights to go on from")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rare", action="store_true", help="train the branch for queens and mites alone")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    known: dict[Path, Half] = {}
    halves = load_new(options.folders, known)
    class_weights = weights_of_classes(halves)
    net = FaceNet().to(memory_format=torch.channels_last)
    if options.start:
        net.load_state_dict(torch.load(options.start), strict=False)
    print(f"{len(halves)} halves, {sum(p.numel() for p in net.parameters())} weights", flush=True)
    trained = list(net.parameters())
    if options.rare:
        for parameter in trained:
            parameter.requires_grad_(False)
        trained = [*net.detail.parameters(), *net.rare.parameters()]
        for parameter in trained:
            parameter.requires_grad_(True)
    optimizer = torch.optim.AdamW(trained, options.rate, weight_decay=1e-3)
    options.out.mkdir(parents=True, exist_ok=True)
    average = {name: value.clone() for name, value in net.state_dict().items()}
    began, step, running = time.monotonic(), 0, {}
    done = 0.0
    while done < 1.0:
        done = (time.monotonic() - began) / 60 / options.minutes
        # One cycle by the clock: the machine is shared, steps cannot be promised.
        rate = options.rate * min(1.0, (step + 1) / 60) * (0.5 + 0.5 * np.cos(np.pi * min(1.0, done))) + 1e-6
        for group in optimizer.param_groups:
            group["lr"] = rate
        if options.rare:
            net.eval()
            net.detail.train()
            net.rare.train()
        pictures, truth = batch(halves, options.batch, rng, 0.8 if options.rare else 0.3)
        with torch.autocast("cpu", torch.bfloat16):
            outputs = net(pictures.contiguous(memory_format=torch.channels_last))
        total, parts = rare_loss(outputs, truth) if options.rare else loss(outputs, truth, class_weights)
        optimizer.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(trained, 5.0)
        optimizer.step()
        keep = min(0.998, (step + 1) / (step + 10))
        for name, value in net.state_dict().items():
            if value.dtype.is_floating_point:
                average[name].mul_(keep).add_(value, alpha=1 - keep)
        for name, part in parts.items():
            running[name] = 0.98 * running.get(name, part) + 0.02 * part
        step += 1
        if step % 100 == 0:
            halves = load_new(options.folders, known)
            class_weights = weights_of_classes(halves)
        if step % 50 == 0:
            said = " ".join(f"{name} {value:.4f}" for name, value in running.items())
            print(f"{step} {60 * options.minutes * done:.0f} s, {len(halves)} halves, {said}", flush=True)
        if step % 100 == 0 or done >= 1.0:
            torch.save(average, options.out / "face_net.pt")
    net.load_state_dict(average)
    export(net, options.out / "face_net.onnx")
    (options.out / "training.json").write_text(
        json.dumps({"steps": step, "halves": len(halves), "crop_px": CROP_PX, "losses": running}, indent=1)
    )


if __name__ == "__main__":
    main()
