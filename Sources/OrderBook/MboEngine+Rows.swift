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
    ///
    /// Merges the side's ladder with the levels that lost their depth; prices of one cell follow one another.
    private func writeFlows(
        _ side: UInt8, _ spotCell: Int64, windowValid: Bool, into flows: inout Buffer<FlowRow>
    ) -> Int64 {
        let frame = FlowFrame(
            windowEnd: clock.end, spotReference: spotCell * parameters.latticeStep, spotCell: spotCell,
            anchorCell: held(sideAnchor(side) ?? spotCell, near: spotCell), step: parameters.latticeStep,
            side: side, windowValid: windowValid)
        let low = spotCell - parameters.halfWidth
        let high = spotCell + parameters.halfWidth
        let rungs = book.ladders[Int(side)].rungs.span
        let levels = book.levels.levels.span
        let accounts = book.accounts.span

        // Rungs of bids ascend in price, those of asks descend.
        let direction = side == BookSide.ask ? -1 : 1
        var rung = side == BookSide.ask ? rungs.count - 1 : firstBid(from: low)
        while rung >= 0, rung < rungs.count, levels[Int(rungs[rung].slot)].cell < low { rung += direction }
        var gone = 0
        while gone < emptied.count, emptied[gone].side < side { gone += 1 }
        var nextGone = gone < emptied.count && emptied[gone].side == side ? emptied[gone].cell : Int64.max

        var onGrid: Int64 = 0
        var current = Int64.min
        while true {
            let hasRung = rung >= 0 && rung < rungs.count
            let level = hasRung ? levels[Int(rungs[rung].slot)] : FlowFrame.noLevel
            if level.cell <= nextGone {
                if level.cell > high { break }
                rung += direction
                onGrid += level.depth
                let account =
                    level.account >= 0
                    ? accounts[Int(level.account)] : Account(start: level.depth, level: 0)
                frame.write(account, depth: level.depth, cell: level.cell, &current, into: &flows)
            } else {
                frame.write(
                    accounts[Int(emptied[gone].account)], depth: 0, cell: nextGone, &current, into: &flows)
                gone += 1
                nextGone = gone < emptied.count && emptied[gone].side == side ? emptied[gone].cell : Int64.max
            }
        }
        return onGrid
    }

    /// Cell of the side's best price when the window opened, else of the one now.
    private func sideAnchor(_ side: UInt8) -> Int64? {
        let atStart = book.bestAtStart[Int(side)]
        let goodness = atStart != Ladder.none ? atStart : book.ladders[Int(side)].best
        if goodness == Ladder.none { return nil }
        return latticeCell(Ladder.goodness(side, goodness), step: parameters.latticeStep)
    }

    /// The anchor, held so near to spot_ref that the offsets of all cells of the lattice fit into 32 bits: one shift
    /// for the whole side, on which surfaces rely (physics.md 2).
    private func held(_ anchor: Int64, near spotCell: Int64) -> Int64 {
        let reach = Int64(Int32.max) - parameters.halfWidth
        return min(max(anchor, spotCell - reach), spotCell + reach)
    }

    /// A rung of the bids at or below which no price lies on the lattice; the rows start from there.
    private func firstBid(from low: Int64) -> Int {
        // Half a step below the lowest cell belongs to the cell below it.
        let (lowest, isTooLow) = (low - 1).multipliedReportingOverflow(by: parameters.latticeStep)
        return isTooLow ? 0 : book.ladders[Int(BookSide.bid)].position(of: lowest)
    }
}

/// What the rows of one side and window have in common.
private struct FlowFrame {
    let windowEnd: Int64
    let spotReference: Int64
    let spotCell: Int64
    let anchorCell: Int64
    let step: Int64
    let side: UInt8
    let windowValid: Bool

    /// Stands behind the last rung.
    static let noLevel = Level(price: 0, depth: 0, cell: Int64.max, account: -1, side: 0)

    /// Adds one price to the row of its cell.
    @inline(__always)
    func write(
        _ account: Account, depth: Int64, cell: Int64, _ current: inout Int64,
        into flows: inout Buffer<FlowRow>
    ) {
        if cell == current {
            merge(account, depth: depth, into: &flows)
            return
        }
        if account.start | depth | account.added | account.pulled | account.filled == 0 { return }
        current = cell
        flows.append(
            FlowRow(
                windowEnd: windowEnd, price: cell * step, spotReference: spotReference,
                depthStart: account.start,
                depthEnd: depth, depthRest: depth - account.young, added: account.added,
                pulled: account.pulled,
                pulledAtRest: account.pulledAtRest, filled: account.filled,
                relTicks: Int32(truncatingIfNeeded: cell - spotCell),
                relTicksSide: Int32(truncatingIfNeeded: cell - anchorCell), side: side, windowValid: windowValid))
    }

    private func merge(_ account: Account, depth: Int64, into flows: inout Buffer<FlowRow>) {
        var row = flows[flows.count - 1]
        row.depthStart += account.start
        row.depthEnd += depth
        row.depthRest += depth - account.young
        row.added += account.added
        row.pulled += account.pulled
        row.pulledAtRest += account.pulledAtRest
        row.filled += account.filled
        flows[flows.count - 1] = row
    }
}
