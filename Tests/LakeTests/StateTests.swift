import Columnar
import Contracts
import Glibc
import Lake
import Parquet
import Testing

@Suite struct StateTests {
    let scratch = Scratch()
    var lake: Lake { Lake(root: scratch.path + "/lake") }

    func expectation(
        _ change: (inout ExpectedProvenance) -> Void = { _ in }
    ) -> ExpectedProvenance {
        var expectation = ExpectedProvenance(
            stage: "sample", revision: 1, contractFingerprint: sampleContract.fingerprint,
            defaults: ["start": .integer(1), "policy": .text("a")],
            inputs: [.raw(path: "raw/source=databento/x.dbn", sha256: someHash)])
        change(&expectation)
        return expectation
    }

    func published() throws {
        try publish(
            lake, [1, 2],
            sampleProvenance(
                defaults: ["start": .integer(1), "policy": .text("a")], overrides: ["policy": .text("b")]))
    }

    func state(_ change: (inout ExpectedProvenance) -> Void = { _ in }) throws -> PartitionState {
        try lake.status(of: sampleAddress(), expecting: expectation(change)).state
    }

    @Test func `what is not there is missing`() throws {
        let status = try lake.status(of: sampleAddress(), expecting: expectation())
        #expect(status.state == .missing)
        #expect(status.identity == nil)
    }

    @Test func `a partition is fresh while nothing that made it has changed`() throws {
        try published()
        #expect(try state() == .fresh)
        #expect(try state { $0.overrides = ["policy": .text("b")] } == .fresh)
        #expect(try state { $0.compression = "none" } == .fresh)
        #expect(
            try state { $0.defaults["policy"] = .text("c") } == .fresh, "the override recorded in it counts")
    }

    @Test func `many states come in the order of the question`() throws {
        let addresses = (0..<300).map { sampleAddress("S\($0)") }
        let lake = lake
        let run = try Run(lake)
        for index in stride(from: 0, to: 300, by: 7) {
            _ = try run.publish([try stage(run, [Int64(index)], at: addresses[index])])
        }
        try run.end()
        for workers in [1, 2, 5] {
            let statuses = try lake.statuses(of: addresses, workers: workers)
            #expect(statuses.map(\.address) == addresses)
            #expect(
                statuses.indices.filter { statuses[$0].state == .fresh }
                    == Array(stride(from: 0, to: 300, by: 7)))
        }
        #expect(try lake.statuses(of: []).isEmpty)
    }

    @Test func `a stale partition says all its reasons`() throws {
        try published()
        #expect(
            try state { $0.overrides = ["policy": .text("a")] } == .stale([.parametersChanged(["policy"])]))
        #expect(try state { $0.defaults["start"] = .integer(2) } == .stale([.parametersChanged(["start"])]))
        #expect(try state { $0.defaults["end"] = .integer(2) } == .stale([.parametersChanged(["end"])]))
        #expect(try state { $0.contractFingerprint = otherHash } == .stale([.contractChanged]))
        #expect(try state { $0.revision = 2 } == .stale([.stageRevised(from: 1, to: 2)]))
        #expect(try state { $0.compression = "lz4" } == .stale([.compressionChanged(from: "none")]))
        let written = ParquetWriter.revision
        #expect(
            try state { $0.writerRevision = written + 1 }
                == .stale([.writerRevised(from: written, to: written + 1)]))
        let path = "raw/source=databento/x.dbn"
        #expect(
            try state { $0.inputs = [.raw(path: path, sha256: otherHash)] } == .stale([.inputChanged(path)]))
        #expect(try state { $0.inputs = [] } == .stale([.inputChanged(path)]))
        #expect(
            try state { $0.inputs.append(.partition(sampleAddress("X"), manifest: someHash)) }
                == .stale([.inputChanged(sampleAddress("X").path)]))
        #expect(try state { $0.inputs.append(.partition(sampleAddress("X"), manifest: nil)) } == .fresh)
        let all = try state {
            $0.inputs = []
            $0.contractFingerprint = otherHash
            $0.defaults = [:]
            $0.revision = 3
        }
        #expect(
            all
                == .stale([
                    .inputChanged(path), .contractChanged, .parametersChanged(["policy", "start"]),
                    .stageRevised(from: 1, to: 3),
                ]))
        #expect(
            all.description
                == "stale (input changed: \(path); contract changed; parameters changed: policy, start; "
                + "stage revised: 1 → 3)")
    }

    @Test func `what the markers and sizes betray is corrupt`() throws {
        let directory = lake.path(of: sampleAddress())
        for file in ["_SUCCESS", "_MANIFEST.json", "part-00000.parquet"] {
            for damage in ["gone", "short", "empty", "long", "directory"] {
                try FileSystem.removeTree(directory)
                try published()
                let path = "\(directory)/\(file)"
                let bytes = try FileSystem.read(path, atMost: 1 << 20)
                try FileSystem.removeFile(path)
                switch damage {
                case "short": try FileSystem.create(path, Array(bytes.dropLast()))
                case "empty": try FileSystem.create(path, [])
                case "long": try FileSystem.create(path, bytes + [0])
                case "directory": try FileSystem.makeDirectory(path)
                default: break
                }
                guard case .corrupt(let reason) = try state() else {
                    Issue.record("\(file) \(damage) is not seen")
                    continue
                }
                #expect(reason.contains(sampleAddress().path), "\(reason)")
                #expect(try lake.verify(sampleAddress(), contract: sampleContract).isSound == false)
                #expect(throws: LakeError.self) {
                    _ = try PartitionReader(lake, sampleAddress(), contract: sampleContract)
                }
            }
        }
    }

    @Test func `the partition of another address is corrupt here`() throws {
        try published()
        let other = sampleAddress("NQH6")
        try FileSystem.makeDirectories(
            other.path.split(separator: "/").dropLast().joined(separator: "/"), below: lake.root)
        try FileSystem.rename(lake.path(of: sampleAddress()), to: lake.path(of: other))
        guard case .corrupt = try lake.status(of: other).state else {
            Issue.record("taken for its own")
            return
        }
    }

    @Test func `any flipped byte is found before use, and verify names the file`() throws {
        try published()
        let directory = lake.path(of: sampleAddress())
        for file in ["_SUCCESS", "_MANIFEST.json", "part-00000.parquet"] {
            let path = "\(directory)/\(file)"
            let bytes = try FileSystem.read(path, atMost: 1 << 20)
            for position in bytes.indices {
                var changed = bytes
                changed[position] ^= 0x20
                try FileSystem.removeFile(path)
                try FileSystem.create(path, changed)
                let found = try lake.verify(sampleAddress(), contract: sampleContract)
                #expect(!found.isSound, "\(file) at \(position)")
                #expect("\(found.damage)".contains(file == "_MANIFEST.json" ? "_SUCCESS" : file))
                do {
                    _ = try PartitionReader(lake, sampleAddress(), contract: sampleContract)
                    Issue.record("\(file) at \(position) was consumed")
                } catch {
                    #expect(error.category == .corrupt)
                }
            }
            try FileSystem.removeFile(path)
            try FileSystem.create(path, bytes)
        }
        #expect(try lake.verify(sampleAddress(), contract: sampleContract).isSound)
    }
}

