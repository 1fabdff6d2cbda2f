"""The surfaces of physics.md in numpy: key arrays over the whole range of the day, numpy.convolve for smoothing.

Judges what the Swift tests wrote to TARN_INTEROP_DIR.
"""
import os
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.skipif("TARN_INTEROP_DIR" not in os.environ, reason="the Swift tests wrote no windows")
ALPHA = [1 - np.exp(-1 / tau) for tau in (2, 8, 32, 128)]


def folder():
    return Path(os.environ["TARN_INTEROP_DIR"])


def load(name, dtype=np.int64):
    return np.loadtxt(folder() / name, delimiter=",", dtype=dtype, ndmin=2)


def smooth(f, sigma, reach):
    """f: lanes × cells. The kernel is symmetric, so a full convolution cut to the lattice is the sum of the text."""
    k = np.arange(-reach, reach + 1)
    w = np.exp(-0.5 * (k / sigma) ** 2)
    full = np.stack([np.convolve(lane, w) for lane in f])
    return full[:, reach : full.shape[1] - reach] / w.sum()


class Keys:
    """y (4), du, d2u and freshness of every key of the day: lanes × positions."""

    def __init__(self, lanes, low, high):
        self.low = low
        shape = (lanes, high - low + 1)
        self.y = np.zeros((4, *shape))
        self.du = np.zeros(shape)
        self.d2u = np.zeros(shape)
        self.fresh = np.ones(shape, bool)

    def cells(self, first, width):
        return slice(first - self.low, first - self.low + width)

    def update(self, u, held, first):
        """u, held: lanes × cells of the lattice whose first cell has position `first`."""
        cells = self.cells(first, u.shape[1])
        flow = np.zeros_like(self.du)
        flow[:, cells] = u
        active = np.ones_like(self.fresh)
        active[:, cells] = ~held
        y = np.stack([(1 - a) * old + a * flow for a, old in zip(ALPHA, self.y)])
        y[np.abs(y) < 1e-15] = 0
        du = y[0] - self.y[0]
        d2u = du - self.du
        start = self.fresh
        y[:, start] = flow[start]
        du[start] = 0
        d2u[start] = 0
        self.y = np.where(active, y, self.y)
        self.du = np.where(active, du, self.du)
        self.d2u = np.where(active, d2u, self.d2u)
        self.fresh = self.fresh & ~active


def surface(quantities, keys, cells, gap):
    """Sections 3, 5 and 6. quantities: start, end, rest, add, pull, fill, each lanes × cells."""
    start, end, rest, add, pull, fill = quantities
    d = start + 1
    out = {"addIntensity": add / d, "pullIntensity": pull / d, "fillIntensity": fill / d}
    out["liquidityVelocity"] = out["addIntensity"] - out["pullIntensity"] - out["fillIntensity"]
    y = keys.y[:, :, cells]
    out |= dict(zip(("uEma2", "uEma8", "uEma32", "uEma128"), y))
    out |= {"duDt": keys.du[:, cells], "d2uDt2": keys.d2u[:, cells]}
    out |= {"uBandFast": y[0] - y[1], "uBandMid": y[1] - y[2], "uBandSlow": y[2] - y[3]}
    out["uWaveEnergy"] = np.sqrt(out["uBandFast"] ** 2 + out["uBandMid"] ** 2 + out["uBandSlow"] ** 2)
    out["rho"] = np.log(1 + end)
    out["phiRest"] = rest / (end + 1)
    out["uP"] = out["phiRest"] * y[1]
    out["uPSlow"] = out["phiRest"] * y[2]
    out["omega"] = out["rho"] * (0.5 + 0.5 * out["phiRest"]) * (1 + np.maximum(0, out["uPSlow"]))
    near = (max(1, 6 / gap), int(np.floor(16 / gap + 0.5)))
    far = (max(1, 24 / gap), int(np.floor(64 / gap + 0.5)))
    out["uNear"], out["uFar"] = smooth(y[1], *near), smooth(y[2], *far)
    out["omegaNear"], out["omegaFar"] = smooth(out["omega"], *near), smooth(out["omega"], *far)
    out["uProm"] = out["uNear"] - out["uFar"]
    out["omegaProm"] = out["omegaNear"] - out["omegaFar"]
    u = out["uNear"]
    out["duDx"], out["d2uDx2"] = np.zeros_like(u), np.zeros_like(u)
    out["duDx"][:, 1:-1] = (u[:, 2:] - u[:, :-2]) / (2 * gap)
    out["d2uDx2"][:, 1:-1] = (u[:, 2:] - 2 * u[:, 1:-1] + u[:, :-2]) / gap**2
    out["nu"] = 1 + out["omegaNear"] + 2 * np.maximum(0, out["omegaProm"])
    out["kappa"] = 1 / out["nu"]
    sign = np.where(np.arange(len(u)) % 2 == 1, 1.0, -1.0)[:, None]
    out["pressureGrad"] = sign * out["uP"]
    return out


def judge(found_name, windows, rows, lanes, half_width, gap, first_of):
    width = 2 * half_width + 1
    names = (folder() / "physics_columns.csv").read_text().split()
    found = np.fromfile(folder() / found_name, "<f8").reshape(len(windows), len(names), lanes, width)
    assert np.isfinite(found).all() and not np.signbit(found[found == 0]).any()
    firsts = [first_of(window) for window in windows]
    keys = Keys(lanes, min(firsts), max(firsts) + width)
    for i, first in enumerate(firsts):
        quantities = np.zeros((6, lanes, width))
        valid = np.full((lanes, width), lanes == 4 or bool(windows[i][1]))
        for _, right, side, x, *numbers, is_valid in rows[rows[:, 0] == i]:
            lane = right * 2 + side
            quantities[:, lane, x + half_width] = numbers
            if lanes == 4:
                valid[lane, x + half_width] = is_valid
        if valid.any():
            d = quantities[0] + 1
            u = quantities[3] / d - quantities[4] / d - quantities[5] / d
            keys.update(u, ~valid, first)
        expected = surface(quantities, keys, keys.cells(first, width), gap)
        assert set(expected) == set(names)
        for name, values in zip(names, found[i]):
            np.testing.assert_allclose(values, expected[name], rtol=1e-10, atol=1e-12, err_msg=f"{i} {name}")


@pytest.mark.parametrize("frame", ["spot", "price"])
def test_dense_surface(frame):
    first = (lambda w: 0) if frame == "spot" else (lambda w: w[0] - 50)
    judge(f"physics_dense_{frame}.bin", load("physics_dense_windows.csv"), load("physics_dense_rows.csv"), 2, 50, 1, first)


@pytest.mark.parametrize("kmax,gap", [(10, 20), (25, 2)])
def test_option_surface(kmax, gap):
    name = f"physics_options_{kmax}"
    judge(f"{name}.bin", load(f"{name}_windows.csv"), load(f"{name}_rows.csv"), 4, kmax, gap, lambda w: w[0] - kmax)
