"""Models are loaded with their card, say who computes them, and are refused when they are not what the card says."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from bee_robot.vision.model_runtime import (
    MODELS_FOLDER,
    ModelFileError,
    RuntimeMissingError,
    load_model,
)

#: doubled = picture + picture, both float32 (1, width); opset 17.
DOUBLING = base64.b64decode(
    "CAgSADplCiAKB3BpY3R1cmUKB3BpY3R1cmUSB2RvdWJsZWQiA0FkZBIBZ1oeCgdwaWN0dXJlEhMKEQgBEg0KAggBCgcSBXdpZHRoYh4K"
    "B2RvdWJsZWQSEwoRCAESDQoCCAEKBxIFd2lkdGhCBAoAEBE="
)


def write_model(folder: Path, data: bytes = DOUBLING, **changes: object) -> None:
    card: dict[str, object] = {
        "name": "doubling",
        "version": "7",
        "sha256": hashlib.sha256(data).hexdigest(),
        "licence": "none needed",
        "input": {"picture": "any numbers"},
        "outputs": {"doubled": "twice as much"},
        "training_data": [],
        "scores": {},
    }
    card.update(changes)
    card = {key: value for key, value in card.items() if value is not None}
    (folder / "doubling.onnx").write_bytes(data)
    (folder / "doubling.json").write_text(json.dumps(card), encoding="utf-8")


@pytest.fixture
def _runtime() -> None:
    pytest.importorskip(
        "onnxruntime", reason="ONNX Runtime is an extra: pip install 'bee_robot[onnxruntime]'"
    )


@pytest.mark.usefixtures("_runtime")
def test_a_model_computes_and_says_what_computed_it(tmp_path: Path) -> None:
    write_model(tmp_path)
    model = load_model("doubling", folder=tmp_path)
    assert (model.name, model.version) == ("doubling", "7")
    assert model.provider in ("CPU", "CUDA", "TensorRT")
    found = model.run(picture=np.array([[1.5, -2.0, 4.0]], np.float32))
    assert list(found) == ["doubled"]
    np.testing.assert_array_equal(found["doubled"], [[3.0, -4.0, 8.0]])
    assert model.run(picture=np.ones((1, 9)))["doubled"].dtype == np.float32  # any width, any kind of number


@pytest.mark.usefixtures("_runtime")
def test_a_model_is_loaded_once(tmp_path: Path) -> None:
    write_model(tmp_path)
    assert load_model("doubling", folder=tmp_path) is load_model("doubling", folder=tmp_path)
    assert load_model("doubling", folder=tmp_path, threads=2) is not load_model("doubling", folder=tmp_path)


@pytest.mark.usefixtures("_runtime")
def test_wrong_inputs_are_named(tmp_path: Path) -> None:
    write_model(tmp_path)
    model = load_model("doubling", folder=tmp_path)
    with pytest.raises(ValueError, match="takes picture; got face"):
        model.run(face=np.ones((1, 3), np.float32))
    with pytest.raises(ValueError, match="doubling: .*rank|doubling: .*Rank"):
        model.run(picture=np.ones((1, 1, 3), np.float32))


@pytest.mark.usefixtures("_runtime")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sha256": "0" * 64}, "not the file that its card describes"),
        ({"version": None}, "lacks version"),
        ({"name": "another"}, "not one of model 'doubling'"),
        ({"version": 7}, "not one of model 'doubling'"),
        ({"data": b"no model at all"}, "cannot load it"),
        ({"data": b""}, "cannot load it"),
    ],
)
def test_a_model_that_is_not_what_its_card_says_is_refused(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    write_model(tmp_path, **changes)  # type: ignore[arg-type]
    with pytest.raises(ModelFileError, match=said) as caught:
        load_model("doubling", folder=tmp_path)
    assert "\n" not in str(caught.value) and "doubling" in str(caught.value)


@pytest.mark.usefixtures("_runtime")
def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"doubling\.json: .*cannot be read"):
        load_model("doubling", folder=tmp_path)
    write_model(tmp_path)
    (tmp_path / "doubling.onnx").unlink()
    with pytest.raises(ModelFileError, match=r"doubling\.onnx: .*cannot be read"):
        load_model("doubling", folder=tmp_path)
    (tmp_path / "doubling.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelFileError, match="no JSON"):
        load_model("doubling", folder=tmp_path)


def test_without_onnx_runtime_the_remedy_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(tmp_path)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RuntimeMissingError, match=r"pip install 'bee_robot\[onnxruntime\]'"):
        load_model("doubling", folder=tmp_path)


@pytest.mark.usefixtures("_runtime")
def test_every_shipped_model_is_what_its_card_says() -> None:
    cards = sorted(MODELS_FOLDER.glob("*.json"))
    assert [card.stem for card in cards] == sorted(path.stem for path in MODELS_FOLDER.glob("*.onnx"))
    for card in cards:
        model = load_model(card.stem)
        assert model.card["training_data"], f"{card.name} names no training data"