/// The one column of `sampleContract`.
struct SampleTable: ~Copyable, Table {
    static let shape = Shape([ColumnDefinition("value", .int64)])
    var value = Column<Int64>()
    var count: Int { value.count }
    mutating func removeAll() { value.removeAll() }
    borrowing func withViews<R, E: Error>(_ body: ([ColumnView]) throws(E) -> R) throws(E) -> R {
        try value.withView { (view) throws(E) in try body([view]) }
    }
    mutating func append(_ view: ColumnView, toColumn index: Int) { value.append(view) }
}

@Suite struct ReaderTests {
    let scratch = Scratch()
    var lake: Lake { Lake(root: scratch.path + "/lake") }

    @Test func `rows come back as they were written`() throws {
        let values = (0..<300_000).map { Int64($0) * 3 }
        try publish(lake, values)
        var reader = try PartitionReader(lake, sampleAddress(), contract: sampleContract)
        #expect(reader.rowCount == values.count)
        #expect(
            LiveIdentity(manifestSHA256: reader.identity) == (try lake.status(of: sampleAddress()).identity))
        var table = SampleTable()
        var found: [Int64] = []
        while try reader.next(into: &table) {
            for row in 0..<table.count { found.append(table.value[row]) }
        }
        #expect(found == values)
    }

    @Test func `an open reader stays with its generation when the partition is replaced`() throws {
        try publish(lake, [1, 2])
        let seen = try lake.status(of: sampleAddress()).identity
        var reader = try PartitionReader(lake, sampleAddress(), contract: sampleContract)
        try publish(lake, [3], sampleProvenance(revision: 2), replacing: seen)
        try FileSystem.removeTree(lake.path("_history"))
        var table = SampleTable()
        #expect(try reader.next(into: &table))
        #expect(table.count == 2)
    }

    @Test func `readers during replacements see whole generations only`() throws {
        try publish(lake, [0, 1], sampleProvenance(revision: 1))
        let lake = lake
        let counts = concurrently(4) { worker -> Int in
            var done = 0
            if worker == 0 {
                for revision in 2...150 {
                    let seen = try! lake.status(of: sampleAddress()).identity
                    let values = (0...revision).map { Int64($0) }
                    try! publish(lake, values, sampleProvenance(revision: revision), replacing: seen)
                    done += 1
                }
                return done
            }
            while done < 300 {
                do {
                    var reader = try PartitionReader(lake, sampleAddress(), contract: sampleContract)
                    var table = SampleTable()
                    let revision = reader.manifest.provenance.revision
                    guard try reader.next(into: &table), table.count == (revision == 1 ? 2 : revision + 1)
                    else {
                        return -1
                    }
                    done += 1
                } catch {
                    return -2
                }
            }
            return done
        }
        #expect(counts == [149, 300, 300, 300])
    }

    @Test func `columns that are not the contract's are refused, with the difference`() throws {
        try publish(lake, [1])
        let text = """
            {"type": "record", "name": "Sample", "version": 2, "namespace": "lake.silver.future_mbo", "doc": "",
             "key": ["value"], "orderBy": ["value"], "fields": [
              {"name": "value", "type": "long", "doc": "a number", "unit": "count", "minimum": 0},
              {"name": "more", "type": ["null", "double"], "default": null, "doc": "new", "unit": "count"}]}
            """
        let newer = try Contract(parsing: Array(text.utf8), file: "silver/future_mbo/sample.avsc")
        do {
            _ = try PartitionReader(lake, sampleAddress(), contract: newer)
            Issue.record("read")
        } catch {
            #expect(error.category == .notReady)
            #expect("\(error)".contains("column more is missing"))
        }
    }

    @Test func `a table that breaks its contract is kept in quarantine with its report`() throws {
        let lake = lake
        let run = try Run(lake, id: "r")
        do {
            _ = try stage(run, [5, -3, 5])
            Issue.record("staged")
        } catch {
            guard case .violated(let violation) = error else { throw error }
            #expect(error.category == .violation)
            let place = "_quarantine/r/\(sampleAddress().path)"
            #expect(violation.quarantine == place)
            #expect(try tree(lake.path(place)) == ["part-00000.parquet", "report.json", "report.txt"])
            // Below the minimum and not ascending: both are told.
            #expect(violation.report.violations.map(\.kind) == [.minimum, .order])
            let text = String(
                decoding: try FileSystem.read(lake.path(place) + "/report.txt", atMost: 1 << 20),
                as: UTF8.self)
            #expect(text.contains("value=-3"))
        }
        // The next one goes beside it.
        #expect(throws: LakeError.self) { try stage(run, [-1]) }
        #expect(try lake.partitions() == [])
        try run.end()
        let kept = try FileSystem.entries(of: lake.path("_quarantine/r/\(sampleAddress().symbolDirectory)"))
        #expect(kept.map(\.name) == ["dt=2026-01-06", "dt=2026-01-06.2"])
    }

    @Test func `lineage says what became of each input`() throws {
        let lake = lake
        let (input, output) = (sampleAddress("IN"), sampleAddress("OUT"))
        try publish(lake, [1], at: input)
        let first = try #require(try lake.status(of: input).inputIdentity)
        let gone = sampleAddress("GONE")
        try publish(
            lake, [2], at: output,
            sampleProvenance(inputs: [
                .partition(input, manifest: first), .partition(gone, manifest: someHash),
                .partition(sampleAddress("NONE"), manifest: nil),
                .raw(path: "raw/source=databento/x.dbn", sha256: someHash),
            ]))
        func states() throws -> [LineageLink.State] {
            try lake.verify(output, contract: sampleContract).lineage.map(\.state)
        }
        #expect(try states() == [.missing, .missing, .current, .absent])
        let seen = try lake.status(of: input).identity
        try publish(lake, [3], at: input, sampleProvenance(revision: 2), replacing: seen)
        #expect(try states() == [.missing, .missing, .superseded, .absent])
        try FileSystem.removeTree(lake.path("_history"))
        #expect(try states() == [.missing, .missing, .lost, .absent])
        #expect(try lake.verify(output, contract: sampleContract).isSound)
    }

    @Test func `a stranger's file in a partition is damage`() throws {
        try publish(lake, [1])
        try FileSystem.create(lake.path(of: sampleAddress()) + "/part-00001.parquet", [1])
        let found = try lake.verify(sampleAddress(), contract: sampleContract)
        #expect(found.damage.count == 1)
        #expect("\(found.damage)".contains("part-00001.parquet"))
    }
}

extension PartitionAddress {
    var symbolDirectory: String { path.split(separator: "/").dropLast().joined(separator: "/") }
}
