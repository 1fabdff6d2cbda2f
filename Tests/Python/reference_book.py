"""The order book of docs/spec/book.md, sections 4 to 7 and 9, in dictionaries and without cleverness.

Judges the silver tables; written from the text alone, and judged itself by the text's worked cases. One publisher,
one instrument. Section numbers are of that document.
"""

from dataclasses import dataclass, field

SECOND = 10**9
REST = 500_000_000
PENDING = SECOND
NO_PRICE = 2**63 - 1
NO_TIME = 2**64 - 1
HIGHEST = 2**61
LAST, TOB, SNAPSHOT, BAD_BOOK = 128, 64, 32, 4
OTHER = {"A": "B", "B": "A"}

SNAPSHOT_COLUMNS = (
    "window_start_ts_ns window_end_ts_ns best_bid_price_int best_bid_qty best_ask_price_int best_ask_qty mid_price "
    "mid_price_int last_trade_price_int spot_ref_price_int book_valid window_valid"
).split()
FLOW_COLUMNS = (
    "window_start_ts_ns window_end_ts_ns side price_int spot_ref_price_int rel_ticks rel_ticks_side depth_qty_start "
    "depth_qty_end depth_qty_rest add_qty pull_qty_total pull_qty_rest fill_qty window_valid"
).split()
COUNTERS = (
    "records late_records dup_add over_cancel unknown_cancel unknown_modify unknown_fill aggressor_fill "
    "unmatched_fill_qty bad_side bad_order locked_events crossed_events cleared_qty"
).split()
QUALITY_COLUMNS = (
    ["window_start_ts_ns", "window_end_ts_ns", "book_valid", "window_valid", "reason"]
    + COUNTERS
    + ["off_grid_qty", "identity_residual_max"]
)


@dataclass(slots=True)
class Order:
    side: str
    price: int
    qty: int
    entered: int
    is_quote: bool = False


@dataclass(slots=True)
class Window:
    """What is fixed when a window opens, and what is gathered until it closes."""

    start: int
    spot: int | None
    depth: dict
    best: dict
    flows: dict = field(default_factory=dict)
    counters: dict = field(default_factory=lambda: dict.fromkeys(COUNTERS, 0))
    reasons: set = field(default_factory=set)
    saw_snapshot: bool = False


