// The C++ twin of Sources/OrderBook: the same algorithm over the same structures, for one book of orders.
//
//     g++ -O3 -march=x86-64 -o book_twin book_twin.cpp     (or clang++)
//     bench-book FILE.mbo.dbn.zst 1 events.bin
//     book_twin events.bin.42140864 [rounds]
//
// It reads the flat records that bench-book writes and prints the same check sums, so that the two times measure
// the same work. It checks no bounds and no overflow: that is the difference the comparison is about.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

using i64 = int64_t;
using u64 = uint64_t;

struct Event {
    i64 tsRecv, tsEvent;
    u64 orderID;
    i64 price;
    uint32_t size, instrumentID;
    uint16_t publisherID;
    uint8_t flags, action, side, pad[3];
};
static_assert(sizeof(Event) == 48);

constexpr i64 kUndefinedTime = INT64_MIN, kUndefinedPrice = INT64_MAX;
constexpr uint8_t ADD = 0, CANCEL = 1, MODIFY = 2, CLEAR = 3, TRADE = 4, FILL = 5;
constexpr uint8_t LAST = 128, TOP = 64, SNAPSHOT = 32, BAD = 4;
constexpr i64 kWindow = 1000000000, kRest = 500000000, kPending = 1000000000;
constexpr i64 kEarliest = -(i64(1) << 62) / kWindow * kWindow, kLatest = (i64(1) << 62) / kWindow * kWindow;
constexpr i64 kNone = -(i64(1) << 62);
constexpr u64 PHI = 0x9E3779B97F4A7C15;

static inline bool good(i64 price) { return price > 0 && price <= (i64(1) << 61); }
static inline i64 floorDiv(i64 a, i64 b) {
    i64 q = a / b, r = a % b;
    return r != 0 && (r < 0) != (b < 0) ? q - 1 : q;
}
static inline i64 cellOf(i64 price, i64 step) { return floorDiv(2 * price + step, 2 * step); }
static inline i64 goodness(uint8_t side, i64 price) { return side == 0 ? -price : price; }

struct Order {
    u64 id = 0;
    i64 tEnter = 0;
    uint32_t quantity = 0;
    int32_t level = 0, pending = -1;
};

struct OrderTable {
    std::vector<Order> slots;
    size_t count = 0, mask = 0;
    unsigned shift = 63;
    size_t home(u64 id) const { return size_t(((id ^ (id >> 32)) * PHI) >> shift); }
    i64 find(u64 id) const {
        if (count == 0) return -1;
        for (size_t s = home(id);; s = (s + 1) & mask) {
            if (slots[s].quantity == 0) return -1;
            if (slots[s].id == id) return i64(s);
        }
    }
    size_t locate(u64 id) {
        if ((count + 1) * 2 > slots.size()) resize(std::max<size_t>(16, slots.size() * 2));
        for (size_t s = home(id);; s = (s + 1) & mask)
            if (slots[s].quantity == 0 || slots[s].id == id) return s;
    }
    void remove(size_t slot) {
        count--;
        size_t hole = slot, next = slot;
        for (;;) {
            next = (next + 1) & mask;
            if (slots[next].quantity == 0) break;
            if (((next - home(slots[next].id)) & mask) >= ((next - hole) & mask)) {
                slots[hole] = slots[next];
                hole = next;
            }
        }
        slots[hole].quantity = 0;
    }
    void resize(size_t capacity) {
        std::vector<Order> old(capacity);
        old.swap(slots);
        mask = capacity - 1;
        shift = unsigned(__builtin_clzll(capacity) + 1);
        for (auto& o : old) {
            if (o.quantity == 0) continue;
            size_t s = home(o.id);
            while (slots[s].quantity != 0) s = (s + 1) & mask;
            slots[s] = o;
        }
    }
    void shrink() {
        if (slots.size() <= 256 || count * 16 >= slots.size()) return;
        size_t wanted = 256;
        while (wanted < count * 4) wanted *= 2;
        resize(wanted);
    }
    void clear() {
        slots = {};
        count = mask = 0;
    }
    void prefetch(u64 id) const {
        if (count) __builtin_prefetch(&slots[home(id)], 1, 3);
    }
};

