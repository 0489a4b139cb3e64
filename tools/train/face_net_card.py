"""Writes the card that goes beside face_net.onnx: what it is, what it was trained on, how it scores.

python tools/train/face_net_card.py bee_robot/vision/models --version 1 --scores scores.json
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

from bee_robot.hive.comb import CELL_CLASSES
from bee_robot.vision.straight_face import PX_PER_MM


def write_card(folder: Path, version: str, scores: dict[str, object]) -> None:
    """scores: as bench/scoring/faces.py gives them."""
    model = (folder / "face_net.onnx").read_bytes()
    card = {
        "name": "face_net",
        "version": version,
        "sha256": hashlib.sha256(model).hexdigest(),
        "licence": "Apache-2.0",
        "input": {
            "picture": "float32 (1, 3, H, W), BGR, 0 to 255, H and W multiples of 16; normalised in the network",
            "scale": f"a straight picture of comb with {PX_PER_MM:.0f} px a millimetre, about 21 px a cell",
        },
        "outputs": {
            "objects": "(1, 5, H/4, W/4) logits: middle of a worker, a drone, a queen, a queen cell, a bee with a mite (not learned yet, not used)",
            "geometry": "(1, 3, H/4, W/4) cosine and sine of the heading (y up), length of the body / 10 mm, at its middle",
            "cell_centre": "(1, 1, H/4, W/4) logit: middle of a cell",
            "cell_class": "(1, 8, H/4, W/4) logits: " + ", ".join(c.value for c in CELL_CLASSES),
            "cell_visible": "(1, 1, H/4, W/4) logit: share of the cell that nothing hides",
        },
        "training_data": [
            {
                "name": "pictures of this project's own comb renderer and colonies (tools/train/face_pictures.py)",
                "licence": "Apache-2.0",
            }
        ],
        "split": "training seeds from 1,000,000 on; tests, demo and bench use smaller ones",
        "limits": "proven on rendered pictures only; on photographs by people its numbers carry wide intervals",
        "scores": scores,
    }
    (folder / "face_net.json").write_text(json.dumps(card, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--version", required=True)
    parser.add_argument("--scores", type=Path)
    options = parser.parse_args()
    scores = json.loads(options.scores.read_text()) if options.scores else {}
    write_card(options.folder, options.version, scores)


if __name__ == "__main__":
    main()
