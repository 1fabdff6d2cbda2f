"""The forecast of docs/spec/physics.md, section 8, in numpy, window by window. Knows nothing of tarn.

Arrays of a surface are lanes × cells (A, B; rel_ticks ascending), as the rows of the table stand.
"""

import numpy as np


def smooth(f, sigma, reach):
    k = np.arange(-reach, reach + 1)
    w = np.exp(-0.5 * (k / sigma) ** 2)
    padded = np.pad(f, reach)
    return np.array([(w * padded[i : i + 2 * reach + 1]).sum() for i in range(len(f))]) / w.sum()


def directional(lanes):
    """Side A above the anchor, B below it, 0 at it."""
    ask, bid = lanes
    half = len(ask) // 2
    return np.concatenate([bid[:half], [0.0], ask[half + 1 :]])


class Window:
    """F, N, walls and run scores of one window."""

    def __init__(self, pressure, near, slow, omega, options=None):
        """options: Omega_opt summed by offset, cells as the surface, or None."""
        self.half = pressure.shape[1] // 2
        self.g = directional(pressure)
        self.r = directional(np.maximum(0, -near))
        self.s = directional(slow)
        o = directional(omega)
        if options is not None:
            o = o + 0.70 * smooth(options, 8, 24)
        o_near, o_far = smooth(o, 6, 16), smooth(o, 24, 64)
        self.prominence = o_near - o_far
        self.n = 1 + o_near + 2 * np.maximum(0, self.prominence)
        self.d_up, self.score_up = self.run(1)
        self.d_down, self.score_down = self.run(-1)
        self.f0, self.n0 = self.force(0.0)

    def run(self, step):
        reach = [self.half + step * k for k in range(1, 65)]
        heights = self.prominence[reach]
        m = heights.max()
        d = 64 if m <= 0 else int(np.argmax(heights >= 0.60 * m)) + 1
        e = np.exp(-np.arange(1, d) / 16)
        ease = (e * self.r[[self.half + step * k for k in range(1, d)]]).sum() / e.sum() if d > 1 else 0.0
        return d, ease - max(0.0, self.s[self.half + step * d])

    def force(self, shift):
        cells = np.arange(-self.half, self.half + 1)
        k = np.arange(1, 65)
        a = np.exp(-(k**2) / 288)
        a = a / a.sum()
        x = np.concatenate([-k[::-1], k])
        at = lambda field, y: np.interp(y, cells, field)
        f = (np.concatenate([a[::-1], a]) * at(1 / self.n, x + shift) * at(self.g, x + shift)).sum()
        k = np.arange(1, 17)
        b = np.exp(-(k**2) / 72)
        b = b / b.sum()
        x = np.concatenate([-k[::-1], k])
        return f, (np.concatenate([b[::-1], b]) * at(self.n, x + shift)).sum()

    def move(self, speed, beta, gamma):
        """[(displacement before rounding, confidence)] of h = 1…30."""
        v, shift = float(np.clip(speed, -8, 8)), 0.0
        certainty = np.tanh(abs(self.f0) / (1 + self.n0))
        steps = []
        for _ in range(30):
            f, n = self.force(shift)
            v = float(np.clip((1 - gamma) * v + beta * f / (1 + n), -8, 8))
            shift = float(np.clip(shift + v, -80, 80))
            whole = np.rint(shift)
            score = self.score_up if whole > 0 else self.score_down
            steps.append((shift, 0.0 if whole == 0 else certainty * np.tanh(max(0.0, score))))
        return steps


def fit(windows):
    """beta, gamma of section 8.6 and the number of windows t.

    windows: (end in ns, spot_tick or None if skipped, F/(1 + N), lies in the interval), in order of time.
    """
    y, x1, x2 = [], [], []
    for (t0, s0, _, _), (t1, s1, response, inside), (t2, s2, _, _) in zip(windows, windows[1:], windows[2:]):
        consecutive = t1 - t0 == 10**9 and t2 - t1 == 10**9
        if inside and consecutive and None not in (s0, s1, s2):
            y.append(s2 - s1), x1.append(s1 - s0), x2.append(response)
    solution, *_ = np.linalg.lstsq(np.column_stack([x1, x2]), np.array(y, float), rcond=None)
    return max(0.0, solution[1]), 1 - min(max(solution[0], 0.0), 1.0), len(y)