struct Level {
    i64 price, depth, cell;
    int32_t account;
    uint8_t side;
};

struct LevelTable {
    std::vector<Level> levels;
    std::vector<int32_t> index, free;
    size_t used = 0, mask = 0;
    unsigned shift = 63;
    i64 step;
    size_t home(uint8_t side, i64 price) const {
        u64 key = (u64(price) << 1 | side) * PHI;
        key ^= key >> 29;
        return size_t((key * PHI) >> shift);
    }
    i64 find(uint8_t side, i64 price) const {
        if (used == 0) return -1;
        for (size_t p = home(side, price);; p = (p + 1) & mask) {
            i64 slot = i64(index[p]) - 1;
            if (slot < 0) return -1;
            if (levels[slot].price == price && levels[slot].side == side) return slot;
        }
    }
    size_t findOrMake(uint8_t side, i64 price) {
        i64 slot = find(side, price);
        return slot >= 0 ? size_t(slot) : make(side, price);
    }
    __attribute__((noinline)) size_t make(uint8_t side, i64 price) {
        Level level{price, 0, cellOf(price, step), -1, side};
        size_t slot;
        if (free.empty()) {
            slot = levels.size();
            levels.push_back(level);
        } else {
            slot = size_t(free.back());
            free.pop_back();
            levels[slot] = level;
        }
        used++;
        if (used * 4 > index.size())
            rebuild(std::max<size_t>(16, index.size() * 2));
        else
            enter(slot);
        return slot;
    }
    void enter(size_t slot) {
        size_t p = home(levels[slot].side, levels[slot].price);
        while (index[p] != 0) p = (p + 1) & mask;
        index[p] = int32_t(slot + 1);
    }
    void rebuild(size_t capacity) {
        index.assign(capacity, 0);
        mask = capacity - 1;
        shift = unsigned(__builtin_clzll(capacity) + 1);
        for (size_t s = 0; s < levels.size(); s++)
            if (levels[s].price != 0) enter(s);
    }
    void sweep(size_t occupied) {
        if (used - occupied <= std::max<size_t>(64, occupied)) return;
        for (size_t s = 0; s < levels.size(); s++) {
            if (levels[s].price == 0 || levels[s].depth != 0) continue;
            levels[s].price = 0;
            free.push_back(int32_t(s));
            used--;
        }
        size_t wanted = 16;
        while (wanted < (used + 1) * 4) wanted *= 2;
        rebuild(wanted);
    }
};

struct Rung {
    i64 good;
    int32_t slot;
};

struct Ladder {
    std::vector<Rung> rungs;
    i64 best = kNone;
    size_t position(i64 g) const {
        size_t high = rungs.size(), near = high > 8 ? high - 8 : 0;
        while (high > near) {
            if (rungs[high - 1].good < g) return high;
            high--;
        }
        size_t low = 0;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (rungs[middle].good < g) low = middle + 1; else high = middle;
        }
        return low;
    }
    __attribute__((noinline)) void insert(i64 g, size_t slot) {
        rungs.insert(rungs.begin() + i64(position(g)), Rung{g, int32_t(slot)});
        best = rungs.back().good;
    }
    __attribute__((noinline)) void remove(i64 g) {
        rungs.erase(rungs.begin() + i64(position(g)));
        best = rungs.empty() ? kNone : rungs.back().good;
    }
};

struct Pending {
    struct Entry {
        u64 id;
        i64 quantity, time;
        int32_t previous, next;
    };
    std::vector<Entry> pool;
    int32_t head = -1, tail = -1, free = -1;
    i64 oldest = INT64_MAX;
    int32_t open(u64 id, i64 quantity, i64 time) {
        Entry e{id, quantity, time, tail, -1};
        int32_t i;
        if (free >= 0) {
            i = free;
            free = pool[i].next;
            pool[i] = e;
        } else {
            i = int32_t(pool.size());
            pool.push_back(e);
        }
        link(i);
        return i;
    }
    void add(i64 quantity, int32_t i, i64 time) {
        unlink(i);
        pool[i].quantity += quantity;
        pool[i].time = time;
        pool[i].previous = tail;
        pool[i].next = -1;
        link(i);
    }
    i64 close(int32_t i) {
        unlink(i);
        pool[i].next = free;
        free = i;
        return pool[i].quantity;
    }
    void link(int32_t i) {
        if (tail >= 0) pool[tail].next = i; else head = i;
        tail = i;
        oldest = pool[head].time;
    }
    void unlink(int32_t i) {
        Entry e = pool[i];
        if (e.previous >= 0) pool[e.previous].next = e.next; else head = e.next;
        if (e.next >= 0) pool[e.next].previous = e.previous; else tail = e.previous;
        oldest = head >= 0 ? pool[head].time : INT64_MAX;
    }
};

