import Columnar

/// What happened at one price and side within the current window.
struct Account: BitwiseCopyable {
    /// Depth when the window opened: measured at the first touch, before it changes anything.
    var start: Int64
    var added: Int64 = 0
    var pulled: Int64 = 0
    var pulledAtRest: Int64 = 0
    var filled: Int64 = 0
    /// Part of the depth in orders that entered later than REST before the window's end.
    var young: Int64 = 0
    var level: Int32

    @inline(__always)
    init(start: Int64, level: Int32) {
        self.start = start
        self.level = level
    }

    @inline(__always)
    mutating func pull(_ quantity: Int64, isAtRest: Bool) {
        pulled += quantity
        // Which orders are at rest is as good as random: a choice, not a branch.
        pulledAtRest += isAtRest ? quantity : 0
    }
}

extension Book {
    /// The account of a level in the current window; opened, and the depth measured, when there is none yet.
    @inline(__always)
    mutating func account(of slot: Int) -> Int {
        let level = levels[slot]
        if level.account >= 0 { return Int(level.account) }
        let account = accounts.count
        levels[slot].account = Int32(account)
        accounts.append(Account(start: level.depth, level: Int32(slot)))
        return account
    }

    /// Ends the current window: expires pending fills, then checks the identity of spec/book.md §7.3 at every
    /// touched price. Where nothing was touched nothing can differ.
    ///
    /// Only a record that does not flow may leave a residual, and such a record marks the window as recovering;
    /// so the check is made in every other window, whatever its reason.
    ///
    /// - Returns: The largest absolute residual.
    mutating func closeWindow(
        at end: Int64, instrument: UInt32?, _ counters: inout QualityCounters
    ) throws(BookError) -> Int64 {
        if pending.oldest < end - Nanoseconds.pending { expirePending(at: end, &counters) }
        var largest: Int64 = 0
        for index in 0..<accounts.count {
            let account = accounts[index]
            let level = levels[Int(account.level)]
            let residual = account.start + account.added - account.pulled - account.filled - level.depth
            if residual == 0 { continue }
            if !seen.contains(.recovering) {
                throw .identity(
                    IdentityViolation(
                        windowEnd: end, instrumentID: instrument, side: level.side, price: level.price,
                        depthStart: account.start, added: account.added, pulled: account.pulled,
                        filled: account.filled, depthEnd: level.depth))
            }
            largest = max(largest, abs(residual))
        }
        return largest
    }

    /// Opens the next window: closes the accounts, ends a recovery whose snapshot has gone silent, and looks at
    /// the book's validity.
    ///
    /// - Parameter youngAfter: `WindowClock.youngAfter` of the window that opens.
    mutating func openWindow(youngAfter: Int64) {
        self.youngAfter = youngAfter
        for index in 0..<accounts.count { levels[Int(accounts[index].level)].account = -1 }
        accounts.removeAll()
        levels.sweep(occupied: ladders[0].count + ladders[1].count)
        orders.shrink()
        if state.contains(.recoveringSnapshot), !hasSnapshotRecord { endRecovery() }
        hasSnapshotRecord = false
        seen = state.flags
        if isCrossed { seen.insert(.crossed) }
        bestAtStart[0] = ladders[0].best
        bestAtStart[1] = ladders[1].best
    }
}
