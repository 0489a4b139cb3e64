"""Write bee_robot/vision/models/bee_detector.onnx and its card from a checkpoint of train_bee_detector.py.

    python tools/train/export_bee_detector.py CHECKPOINT DATA --version 1 [--rendered]

The scores on the held-out sources are computed with the exported file itself, through bee_robot.vision.bee_detector.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from bee_network import KIND_COUNT, BeeNetwork
from bee_pictures import HELD_OUT_PERCENT, SPLIT_SALT, is_held_out
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "bee_robot" / "vision" / "models"
NAME = "bee_detector"
OPSET = 17
LARGEST_BYTES = 8_000_000
AGREEMENT = 1e-3
TRAINING_DATA = [
    {
        "name": "Honey Bee Detection Model v2 by matt-nudi, Roboflow Universe (sources not held out)",
        "licence": "CC BY 4.0",
    },
    {"name": "Bees and Hornets v2, Roboflow Universe (hornets as background)", "licence": "CC BY 4.0"},
    {"name": "beepose by jachansantiago (boxes derived from the keypoints)", "licence": "BSD-style"},
]
RENDERED = {"name": "comb faces rendered by bee_robot.sim.comb_renderer", "licence": "Apache-2.0"}


class Exported(nn.Module):
    """BeeNetwork with probabilities of middles instead of logits."""

    def __init__(self, network: BeeNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        heat, sides, kinds = self.network(picture)
        return torch.sigmoid(heat), sides, kinds


def export(checkpoint: Path, path: Path) -> None:
    """Raises SystemExit where the file is too large or ONNX Runtime computes something else than PyTorch."""
    network = BeeNetwork()
    network.load_state_dict(torch.load(checkpoint, map_location="cpu"))
    exported = Exported(network).eval()
    sides = {2: "height", 3: "width"}
    quarter = {2: "height_4", 3: "width_4"}
    torch.onnx.export(
        exported,
        (torch.zeros(1, 3, 256, 320),),
        str(path),
        input_names=["picture"],
        output_names=["heat", "sides", "kinds"],
        dynamic_axes={"picture": sides, "heat": quarter, "sides": quarter, "kinds": quarter},
        opset_version=OPSET,
        dynamo=False,
    )
    onnx.checker.check_model(str(path))
    if path.stat().st_size > LARGEST_BYTES:
        raise SystemExit(
            f"{path} has {path.stat().st_size} bytes, more than {LARGEST_BYTES}; narrow the network"
        )
    picture = torch.rand(1, 3, 384, 224) * 255
    with torch.no_grad():
        wanted = exported(picture)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for theirs, ours in zip(session.run(None, {"picture": picture.numpy()}), wanted):
        difference = float(np.abs(theirs - ours.numpy()).max() / max(1.0, float(ours.abs().max())))
        if difference > AGREEMENT:
            raise SystemExit(f"ONNX Runtime differs from PyTorch by {difference:.2g}; do not ship this file")


def write_card(path: Path, data: Path, version: str, rendered: bool, scores: dict[str, float]) -> None:
    sources = json.loads((data / "entrance_and_comb" / "annotations.json").read_text())["images"]
    held_out = sorted({image["source"] for image in sources if is_held_out(image["source"])})
    card = {
        "name": NAME,
        "version": version,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "licence": "Apache-2.0; attribution of the training data: NOTICE",
        "input": {
            "picture": "float32 (1, 3, H, W), BGR, 0 to 255, H and W multiples of 32; normalised in the network",
            "scale": "bees of 10 to 60 px (side of a square as large as the box)",
        },
        "outputs": {
            "heat": "(1, 1, H/4, W/4) probability that the middle of a bee is there",
            "sides": "(1, 4, H/4, W/4) px to the box's left, top, right, lower side",
            "kinds": f"(1, {KIND_COUNT}, H/4, W/4) logits: worker, drone, queen",
        },
        "training_data": [*TRAINING_DATA, *([RENDERED] if rendered else [])],
        "split": f"sha256('{SPLIT_SALT}:' + source) mod 100 below {HELD_OUT_PERCENT} is held out",
        "held_out_sources": held_out,
        "scores": scores,
    }
    path.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--version", required=True)
    parser.add_argument("--rendered", action="store_true", help="rendered comb was part of the training")
    options = parser.parse_args()
    torch.set_num_threads(1)
    path = MODELS / f"{NAME}.onnx"
    export(options.checkpoint, path)
    write_card(path, options.data, options.version, options.rendered, {})
    sys.path.insert(0, str(ROOT))
    from bench.scoring.entrance import entrance_scores

    scores = entrance_scores(options.data)
    write_card(path, options.data, options.version, options.rendered, scores)
    print(json.dumps(scores, indent=2))


if __name__ == "__main__":
    main()