struct Account {
    i64 start, added, pulled, pulledAtRest, filled, young;
    int32_t level;
    void pull(i64 q, bool atRest) {
        pulled += q;
        if (atRest) pulledAtRest += q;
    }
};

struct FlowRow {
    i64 windowStart, windowEnd, price, spot, start, end, rest, added, pulled, pulledAtRest, filled;
    int32_t rel, relSide;
    uint8_t side, valid;
};

struct Age {
    i64 entry, oldEnough, youngAfter;
};

constexpr uint8_t UNSEEDED = 1, RESET = 2, RECOVERING_SNAPSHOT = 4, SUSPECT = 8, RECOVERING = RESET | RECOVERING_SNAPSHOT;
constexpr uint8_t SEEN_BAD = 1, SEEN_RECOVERING = 2, SEEN_UNSEEDED = 4, SEEN_CROSSED = 8;

struct Engine {
    i64 outputStart, outputEnd, step, half;
    i64 start, end, now, youngAfter;
    OrderTable orders;
    LevelTable levels;
    Ladder ladders[2];
    Pending pending;
    i64 totals[2] = {0, 0};
    i64 lastTrade = 0;
    u64 aggressor = 0;
    uint8_t state = UNSEEDED, seen = 0;
    bool isCrossed = false, hasSnapshotRecord = false;
    std::vector<Account> accounts;
    i64 bestAtStart[2] = {kNone, kNone};
    i64 records = 0, late = 0, unmatched = 0, cleared = 0, misc[12] = {};
    bool hasSpot = false;
    i64 spotCell = 0;
    struct Emptied {
        i64 cell;
        int32_t account;
        uint8_t side;
    };
    std::vector<Emptied> emptied;
    std::vector<FlowRow> flows;
    u64 hash = 0;
    size_t flowRows = 0, windows = 0;

    static uint8_t flagsOf(uint8_t s) {
        return (s & SUSPECT ? SEEN_BAD : 0) | (s & RECOVERING ? SEEN_RECOVERING : 0) | (s == UNSEEDED ? SEEN_UNSEEDED : 0);
    }
    void endRecovery() { state &= uint8_t(~(RECOVERING | UNSEEDED)); }

