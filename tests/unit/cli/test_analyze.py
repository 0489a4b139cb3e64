"""`bee analyze`: every bad file is named, the others go on, nothing is overwritten, and the exit status says how it went."""

from __future__ import annotations

import json
import os
import re
import shlex
import struct
import zlib
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from bee_robot.cli import photo_files
from bee_robot.cli.main import main
from bee_robot.hive.comb import Caste
from bee_robot.vision import photo_analysis
from bee_robot.vision.bee_detector import BeeBox
from bee_robot.vision.model_runtime import RuntimeMissingError

ROOT = Path(__file__).resolve().parents[3]
PHOTOS = ROOT / "tests" / "data" / "photos"
POPPY = PHOTOS / "bees_on_poppy.jpg"


@pytest.fixture(autouse=True)
def _quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two bees in every picture and no comb, without networks; what is tested here is the command around them."""
    monkeypatch.chdir(tmp_path)
    if "with_networks" in request.fixturenames:
        return
    boxes = (
        BeeBox(10.0, 20.0, 40.0, 30.0, 0.9, Caste.WORKER),
        BeeBox(60.0, 20.0, 40.0, 30.0, 0.8, Caste.QUEEN),
    )
    monkeypatch.setattr(photo_analysis, "detect_bees", lambda bgr, **_: boxes)
    monkeypatch.setattr(
        photo_analysis, "detector_model", lambda: SimpleNamespace(name="none", version="0", provider="CPU")
    )
    monkeypatch.setattr(photo_analysis, "rectify", lambda photograph, picture: None)


@pytest.fixture
def with_networks() -> None:
    pytest.importorskip(
        "onnxruntime", reason="ONNX Runtime is an extra: pip install 'bee_robot[onnxruntime]'"
    )


def picture(path: Path, *, grey: bool = False, depth: type = np.uint8) -> Path:
    """A small picture with something on it, in the format that the name says."""
    shape = (180, 240) if grey else (180, 240, 3)
    values = np.random.default_rng(1).integers(0, 255, shape).astype(depth)
    if depth is np.uint16:
        values *= 257
    assert cv2.imwrite(str(path), values)
    return path


def png(width: int, height: int, *, before_pixels: bytes = b"") -> bytes:
    """A PNG file of one even grey; its pixels are there only where the picture is small."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + crc

    rows = (b"\0" + bytes([90]) * width) * height if width * height < 1e6 else b""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + before_pixels
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def outputs(folder: Path = Path("bee_analysis")) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_photograph_gives_a_table_and_two_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(POPPY)]) == 0
    printed = capsys.readouterr()
    assert "bees_on_poppy.jpg" in printed.out and "cannot be known" in printed.out
    assert "2" in printed.out and "looks like a queen" in printed.out and printed.err == ""
    assert outputs() == ["bees_on_poppy.annotated.jpg", "bees_on_poppy.json"]
    content = json.loads(Path("bee_analysis/bees_on_poppy.json").read_text(encoding="utf-8"))
    assert content["shows"] == "no_comb" and content["bees"]["value"] == 2.0
    assert [box["kind"] for box in content["bee_boxes"]] == ["worker", "queen"]
    drawn = cv2.imread("bee_analysis/bees_on_poppy.annotated.jpg")
    assert drawn is not None and drawn.shape[1] >= 800


