import Columnar

/// A level that was touched in a window and has no depth at its end.
struct EmptiedLevel: BitwiseCopyable {
    /// Cells ascend within a side.
    var cell: Int64
    var account: Int32
    var side: UInt8

    static func precedes(_ a: EmptiedLevel, _ b: EmptiedLevel) -> Bool {
        a.side != b.side ? a.side < b.side : a.cell < b.cell
    }
}

/// The rows of a window that closes.
extension MboEngine {
    mutating func writeRows(residual: Int64, into rows: inout WindowRows) {
        let reason = book.seen.under(parameters.crossedPolicy).reason
        let step = parameters.latticeStep
        let spotReference = spotCell.map { $0 * step }

        var onGrid: Int64 = 0
        if let spotCell {
            gatherEmptied(spotCell)
            for side in [BookSide.ask, BookSide.bid] {
                onGrid += writeFlows(side, spotCell, windowValid: reason == .ok, into: &rows.flows)
            }
        }

        let bid = book.best(BookSide.bid)
        let ask = book.best(BookSide.ask)
        let mid = bid != Price.none && ask != Price.none ? Price.mid(bid, ask) : nil
        rows.snapshots.append(
            SnapshotRow(
                windowStart: clock.start, windowEnd: clock.end,
                bestBidPrice: bid == Price.none ? nil : bid, bestBidQuantity: book.bestQuantity(BookSide.bid),
                bestAskPrice: ask == Price.none ? nil : ask, bestAskQuantity: book.bestQuantity(BookSide.ask),
                midPrice: mid?.price, midPriceInt: mid?.integer,
                lastTradePrice: book.lastTrade == Price.none ? nil : book.lastTrade,
                spotReference: spotReference,
                bookValid: book.isValid, windowValid: reason == .ok))
        rows.quality.append(
            QualityRow(
                windowStart: clock.start, windowEnd: clock.end, bookValid: book.isValid, reason: reason,
                counters: counters, offGridQuantity: book.totals[0] + book.totals[1] - onGrid,
                identityResidualMax: residual))
    }

    /// Collects what the ladders no longer show, in the order of the rows.
    private mutating func gatherEmptied(_ spotCell: Int64) {
        emptied.removeAll()
        for index in 0..<book.accounts.count {
            let level = book.levels[Int(book.accounts[index].level)]
            guard level.depth == 0, abs(level.cell - spotCell) <= parameters.halfWidth else { continue }
            emptied.append(EmptiedLevel(cell: level.cell, account: Int32(index), side: level.side))
        }
        emptied.withUnsafeMutableElements { levels in
            var levels = levels
            levels.sort(by: EmptiedLevel.precedes)
        }
    }

    /// Writes the occupied cells of one side in ascending order and returns the depth on the lattice.
    private func writeFlows(
        _ side: UInt8, _ spotCell: Int64, windowValid: Bool, into flows: inout Buffer<FlowRow>
    ) -> Int64 {
        let step = parameters.latticeStep
        let low = spotCell - parameters.halfWidth
        let high = spotCell + parameters.halfWidth
        var row = FlowRow(
            windowStart: clock.start, windowEnd: clock.end, price: 0, spotReference: spotCell * step,
            depthStart: 0,
            depthEnd: 0, depthRest: 0, added: 0, pulled: 0, pulledAtRest: 0, filled: 0, relTicks: 0,
            relTicksSide: 0,
            side: side, windowValid: windowValid)
        let anchorCell = sideAnchor(side) ?? spotCell
        var onGrid: Int64 = 0
        var current = Int64.min

        // Rungs of bids ascend in price, those of asks descend.
        let count = book.ladders[Int(side)].count
        let isAsk = side == BookSide.ask
        var rung = isAsk ? count - 1 : firstBid(from: low)
        let direction = isAsk ? -1 : 1
        let nextSide = isAsk ? BookSide.ask : BookSide.bid
        var gone = 0
        while gone < emptied.count, emptied[gone].side < nextSide { gone += 1 }

        while true {
            var level: Level?
            if rung >= 0, rung < count {
                let candidate = book.levels[Int(book.ladders[Int(side)].rungs[rung].slot)]
                if candidate.cell < low {
                    rung += direction
                    continue
                }
                if candidate.cell <= high { level = candidate }
            }
            let hasGone = gone < emptied.count && emptied[gone].side == side
            if level == nil && !hasGone { break }

            let cell: Int64
            let account: Int32
            let depth: Int64
            if let occupied = level, !hasGone || occupied.cell <= emptied[gone].cell {
                cell = occupied.cell
                account = occupied.account
                depth = occupied.depth
                rung += direction
            } else {
                cell = emptied[gone].cell
                account = emptied[gone].account
                depth = 0
                gone += 1
            }
            if cell != current {
                if row.isOccupied { flows.append(row) }
                row.open(price: cell * step)
                row.relTicks = Int32(truncatingIfNeeded: cell - spotCell)
                row.relTicksSide = Int32(clamping: cell - anchorCell)
                current = cell
            }
            row.depthEnd += depth
            onGrid += depth
            if account >= 0 {
                row.add(book.accounts[Int(account)], depth: depth)
            } else {
                row.depthStart += depth
                row.depthRest += depth
            }
        }
        if row.isOccupied { flows.append(row) }
        return onGrid
    }

    /// Cell of the side's best price when the window opened, else of the one now.
    private func sideAnchor(_ side: UInt8) -> Int64? {
        let atStart = book.bestAtStart[Int(side)]
        let goodness = atStart != Ladder.none ? atStart : book.ladders[Int(side)].best
        if goodness == Ladder.none { return nil }
        return latticeCell(Ladder.goodness(side, goodness), step: parameters.latticeStep)
    }

    /// A rung of the bids at or below which no price lies on the lattice; the rows start from there.
    private func firstBid(from low: Int64) -> Int {
        // Half a step below the lowest cell belongs to the cell below it.
        let (lowest, isTooLow) = (low - 1).multipliedReportingOverflow(by: parameters.latticeStep)
        return isTooLow ? 0 : book.ladders[Int(BookSide.bid)].position(of: lowest)
    }
}

extension FlowRow {
    @inline(__always)
    fileprivate mutating func open(price: Int64) {
        self.price = price
        depthStart = 0
        depthEnd = 0
        depthRest = 0
        added = 0
        pulled = 0
        pulledAtRest = 0
        filled = 0
    }

    @inline(__always)
    fileprivate mutating func add(_ account: Account, depth: Int64) {
        depthStart += account.start
        depthRest += depth - account.young
        added += account.added
        pulled += account.pulled
        pulledAtRest += account.pulledAtRest
        filled += account.filled
    }

    @inline(__always)
    fileprivate var isOccupied: Bool { depthStart | depthEnd | added | pulled | filled != 0 }
}