    size_t account(size_t slot) {
        if (levels.levels[slot].account >= 0) return size_t(levels.levels[slot].account);
        levels.levels[slot].account = int32_t(accounts.size());
        accounts.push_back(Account{levels.levels[slot].depth, 0, 0, 0, 0, 0, int32_t(slot)});
        return accounts.size() - 1;
    }
    void raise(size_t slot, i64 q, const Age& age, bool flowing) {
        size_t a = account(slot);
        Level& l = levels.levels[slot];
        i64 before = l.depth;
        l.depth += q;
        totals[l.side] += q;
        if (before == 0) ladders[l.side].insert(goodness(l.side, l.price), slot);
        if (flowing) accounts[a].added += q;
        if (age.entry > age.youngAfter) accounts[a].young += q;
    }
    void lower(size_t slot, i64 q, i64 entered, i64 matched, const Age& age, bool flowing) {
        size_t a = account(slot);
        Level& l = levels.levels[slot];
        l.depth -= q;
        totals[l.side] -= q;
        if (l.depth == 0) ladders[l.side].remove(goodness(l.side, l.price));
        if (entered > age.youngAfter) accounts[a].young -= q;
        if (flowing) {
            accounts[a].filled += matched;
            accounts[a].pull(q - matched, entered <= age.oldEnough);
        }
    }
    void take(uint32_t q, size_t slot, bool matches, const Age& age, bool flowing) {
        Order o = orders.slots[slot];
        i64 matched = 0;
        if (o.pending >= 0) {
            i64 waiting = pending.pool[o.pending].quantity;
            if (matches) matched = std::min<i64>(q, waiting);
            if (q == o.quantity || matched == waiting) {
                unmatched += pending.close(o.pending) - matched;
                orders.slots[slot].pending = -1;
            } else if (matched > 0) {
                pending.pool[o.pending].quantity -= matched;
            }
        }
        if (q != o.quantity) orders.slots[slot].quantity = o.quantity - q;
        lower(size_t(o.level), q, o.tEnter, matched, age, flowing);
    }
    void place(const Event& e, uint8_t side, size_t slot, const Age& age, bool flowing) {
        size_t level = levels.findOrMake(side, e.price);
        orders.slots[slot] = Order{e.orderID, age.entry, e.size, int32_t(level), -1};
        raise(level, e.size, age, flowing);
    }
    Age ageOf(const Event& e) const {
        i64 entry = now;
        if ((e.flags & SNAPSHOT) && e.tsEvent != kUndefinedTime) entry = std::min(std::max(e.tsEvent, kEarliest), now);
        return Age{entry, now - kRest, youngAfter};
    }
    void add(const Event& e, bool flowing) {
        if (e.side > 1) { misc[0]++; return; }
        if (!good(e.price) || e.size == 0) { misc[1]++; return; }
        Age age = ageOf(e);
        size_t slot = orders.locate(e.orderID);
        if (orders.slots[slot].quantity != 0) {
            misc[2]++;
            take(orders.slots[slot].quantity, slot, false, age, flowing);
        } else {
            orders.count++;
        }
        place(e, e.side, slot, age, flowing);
    }
    void cancel(const Event& e, bool flowing) {
        i64 slot = orders.find(e.orderID);
        if (slot < 0) { misc[3]++; return; }
        uint32_t quantity = orders.slots[slot].quantity;
        if (e.size > quantity) misc[4]++;
        uint32_t taken = e.size == 0 ? quantity : std::min(e.size, quantity);
        take(taken, size_t(slot), true, ageOf(e), flowing);
        if (taken == quantity) orders.remove(size_t(slot));
    }
    void modify(const Event& e, bool flowing) {
        i64 slot = orders.find(e.orderID);
        if (slot < 0) {
            misc[5]++;
            add(e, flowing);
            return;
        }
        Order o = orders.slots[slot];
        Age age = ageOf(e);
        if (e.size == 0) {
            take(o.quantity, size_t(slot), true, age, flowing);
            orders.remove(size_t(slot));
            return;
        }
        if (!good(e.price)) { misc[1]++; return; }
        Level l = levels.levels[o.level];
        uint8_t side = e.side <= 1 ? e.side : l.side;
        if (l.price != e.price || l.side != side) {
            take(o.quantity, size_t(slot), true, age, flowing);
            place(e, side, size_t(slot), age, flowing);
            return;
        }
        i64 old = o.quantity, next = e.size, matched = 0;
        if (o.pending >= 0) {
            matched = std::min(old, pending.pool[o.pending].quantity);
            unmatched += pending.close(o.pending) - matched;
        }
        i64 change = next - (old - matched), entered = change > 0 ? age.entry : o.tEnter;
        orders.slots[slot] = Order{o.id, entered, e.size, o.level, -1};
        size_t a = account(size_t(o.level));
        levels.levels[o.level].depth += next - old;
        totals[levels.levels[o.level].side] += next - old;
        if (o.tEnter > age.youngAfter) accounts[a].young -= old;
        if (entered > age.youngAfter) accounts[a].young += next;
        if (flowing) {
            accounts[a].filled += matched;
            if (change > 0) accounts[a].added += change;
            else if (change < 0) accounts[a].pull(-change, o.tEnter <= age.oldEnough);
        }
    }
    void fill(const Event& e) {
        if (e.orderID != 0 && e.orderID == aggressor) { misc[6]++; return; }
        i64 slot = orders.find(e.orderID);
        if (slot < 0) { misc[7]++; return; }
        int32_t entry = orders.slots[slot].pending;
        if (entry >= 0) pending.add(e.size, entry, now);
        else if (e.size) orders.slots[slot].pending = pending.open(e.orderID, e.size, now);
    }
    void clear() {
        while (pending.head >= 0) unmatched += pending.close(pending.head);
        cleared += totals[0] + totals[1];
        for (int s = 0; s < 2; s++) {
            for (auto& r : ladders[s].rungs) {
                accounts[account(size_t(r.slot))].young = 0;
                levels.levels[r.slot].depth = 0;
            }
            ladders[s].rungs.clear();
            ladders[s].best = kNone;
            totals[s] = 0;
        }
        orders.clear();
        isCrossed = false;
    }
    __attribute__((noinline)) void expire(i64 at) {
        while (pending.oldest < at - kPending) {
            i64 slot = orders.find(pending.pool[pending.head].id);
            unmatched += pending.close(pending.head);
            orders.slots[slot].pending = -1;
        }
    }
    __attribute__((noinline)) void updateState(const Event& e) {
        bool snap = e.flags & SNAPSHOT;
        if (snap) hasSnapshotRecord = true;
        if (e.action == CLEAR) {
            state &= uint8_t(~(SUSPECT | RECOVERING));
            state |= snap ? RECOVERING_SNAPSHOT : RESET;
        } else if (snap) {
            if (!(state & RECOVERING)) state &= uint8_t(~SUSPECT);
            state &= uint8_t(~RESET);
            state |= RECOVERING_SNAPSHOT;
        } else if (state & RECOVERING_SNAPSHOT) {
            endRecovery();
        }
        if (e.flags & BAD) state |= SUSPECT;
        seen |= flagsOf(state);
    }
    void apply(const Event& e) {
        if (pending.oldest < now - kPending) expire(now);
        if (e.flags & (SNAPSHOT | BAD) || e.action == CLEAR || state) updateState(e);
        bool flowing = !(state & RECOVERING);
        switch (e.action) {
        case ADD:
            if (e.flags & TOP) { fprintf(stderr, "the twin has no best quotes\n"); exit(1); }
            add(e, flowing);
            break;
        case CANCEL: cancel(e, flowing); break;
        case MODIFY: modify(e, flowing); break;
        case FILL: fill(e); break;
        case TRADE:
            if (good(e.price)) lastTrade = e.price;
            aggressor = e.orderID;
            break;
        case CLEAR: clear(); break;
        default: break;
        }
        if (e.flags & LAST) {
            if (state & RECOVERING) endRecovery();
            i64 overlap = ladders[0].best + ladders[1].best;
            isCrossed = overlap > 0;
            if (overlap > 0) { misc[8]++; seen |= SEEN_CROSSED; }
            else if (overlap == 0) misc[9]++;
        }
    }

