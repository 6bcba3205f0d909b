"""Stored sizes of the architectures, so that listing them builds no network; a test checks them."""

from __future__ import annotations

from typing import NamedTuple


class Size(NamedTuple):
    """Weights and multiply-adds of a network for ten classes and segments of ``shape``, (frames, bins)."""

    shape: tuple[int, int]
    parameters: int
    multiply_adds: int


SIZES: dict[str, Size] = {
    "mlp": Size((130, 13), 1_014_218, 1_013_376),
    "cnn": Size((216, 64), 323_674, 62_156_544),
    "bcresnet": Size((101, 40), 11_582, 2_542_692),
    "embedding": Size((9, 1024), 20_490, 20_480),
    "wave": Size((16000, 1), 67_448_938, 5_083_650_560),
    "wave-skip": Size((16000, 1), 125_311_018, 5_744_898_560),
    "spectrogram-cnn": Size((129, 129), 6_107_242, 1_143_820_064),
    "spectrogram-skip": Size((129, 129), 10_055_722, 1_246_007_072),
}
