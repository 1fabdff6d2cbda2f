/// libFuzzer's way in: whatever the bytes, reading them ends in records or in a `DBNError`.
///
/// Compiled together with the sources of DBN by `Tests/Fuzz/DBN/run`. The last byte chooses the options.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    var bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let choice = bytes.removeLast()
    var options = DBNFile.Options()
    options.usesThread = choice & 1 != 0
    options.allowTruncated = choice & 2 != 0
    options.blockBytes = choice & 4 != 0 ? 1020 : 8192
    options.windowLog = 20
    do throws(DBNError) {
        var file = try DBNFile(bytes: bytes, name: "fuzz", options: options)
        var records = 0
        while try file.nextBlock() {
            let block = file.block
            var inBlock = 0
            block.forEach { rtype, offset, length in
                precondition(offset + length <= block.bytes.byteCount)
                inBlock += 1
                readByName(block, rtype, offset)
            }
            precondition(inBlock == block.count && block.firstRecord == records)
            records += inBlock
        }
        precondition(records == file.recordsRead)
        _ = file.metadata.json
    } catch {
        _ = error.description
    }
    return 0
}

private func readByName(_ block: borrowing RecordBlock, _ rtype: UInt8, _ offset: Int) {
    _ = block.json(at: offset)
    _ = try? block.definition(at: offset)
    _ = try? block.statistic(at: offset)
    _ = try? block.symbolMapping(at: offset)
    switch rtype {
    case RecordType.mbo: _ = block.load(MboRecord.self, at: offset)
    case RecordType.mbp10: _ = block.load(Mbp10Record.self, at: offset)
    case RecordType.imbalance: _ = block.load(ImbalanceRecord.self, at: offset)
    default: break
    }
}
