"""Labelled photographs of bees for tools/train/train_bee_detector.py: reading, splitting by source, random crops.

Boxes are float32 (N, 4): left, top, right, bottom in pixels of the picture. Kinds are indices of KINDS.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

KINDS = ("worker", "drone", "queen")
KIND_OF_NAME = {"bee": 0, "pollenbee": 0, "drone": 1, "queen": 2}
#: Chosen so that 20-25 % of sources and of boxes are held out, before anything was trained.
SPLIT_SALT = "288"
HELD_OUT_PERCENT = 23
#: One photograph under two names: both go to the same side of the split.
SAME_PHOTOGRAPH = {
    "bee-queen-honeybee-full-bees-bee-queen-honeybee-97609790": "queen-bee-bees-combs-queen-bee-bees-combs-118692505",
    "closeup-macro-of-bees-on-wax-frame-honeycomb-in-apiary-honey-bee-hive-with-selective-focus-2C6D0EM": (
        "closeup-macro-bees-wax-frame-honeycomb-apiary-honey-bee-hive-selective-focus-189880681"
    ),
}
#: Sources with bees of which none is labelled.
UNLABELLED = {"frames", "p1.jpg"}
LARGEST_KEPT_BEE_PX = 120.0  # pictures with larger bees are reduced when they are read: memory
POSE_BODY_MARGIN = 0.15  # of the distance tail to head, on every side: half the width of a body
LEAST_VISIBLE = 0.35  # of a rendered body; bees that are hidden further are ignored
POSE_RIM_PX = (60, 30, 60, 100)  # left, top, right, bottom: cut bees there are unlabelled


@dataclass
class LabelledPicture:
    """bgr uint8 (H, W, 3); ignored: boxes in which nothing is learned; weight: how often it is drawn."""

    name: str
    source: str
    bgr: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    kinds: NDArray[np.int64]
    ignored: NDArray[np.float32]
    may_turn: bool = False  # seen from above: every quarter turn looks natural
    weight: float = 1.0
    points: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 2), np.float32))

    def level(self, factor: float) -> tuple[NDArray[np.uint8], float]:
        """The picture reduced by halves for a crop `factor` times its size, and that reduction: no aliasing."""
        reduction = 1.0
        picture = self.bgr
        while factor <= 0.6 * reduction:
            reduction /= 2
            if reduction not in self._halved:
                self._halved[reduction] = np.asarray(
                    cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8
                )
            picture = self._halved[reduction]
        return picture, reduction

    def __post_init__(self) -> None:
        self._halved: dict[float, NDArray[np.uint8]] = {}


def is_held_out(source: str) -> bool:
    """Whether a source of entrance_and_comb is kept for testing, by the hash of its name."""
    name = SAME_PHOTOGRAPH.get(source, source)
    digest = hashlib.sha256(f"{SPLIT_SALT}:{name}".encode()).hexdigest()
    return int(digest, 16) % 100 < HELD_OUT_PERCENT


def _boxes(annotations: list[dict]) -> NDArray[np.float32]:
    corners = [
        [a["bbox"][0], a["bbox"][1], a["bbox"][0] + a["bbox"][2], a["bbox"][1] + a["bbox"][3]]
        for a in annotations
    ]
    return np.array(corners, np.float32).reshape(-1, 4)


def _read_coco(folder: Path) -> tuple[dict, dict[int, list[dict]]]:
    data = json.loads((folder / "annotations.json").read_text())
    by_picture: dict[int, list[dict]] = {}
    for annotation in data["annotations"]:
        by_picture.setdefault(annotation["image_id"], []).append(annotation)
    return data, by_picture


def _reduced(picture: LabelledPicture) -> LabelledPicture:
    sides = np.sqrt(np.prod(picture.boxes[:, 2:] - picture.boxes[:, :2], axis=1))
    if len(sides) == 0 or sides.min() <= LARGEST_KEPT_BEE_PX:
        return picture
    shrink = LARGEST_KEPT_BEE_PX / float(sides.min())
    picture.bgr = np.asarray(
        cv2.resize(picture.bgr, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    )
    picture.boxes = picture.boxes * shrink
    picture.ignored = picture.ignored * shrink
    picture.points = picture.points * shrink
    return picture


def read_entrance_and_comb(folder: Path, held_out: bool) -> list[LabelledPicture]:
    data, by_picture = _read_coco(folder)
    names = {category["id"]: category["name"] for category in data["categories"]}
    counts: dict[str, int] = {}
    for image in data["images"]:
        counts[image["source"]] = counts.get(image["source"], 0) + 1
    pictures = []
    for image in data["images"]:
        if is_held_out(image["source"]) != held_out or image["source"] in UNLABELLED:
            continue
        labels = by_picture.get(image["id"], [])
        one = LabelledPicture(
            name=image["file_name"],
            source=image["source"],
            bgr=np.asarray(cv2.imread(str(folder / "images" / image["file_name"])), np.uint8),
            boxes=_boxes(labels),
            kinds=np.array([KIND_OF_NAME[names[label["category_id"]]] for label in labels], np.int64),
            ignored=np.zeros((0, 4), np.float32),
            weight=(1.0 + len(labels) ** 0.5) / counts[image["source"]] ** 0.45,
        )
        pictures.append(_reduced(one) if not held_out else one)
    return pictures


def read_hornets(folder: Path) -> list[LabelledPicture]:
    """Hornets are background that deserves attention: `points` are drawn like bees, but nothing is labelled there."""
    data, by_picture = _read_coco(folder)
    bee = next(category["id"] for category in data["categories"] if category["name"] == "bee")
    pictures = []
    for image in data["images"]:
        labels = by_picture.get(image["id"], [])
        bees = [label for label in labels if label["category_id"] == bee]
        hornets = _boxes([label for label in labels if label["category_id"] != bee])
        one = LabelledPicture(
            name=image["file_name"],
            source="hornets/" + image["source"],
            bgr=np.asarray(cv2.imread(str(folder / "images" / image["file_name"])), np.uint8),
            boxes=_boxes(bees),
            kinds=np.zeros(len(bees), np.int64),
            ignored=np.zeros((0, 4), np.float32),
            points=(hornets[:, :2] + hornets[:, 2:]) / 2,
        )
        pictures.append(_reduced(one))
    return pictures


def read_pose(folder: Path) -> list[LabelledPicture]:
    """Bodies from keypoints tail and head; bees that lack one of them, and the rim, are ignored."""
    data, by_picture = _read_coco(folder)
    pictures = []
    for image in data["images"]:
        width, height = image["width"], image["height"]
        left, top, right, bottom = POSE_RIM_PX
        ignored = [
            [0, 0, left, height],
            [0, 0, width, top],
            [width - right, 0, width, height],
            [0, height - bottom, width, height],
        ]
        boxes = []
        for label in by_picture.get(image["id"], []):
            points = np.array(label["keypoints"], np.float32).reshape(-1, 3)
            tail, head, thorax = points[0], points[1], points[2]
            if tail[2] > 0 and head[2] > 0:
                length = float(np.hypot(*(head - tail)[:2]))
                margin = POSE_BODY_MARGIN * length
                low, high = np.minimum(tail, head)[:2] - margin, np.maximum(tail, head)[:2] + margin
                boxes.append((*np.maximum(low, 0), *np.minimum(high, (width, height))))
            elif thorax[2] > 0:
                ignored.append([thorax[0] - 60, thorax[1] - 60, thorax[0] + 60, thorax[1] + 60])
        pictures.append(
            LabelledPicture(
                name=image["file_name"],
                source="pose",
                bgr=np.asarray(cv2.imread(str(folder / "images" / image["file_name"])), np.uint8),
                boxes=np.array(sorted(set(boxes)), np.float32).reshape(-1, 4),  # the file has each bee twice
                kinds=np.zeros(len(set(boxes)), np.int64),
                ignored=np.array(ignored, np.float32),
                may_turn=True,
            )
        )
    return pictures


def read_rendered(folder: Path) -> list[LabelledPicture]:
    """Pictures of render_bee_pictures.py."""
    pictures = []
    for path in sorted(folder.glob("*.json")):
        rows = np.array(json.loads(path.read_text()), np.float32).reshape(-1, 6)
        shows = rows[:, 5] >= LEAST_VISIBLE
        pictures.append(
            LabelledPicture(
                name=path.stem,
                source="rendered",
                bgr=np.asarray(cv2.imread(str(path.with_suffix(".jpg"))), np.uint8),
                boxes=rows[shows, :4],
                kinds=rows[shows, 4].astype(np.int64),
                ignored=rows[~shows, :4],
                may_turn=True,
                weight=1.0 + float(shows.sum()) ** 0.5,
            )
        )
    return pictures