class ReferenceBook:
    """Replays records and gathers the three tables' rows, as lists in the order of the columns above."""

    def __init__(self, start, end, assume_complete=False, crossed_policy="invalidate", q=250_000_000, half_width=200):
        self.first_window, self.end_window = start // SECOND, end // SECOND
        self.policy, self.q, self.half_width = crossed_policy, q, half_width
        self.orders, self.depth = {}, {"A": {}, "B": {}}
        self.tops = {"A": None, "B": None}
        self.pending = {}
        self.last_trade = None
        self.aggressor = 0
        self.seeded, self.recovering, self.suspect, self.crossed = assume_complete, "no", False, False
        self.clock = None
        self.current = None
        self.snapshots, self.flows, self.quality = [], [], []

    # Replay (4)

    def replay(self, records):
        """records: (ts_event, ts_recv, action, side, order_id, price, size, flags), None where undefined."""
        first = None
        for event, recv, *_, flags in records:
            first = effective(event, recv, flags)
            if first is not None:
                break
        if first is None:
            return self
        for event, recv, action, side, identity, price, size, flags in records:
            time = effective(event, recv, flags)
            if time is None:
                time = first if self.clock is None else self.clock
            own = time // SECOND
            if self.current is None:
                self.current = min(own, self.first_window)
                self.open()
            if own >= self.end_window:
                break
            while self.current < own:
                self.advance()
            counters = self.window.counters
            counters["records"] += 1
            if own < self.current:
                counters["late_records"] += 1
            self.clock = time if self.clock is None else max(self.clock, time)
            self.process(event, action, side, identity, price, size, flags)
        while self.current < self.end_window:
            self.advance()
        return self

    def advance(self):
        self.expire(self.window.start + SECOND)
        if self.first_window <= self.current < self.end_window:
            self.measure()
        saw_snapshot = self.window.saw_snapshot
        self.current += 1
        if self.recovering == "snapshot" and not saw_snapshot:
            self.recovered()
        self.open()

    def open(self):
        """Spot, depth and tops as they are now; outside the output only validity and snapshots matter."""
        is_output = self.first_window <= self.current < self.end_window
        self.window = Window(
            self.current * SECOND,
            self.spot() if is_output else None,
            {side: dict(levels) for side, levels in self.depth.items()} if is_output else {"A": {}, "B": {}},
            {side: self.top(side) for side in "AB"} if is_output else {},
        )
        self.examine()

    # Prices

    def top(self, side):
        if self.tops[side] is None and self.depth[side]:
            self.tops[side] = (max if side == "B" else min)(self.depth[side])
        return self.tops[side]

    def change(self, side, price, quantity):
        level = self.depth[side]
        left = level.get(price, 0) + quantity
        assert left >= 0
        if left:
            level[price] = left
            top = self.tops[side]
            if top is not None and (price > top if side == "B" else price < top):
                self.tops[side] = price
        else:
            level.pop(price, None)
            if self.tops[side] == price:
                self.tops[side] = None

    def bucket(self, price):
        return self.q * ((2 * price + self.q) // (2 * self.q))

    def spot(self):
        """6.2"""
        bid, ask, last = self.top("B"), self.top("A"), self.last_trade
        if bid is not None and ask is not None:
            raw = bid if last is None or abs(bid - last) <= abs(ask - last) else ask
        elif bid is not None or ask is not None:
            side = "B" if bid is not None else "A"
            raw = last if last in self.depth[side] else self.top(side)
        else:
            raw = last
        return None if raw is None else self.bucket(raw) or None

    # One record (5.2)

    def process(self, event, action, side, identity, price, size, flags):
        self.expire(self.clock)
        is_snapshot = bool(flags & SNAPSHOT)
        if is_snapshot:
            self.window.saw_snapshot = True
        if action == "R":
            self.suspect = False
            self.recovering = "snapshot" if is_snapshot else "reset"
        elif is_snapshot and self.recovering != "snapshot":
            if self.recovering == "no":
                self.suspect = False
            self.recovering = "snapshot"
        elif not is_snapshot and self.recovering == "snapshot":
            self.recovered()
        if flags & BAD_BOOK:
            self.suspect = True
        self.examine()
        self.flowing = self.recovering == "no"
        self.entry = self.clock
        if is_snapshot and event is not None:
            self.entry = min(event, self.clock)
        getattr(self, "do_" + action)(side, identity, price, size, flags)
        if flags & LAST:
            if self.recovering != "no":
                self.recovered()
            bid, ask = self.top("B"), self.top("A")
            both = bid is not None and ask is not None
            if both and bid > ask:
                self.window.counters["crossed_events"] += 1
            if both and bid == ask:
                self.window.counters["locked_events"] += 1
            self.crossed = both and bid > ask
            self.examine()

    def recovered(self):
        self.recovering, self.seeded = "no", True

    @property
    def valid(self):
        return self.seeded and self.recovering == "no" and not self.suspect

    def examine(self):
        """5.3"""
        reasons = self.window.reasons
        if self.suspect:
            reasons.add("bad_book")
        if self.recovering != "no":
            reasons.add("recovering")
        if not self.seeded and self.recovering == "no" and not self.suspect:
            reasons.add("unseeded")
        if self.policy == "invalidate" and self.crossed:
            reasons.add("crossed")

    def count(self, name, amount=1):
        self.window.counters[name] += amount

    # Actions (5.4)

    def do_A(self, side, identity, price, size, flags):
        if side == "N":
            return self.count("bad_side")
        if flags & TOB:
            return self.quote(side, price, size)
        if not is_price(price) or size == 0:
            return self.count("bad_order")
        if identity in self.orders:
            self.count("dup_add")
            self.take(identity, self.orders[identity].qty, fills=False)
        self.insert(identity, side, price, size)

    def quote(self, side, price, size):
        if price is not None and not is_price(price) and size > 0:
            return self.count("bad_order")
        here = [identity for identity, order in self.orders.items() if order.side == side]
        if len(here) == 1 and size > 0:
            old = self.orders[here[0]]
            if old.is_quote and old.price == price:
                if size > old.qty:
                    self.change(side, price, size - old.qty)
                    self.flow(side, price, add=size - old.qty)
                    old.qty, old.entered = size, self.entry
                elif size < old.qty:
                    self.take(here[0], old.qty - size, fills=False)
                return
        for identity in here:
            self.take(identity, self.orders[identity].qty, fills=False)
        if price is not None and size > 0:
            self.insert(("quote", side), side, price, size, is_quote=True)

    def do_C(self, side, identity, price, size, flags):
        order = self.orders.get(identity)
        if order is None:
            return self.count("unknown_cancel")
        if size > order.qty:
            self.count("over_cancel")
        self.take(identity, min(size, order.qty) if size else order.qty)

    def do_M(self, side, identity, price, size, flags):
        order = self.orders.get(identity)
        if order is None:
            self.count("unknown_modify")
            return self.do_A(side, identity, price, size, 0)
        if size == 0:
            return self.take(identity, order.qty)
        if not is_price(price):
            return self.count("bad_order")
        if side == "N":
            side = order.side
        if (side, price) != (order.side, order.price):
            self.take(identity, order.qty)
            return self.insert(identity, side, price, size)
        waiting, _ = self.pending.pop(identity, (0, 0))
        filled = min(order.qty, waiting)
        delta = size - (order.qty - filled)
        self.count("unmatched_fill_qty", waiting - filled)
        self.change(side, price, size - order.qty)
        rested = self.clock - order.entered >= REST
        self.flow(side, price, add=max(delta, 0), pull=max(-delta, 0), fill=filled, rested=rested)
        order.qty = size
        if delta > 0:
            order.entered = self.entry

    def do_R(self, side, identity, price, size, flags):
        self.count("cleared_qty", sum(sum(levels.values()) for levels in self.depth.values()))
        self.count("unmatched_fill_qty", sum(quantity for quantity, _ in self.pending.values()))
        self.orders, self.depth, self.pending = {}, {"A": {}, "B": {}}, {}
        self.tops = {"A": None, "B": None}
        self.crossed = False

    def do_T(self, side, identity, price, size, flags):
        self.aggressor = identity
        if is_price(price):
            self.last_trade = price

    def do_F(self, side, identity, price, size, flags):
        if identity != 0 and identity == self.aggressor:
            return self.count("aggressor_fill")
        if identity not in self.orders:
            return self.count("unknown_fill")
        self.pending[identity] = (self.pending.get(identity, (0, 0))[0] + size, self.clock)

    def do_N(self, side, identity, price, size, flags):
        pass

    # Quantity (5.5, 5.6)

    def insert(self, identity, side, price, size, is_quote=False):
        self.orders[identity] = Order(side, price, size, self.entry, is_quote)
        self.change(side, price, size)
        self.flow(side, price, add=size)

    def take(self, identity, quantity, fills=True):
        order = self.orders[identity]
        waiting, since = self.pending.get(identity, (0, 0))
        filled = min(quantity, waiting) if fills else 0
        self.change(order.side, order.price, -quantity)
        order.qty -= quantity
        rested = self.clock - order.entered >= REST
        self.flow(order.side, order.price, pull=quantity - filled, fill=filled, rested=rested)
        if identity in self.pending:
            self.pending[identity] = (waiting - filled, since)
            if order.qty == 0:
                self.count("unmatched_fill_qty", self.pending.pop(identity)[0])
        if order.qty == 0:
            del self.orders[identity]

    def flow(self, side, price, add=0, pull=0, fill=0, rested=False):
        if self.flowing:
            sums = self.window.flows.setdefault((side, price), [0, 0, 0, 0])
            sums[0] += add
            sums[1] += pull
            sums[2] += pull if rested else 0
            sums[3] += fill

    def expire(self, now):
        for identity in [i for i, (_, since) in self.pending.items() if now - since > PENDING]:
            self.count("unmatched_fill_qty", self.pending.pop(identity)[0])

    # Rows (7, 9)

    def measure(self):
        window = self.window
        start, end = window.start, window.start + SECOND
        reason = next(
            (reason for reason in ("bad_book", "recovering", "unseeded", "crossed") if reason in window.reasons), "ok"
        )
        is_valid = reason == "ok"
        bid, ask = self.top("B"), self.top("A")
        both = bid is not None and ask is not None
        self.snapshots.append([
            start, end, bid, self.depth["B"].get(bid, 0), ask, self.depth["A"].get(ask, 0),
            float(bid + ask) * 0.5 * 1e-9 if both else None, (bid + ask + 1) // 2 if both else None,
            self.last_trade, window.spot, self.valid, is_valid,
        ])  # fmt: skip
        residual = 0
        for side in "AB":
            prices = window.depth[side].keys() | self.depth[side].keys()
            prices |= {price for flow_side, price in window.flows if flow_side == side}
            for price in prices:
                add, pull, _, fill = window.flows.get((side, price), (0, 0, 0, 0))
                left = window.depth[side].get(price, 0) + add - pull - fill - self.depth[side].get(price, 0)
                residual = max(residual, abs(left))
        assert residual == 0 or reason not in ("ok", "crossed"), (start, residual)
        off_grid = self.cells(window, start, end, is_valid)
        self.quality.append(
            [start, end, self.valid, is_valid, reason]
            + [window.counters[name] for name in COUNTERS]
            + [off_grid, residual]
        )

    def cells(self, window, start, end, is_valid):
        """Adds the rows of depth_and_flow_1s; returns the quantity that rests outside the lattice."""
        reach = self.half_width * self.q
        rows = {}
        off_grid = 0

        def cell(side, price):
            bucket = self.bucket(price)
            if window.spot is None or abs(bucket - window.spot) > reach:
                return None
            return rows.setdefault((side, bucket), [0] * 7)

        for side in "AB":
            for price, quantity in window.depth[side].items():
                if (sums := cell(side, price)) is not None:
                    sums[0] += quantity
            for price, quantity in self.depth[side].items():
                if (sums := cell(side, price)) is not None:
                    sums[1] += quantity
                else:
                    off_grid += quantity
        for order in self.orders.values():
            if order.entered <= end - REST and (sums := cell(order.side, order.price)) is not None:
                sums[2] += order.qty
        for (side, price), flows in window.flows.items():
            if (sums := cell(side, price)) is not None:
                for index, quantity in enumerate(flows):
                    sums[3 + index] += quantity
        anchors = {}
        for side in "AB":
            best = window.best.get(side)
            best = self.top(side) if best is None else best
            anchors[side] = window.spot if best is None else self.bucket(best)
            if window.spot is not None:
                farthest = (2**31 - 1 - self.half_width) * self.q
                anchors[side] = min(max(anchors[side], window.spot - farthest), window.spot + farthest)
        for (side, price), sums in sorted(rows.items()):
            if sums[0] or sums[1] or sums[3] or sums[4] or sums[6]:
                self.flows.append(
                    [start, end, side, price, window.spot, (price - window.spot) // self.q,
                     (price - anchors[side]) // self.q, *sums, is_valid]
                )  # fmt: skip
        return off_grid


def is_price(price):
    return price is not None and 0 < price <= HIGHEST


def effective(event, recv, flags):
    """4.1, before the rule for records without any time."""
    first, second = (recv, event) if flags & SNAPSHOT else (event, recv)
    return first if first is not None else second