    i64 best(int side) const { return ladders[side].rungs.empty() ? 0 : goodness(uint8_t(side), ladders[side].best); }
    i64 depth(uint8_t side, i64 price) const {
        i64 s = levels.find(side, price);
        return s < 0 ? 0 : levels.levels[s].depth;
    }
    i64 anchor() const {
        i64 b = best(1), a = best(0);
        if (b && a) return lastTrade == 0 ? b : llabs(a - lastTrade) < llabs(b - lastTrade) ? a : b;
        if (!b && !a) return lastTrade;
        if (lastTrade && depth(b ? 1 : 0, lastTrade) > 0) return lastTrade;
        return std::max(a, b);
    }
    void openWindow() {
        for (auto& a : accounts) levels.levels[a.level].account = -1;
        accounts.clear();
        levels.sweep(ladders[0].rungs.size() + ladders[1].rungs.size());
        orders.shrink();
        if ((state & RECOVERING_SNAPSHOT) && !hasSnapshotRecord) endRecovery();
        hasSnapshotRecord = false;
        seen = flagsOf(state) | (isCrossed ? SEEN_CROSSED : 0);
        bestAtStart[0] = ladders[0].best;
        bestAtStart[1] = ladders[1].best;
        records = late = unmatched = cleared = 0;
        memset(misc, 0, sizeof misc);
        i64 raw = anchor();
        spotCell = raw ? cellOf(raw, step) : 0;
        hasSpot = spotCell != 0;
    }
    void mix(i64 v) { hash = (hash ^ u64(v)) * PHI; }
    void drain() {
        flowRows += flows.size();
        for (auto& r : flows)
            mix(i64(u64(r.price) + u64(r.start) * 3 + u64(r.end) * 5 + u64(r.rest) * 7 + u64(r.added) * 11 + u64(r.pulled) * 13
                + u64(r.pulledAtRest) * 17 + u64(r.filled) * 19 + u64(i64(r.relSide)) * 23));
        flows.clear();
    }
    i64 writeFlows(uint8_t side, bool valid) {
        i64 low = spotCell - half, high = spotCell + half;
        FlowRow row{};
        row.windowStart = start;
        row.windowEnd = end;
        row.spot = spotCell * step;
        row.side = side;
        row.valid = valid;
        i64 g = bestAtStart[side] != kNone ? bestAtStart[side] : ladders[side].best;
        i64 anchorCell = g == kNone ? spotCell : cellOf(goodness(side, g), step);
        i64 onGrid = 0, current = INT64_MIN;
        auto& rungs = ladders[side].rungs;
        i64 count = i64(rungs.size());
        i64 rung = side == 0 ? count - 1 : i64(ladders[1].position((low - 1) * step));
        i64 direction = side == 0 ? -1 : 1;
        size_t gone = 0;
        while (gone < emptied.size() && emptied[gone].side < side) gone++;
        auto occupied = [&] { return (row.start | row.end | row.added | row.pulled | row.filled) != 0; };
        for (;;) {
            const Level* level = nullptr;
            if (rung >= 0 && rung < count) {
                const Level& c = levels.levels[rungs[rung].slot];
                if (c.cell < low) { rung += direction; continue; }
                if (c.cell <= high) level = &c;
            }
            bool hasGone = gone < emptied.size() && emptied[gone].side == side;
            if (!level && !hasGone) break;
            i64 cell, depth;
            int32_t acc;
            if (level && (!hasGone || level->cell <= emptied[gone].cell)) {
                cell = level->cell;
                acc = level->account;
                depth = level->depth;
                rung += direction;
            } else {
                cell = emptied[gone].cell;
                acc = emptied[gone].account;
                depth = 0;
                gone++;
            }
            if (cell != current) {
                if (occupied()) flows.push_back(row);
                row.price = cell * step;
                row.start = row.end = row.rest = row.added = row.pulled = row.pulledAtRest = row.filled = 0;
                row.rel = int32_t(cell - spotCell);
                row.relSide = int32_t(std::max<i64>(INT32_MIN, std::min<i64>(INT32_MAX, cell - anchorCell)));
                current = cell;
            }
            row.end += depth;
            onGrid += depth;
            if (acc >= 0) {
                const Account& a = accounts[acc];
                row.start += a.start;
                row.rest += depth - a.young;
                row.added += a.added;
                row.pulled += a.pulled;
                row.pulledAtRest += a.pulledAtRest;
                row.filled += a.filled;
            } else {
                row.start += depth;
                row.rest += depth;
            }
        }
        if (occupied()) flows.push_back(row);
        return onGrid;
    }
    __attribute__((noinline)) void advance(i64 time) {
        while (time >= end && start < outputEnd) {
            if (flows.size() >= 4096) drain();
            i64 next = end;
            if (records == 0 && start < outputStart)
                next = std::max(end, std::min(floorDiv(time, kWindow) * kWindow, outputStart));
            if (pending.oldest < next - kPending) expire(next);
            for (auto& a : accounts) {
                i64 residual = a.start + a.added - a.pulled - a.filled - levels.levels[a.level].depth;
                if (residual != 0 && !(seen & SEEN_RECOVERING)) { fprintf(stderr, "identity\n"); exit(1); }
            }
            if (start >= outputStart && end <= outputEnd) {
                bool valid = seen == 0;
                i64 onGrid = 0;
                if (hasSpot) {
                    emptied.clear();
                    for (size_t i = 0; i < accounts.size(); i++) {
                        const Level& l = levels.levels[accounts[i].level];
                        if (l.depth == 0 && llabs(l.cell - spotCell) <= half)
                            emptied.push_back({l.cell, int32_t(i), l.side});
                    }
                    std::sort(emptied.begin(), emptied.end(), [](const Emptied& a, const Emptied& b) {
                        return a.side != b.side ? a.side < b.side : a.cell < b.cell;
                    });
                    for (uint8_t s = 0; s < 2; s++) onGrid += writeFlows(s, valid);
                }
                // Rows of one window leave at once, so that the check sums come in the order of bench-book.
                windowRow(totals[0] + totals[1] - onGrid);
            }
            start = next;
            end = start + kWindow;
            youngAfter = end - kRest;
            openWindow();
        }
    }
    struct WindowRow {
        i64 offGrid, records, bestBid, bestAskQuantity;
    };
    std::vector<WindowRow> rows;
    void windowRow(i64 offGrid) {
        windows++;
        auto& asks = ladders[0].rungs;
        rows.push_back({offGrid, records, best(1), asks.empty() ? 0 : levels.levels[asks.back().slot].depth});
    }
    void run(const std::vector<Event>& events, i64 firstTime) {
        levels.step = step;
        now = std::min(std::max(firstTime, kEarliest), kLatest);
        start = std::min(floorDiv(now, kWindow) * kWindow, outputStart);
        end = start + kWindow;
        youngAfter = end - kRest;
        openWindow();
        size_t n = events.size();
        for (size_t i = 0; i < n; i++) {
            if (orders.slots.size() > 4096 && i + 8 < n) orders.prefetch(events[i + 8].orderID);
            const Event& e = events[i];
            bool snap = e.flags & SNAPSHOT;
            i64 first = snap ? e.tsRecv : e.tsEvent, second = snap ? e.tsEvent : e.tsRecv;
            i64 t = first != kUndefinedTime ? first : second;
            t = t != kUndefinedTime ? std::max(t, kEarliest) : now;
            if (t >= end) {
                if (t >= outputEnd) break;
                advance(t);
            } else if (t < start) {
                late++;
            }
            if (t > now) now = t;
            records++;
            apply(e);
        }
        advance(outputEnd);
        drain();
        for (auto& r : rows) {
            mix(r.offGrid);
            mix(r.records);
            mix(r.bestBid);
            mix(r.bestAskQuantity);
        }
    }
};

