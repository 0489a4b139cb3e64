"""The network of the bee detector: a small residual encoder, a pyramid of features, maps at a quarter of the picture's size."""

from __future__ import annotations

import torch
from torch import Tensor, nn

WIDTHS = (20, 32, 64, 112, 128)  # channels at 1/2, 1/4, 1/8, 1/16, 1/32
PYRAMID_WIDTH = 64
HEAD_WIDTH = 48
KIND_COUNT = 3
NEIGHBOUR_PX = 16.0  # a distance of exp(0) in pixels
RARE = -4.0  # logit of the prior: few pixels are the middle of a bee


def _convolution(inputs: int, outputs: int, stride: int = 1, size: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _convolution(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))
        nn.init.zeros_(self.second[1].weight)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.second(self.first(x)))


class BeeNetwork(nn.Module):
    """picture float32 (N, 3, H, W), BGR 0..255, H and W multiples of 32 -> logits of heat (N, 1, h, w), box sides
    left, top, right, bottom in pixels (N, 4, h, w), logits of kinds (N, 3, h, w), with h = H / 4, w = W / 4.
    """

    def __init__(self) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth, least = WIDTHS
        self.stem = _convolution(3, half, 2)
        self.quarter = nn.Sequential(_convolution(half, quarter, 2), Residual(quarter))
        self.eighth = nn.Sequential(_convolution(quarter, eighth, 2), Residual(eighth), Residual(eighth))
        self.sixteenth = nn.Sequential(
            _convolution(eighth, sixteenth, 2), *[Residual(sixteenth) for _ in range(3)]
        )
        self.least = nn.Sequential(_convolution(sixteenth, least, 2), Residual(least), Residual(least))
        self.from_least = nn.Conv2d(least, PYRAMID_WIDTH, 1)
        self.from_sixteenth = nn.Conv2d(sixteenth, PYRAMID_WIDTH, 1)
        self.from_eighth = nn.Conv2d(eighth, PYRAMID_WIDTH, 1)
        self.from_quarter = nn.Conv2d(quarter, HEAD_WIDTH, 1)
        self.mix_sixteenth = _convolution(PYRAMID_WIDTH, PYRAMID_WIDTH)
        self.mix_eighth = _convolution(PYRAMID_WIDTH, PYRAMID_WIDTH)
        self.narrow = nn.Conv2d(PYRAMID_WIDTH, HEAD_WIDTH, 1)
        self.head = nn.Sequential(_convolution(HEAD_WIDTH, HEAD_WIDTH), _convolution(HEAD_WIDTH, HEAD_WIDTH))
        self.out = nn.Conv2d(HEAD_WIDTH, 1 + 4 + KIND_COUNT, 1)
        nn.init.constant_(self.out.bias, 0.0)
        nn.init.constant_(self.out.bias[:1], RARE)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        quarter = self.quarter(self.stem(picture / 64.0 - 2.0))
        eighth = self.eighth(quarter)
        sixteenth = self.sixteenth(eighth)
        top = _doubled(self.from_least(self.least(sixteenth)))
        top = _doubled(self.mix_sixteenth(top + self.from_sixteenth(sixteenth)))
        top = _doubled(self.narrow(self.mix_eighth(top + self.from_eighth(eighth))))
        out = self.out(self.head(top + self.from_quarter(quarter))).float()
        sides = torch.exp(torch.clamp(out[:, 1:5], -5.0, 3.0)) * NEIGHBOUR_PX
        return out[:, :1], sides, out[:, 5:]


def _doubled(x: Tensor) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