BAD = {
    "none.jpg": (None, "there is no such file"),
    "text.jpg": (b"Dear beekeeper, " * 50, "not a JPEG or PNG"),
    "empty.jpg": (b"", "empty"),
    "cut.jpg": (POPPY.read_bytes()[:9000], "cut off"),
    "header.jpg": (POPPY.read_bytes()[:40], "cut off"),
    "animated.gif": (b"GIF89a" + bytes(200), "not a JPEG or PNG"),
    "phone.heic": (b"\0\0\0\x18ftypheic" + bytes(200), "not a JPEG or PNG"),
    "black.jpg": (cv2.imencode(".jpg", np.zeros((300, 400, 3), np.uint8))[1].tobytes(), "black"),
    "grey.png": (png(300, 300), "one even tone"),
    "dot.png": (png(1, 1), "only 1 x 1 pixels"),
    "huge.png": (png(20_000, 10_000), "more than 80 megapixels"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_with_a_remedy_and_the_others_go_on(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    content, said = BAD[name]
    if content is not None:
        Path(name).write_bytes(content)
    assert main(["analyze", name]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith(f"bee analyze: {name}: ")
    assert said in lines[0] and ";" in lines[0]
    assert outputs() == []
    assert main(["analyze", name, str(POPPY)]) == 1
    assert outputs() == ["bees_on_poppy.annotated.jpg", "bees_on_poppy.json"]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("grey.jpg", {"grey": True}),
        ("grey16.png", {"grey": True, "depth": np.uint16}),
        ("deep.png", {"depth": np.uint16}),
    ],
)
def test_grey_and_deep_pictures_are_analysed(
    name: str, options: dict, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", str(picture(Path(name), **options))]) == 0
    assert ("no colours" in capsys.readouterr().out) == ("grey" in name)


def test_an_animated_png_is_its_first_picture() -> None:
    content = bytearray(picture(Path("still.png")).read_bytes())
    chunks = (
        b"acTL" + struct.pack(">II", 1, 0),
        b"fcTL" + struct.pack(">IIIIIHHBB", 0, 240, 180, 0, 0, 1, 10, 0, 0),
    )
    content[33:33] = b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks
    )
    Path("moving.png").write_bytes(bytes(content))
    assert main(["analyze", "moving.png"]) == 0


def test_a_cmyk_jpeg_is_analysed_or_refused_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """OpenCV writes none, so the marker of four colours is put into the header of a JPEG with three: damaged, not a crash."""
    content = bytearray(POPPY.read_bytes())
    frame = next(n for n in range(len(content)) if content[n] == 0xFF and content[n + 1] in (0xC0, 0xC2))
    content[frame + 9] = 4
    Path("cmyk.jpg").write_bytes(bytes(content))
    assert main(["analyze", "cmyk.jpg"]) == 2
    assert "damaged" in capsys.readouterr().err


def test_exif_orientation_turns_the_picture_and_its_boxes() -> None:
    upright = cv2.imencode(".jpg", cv2.imread(str(POPPY))[:300, :200])[1].tobytes()
    tiff = b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + b"\0\0\0\0"
    segment = b"Exif\0\0" + tiff
    turned = upright[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + upright[2:]
    Path("turned.jpg").write_bytes(turned)
    assert main(["analyze", "turned.jpg"]) == 0
    photo = json.loads(Path("bee_analysis/turned.json").read_text())["photo"]
    assert (photo["width_px"], photo["height_px"]) == (300, 200)


def test_a_folder_stands_for_its_pictures(capsys: pytest.CaptureFixture[str]) -> None:
    Path("album").mkdir()
    for name in ("b.JPG", "a.png"):
        picture(Path("album") / name)
    Path("album/notes.txt").write_text("sunny")
    Path("album/deeper").mkdir()
    assert main(["analyze", "album"]) == 0
    printed = capsys.readouterr()
    assert printed.out.index("a.png") < printed.out.index("b.JPG")
    assert "2 that are no JPEG or PNG files left out" in printed.err
    Path("empty").mkdir()
    assert main(["analyze", "empty"]) == 2
    assert "no JPEG or PNG file in this folder" in capsys.readouterr().err


def test_a_folder_without_photographs_shows_in_the_status_of_the_others() -> None:
    Path("empty").mkdir()
    picture(Path("good.png"))
    assert main(["analyze", "empty", "good.png"]) == 1
    assert main(["analyze", "good.png", "."]) == 0, "given twice is no failure"


def test_special_files_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("pipe.jpg")
    assert main(["analyze", "pipe.jpg"]) == 2
    assert "not a file with a photograph" in capsys.readouterr().err


def test_what_may_not_be_read_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)  # tests may run as root, whom no mode stops
    assert main(["analyze", str(POPPY)]) == 2
    assert "cannot be read (Permission denied); check its permissions" in capsys.readouterr().err


def test_a_file_that_is_no_photograph_by_its_size_is_not_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_files, "MOST_BYTES", 1000)
    assert main(["analyze", str(POPPY)]) == 2
    assert "too much for a photograph" in capsys.readouterr().err


def test_nothing_is_overwritten_and_names_stay_apart(capsys: pytest.CaptureFixture[str]) -> None:
    Path("one").mkdir()
    Path("two").mkdir()
    picture(Path("one/a.png"))
    picture(Path("two/a.png"))
    picture(Path("two/a.jpg"))
    assert main(["analyze", "one/a.png", "two/a.png", "two/a.jpg", "--out", "results"]) == 0
    first = Path("results/a.json").read_bytes()
    assert outputs(Path("results")) == [
        "a-2.annotated.jpg", "a-2.json", "a-3.annotated.jpg", "a-3.json", "a.annotated.jpg", "a.json",
    ]  # fmt: skip
    assert main(["analyze", "one/a.png", "--out", "results"]) == 0
    assert Path("results/a.json").read_bytes() == first
    assert "results/a-4.json" in capsys.readouterr().out.replace("\n", "")


def test_a_file_given_twice_is_analysed_once(capsys: pytest.CaptureFixture[str]) -> None:
    picture(Path("a.png"))
    assert main(["analyze", "a.png", "./a.png", "."]) == 0
    assert "given twice, analysed once" in capsys.readouterr().err
    assert outputs() == ["a.annotated.jpg", "a.json"]


@pytest.mark.parametrize(
    "name", ["Wabe früh — 1 [red]x.jpg", "-rf.jpg", "new\nline.jpg", "名前.jpg", "n" * 240 + ".jpg"]
)
def test_odd_names_are_kept_and_printed_harmlessly(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(name).write_bytes(POPPY.read_bytes())
    assert main(["analyze", "--", name]) == 0
    assert len(outputs()) == 2
    printed = capsys.readouterr().out
    assert name[:3].replace("\n", "?") in printed and "[red]" in printed or "[red]" not in name


def test_bytes_that_are_no_text_may_be_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    Path(name).write_bytes(POPPY.read_bytes())
    assert main(["analyze", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["photo"]["name"] == "caf?.jpg"


def test_json_is_all_that_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.jpg").write_bytes(b"no")
    assert main(["analyze", str(POPPY), "bad.jpg", "--json"]) == 1
    printed = capsys.readouterr()
    (only,) = json.loads(printed.out)
    assert only["files"] == ["bee_analysis/bees_on_poppy.json", "bee_analysis/bees_on_poppy.annotated.jpg"]
    assert only["format"] == photo_analysis.FORMAT
    assert "bad.jpg" in printed.err


def test_an_output_folder_that_cannot_be_is_said_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(Path("a.png"))
    picture(Path("b.png"))
    assert main(["analyze", "a.png", "b.png", "--out", "a.png/results"]) == 2
    assert capsys.readouterr().err.count("\n") == 1

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    assert main(["analyze", "a.png", "b.png"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "No space left on device" in error and "--out" in error


def test_without_its_network_it_says_so_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(bgr: np.ndarray, **_: object) -> None:
        raise RuntimeMissingError("networks need ONNX Runtime; install it")

    monkeypatch.setattr(photo_analysis, "detect_bees", missing)
    assert main(["analyze", str(POPPY), str(PHOTOS / "honey_frame.jpg")]) == 3
    assert capsys.readouterr().err == "bee analyze: networks need ONNX Runtime; install it\n"


def test_no_photograph_at_all_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["analyze"])
    assert caught.value.code == 2
    assert "photo" in capsys.readouterr().err


@pytest.mark.usefixtures("with_networks")
def test_the_commands_of_the_manual_work(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "analyze.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```bash\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    Path("tests").symlink_to(ROOT / "tests")
    for line in block.splitlines():
        assert main(shlex.split(line)[1:]) == 0
    printed = capsys.readouterr().out
    assert "surely a frame with comb" in printed and "capped honey" in printed
    poppy, comb = json.loads(printed[printed.index("\n[\n") :])
    assert poppy["shows"] == "no_comb" and comb["shows"] == "comb"
    assert comb["cell_width_px"] == pytest.approx(44, rel=0.15)  # 22 cells across 960 px, counted by hand
    assert set(poppy) - {"files"} <= set(re.findall(r"\w+", page))