int main(int argc, char** argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: book_twin EVENTS [rounds]\n");
        return 2;
    }
    int rounds = argc > 2 ? atoi(argv[2]) : 5;
    FILE* file = fopen(argv[1], "rb");
    if (!file) {
        fprintf(stderr, "cannot open %s\n", argv[1]);
        return 2;
    }
    std::vector<Event> events;
    Event e;
    while (fread(&e, sizeof e, 1, file) == 1) events.push_back(e);
    fclose(file);
    i64 first = 0;
    for (auto& x : events) {
        bool snap = x.flags & SNAPSHOT;
        i64 a = snap ? x.tsRecv : x.tsEvent, b = snap ? x.tsEvent : x.tsRecv, t = a != kUndefinedTime ? a : b;
        if (t != kUndefinedTime) {
            first = t;
            break;
        }
    }
    i64 day = i64(86400) * kWindow, midnight = first / day * day;
    double best = 1e18;
    size_t windows = 0, rows = 0;
    u64 hash = 0;
    for (int r = 0; r < rounds; r++) {
        timespec a, b;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
        Engine* engine = new Engine();
        engine->outputStart = midnight + 52200 * kWindow;
        engine->outputEnd = midnight + 56100 * kWindow;
        engine->step = 250000000;
        engine->half = 200;
        engine->run(events, first);
        windows = engine->windows;
        rows = engine->flowRows;
        hash = engine->hash;
        delete engine;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
        best = std::min(best, (double(b.tv_sec - a.tv_sec) * 1e9 + double(b.tv_nsec - a.tv_nsec)) / double(events.size()));
    }
    printf("%zu records, %g ns per record, %zu windows, %zu flow rows, check sum %llx\n", events.size(), best, windows, rows,
           (unsigned long long)hash);
}
