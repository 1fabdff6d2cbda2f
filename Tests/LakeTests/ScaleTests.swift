import Digest
import Glibc
import JSON
import Lake
import Testing

/// Figures for the guarantees' document, not a part of every run: `TARN_SCALE=1 swift test --filter ScaleTests`.
@Suite(.enabled(if: getenv("TARN_SCALE") != nil, "set TARN_SCALE to measure"))
struct ScaleTests {
    @Test func `the state of 100,000 partitions`() throws {
        let scratch = Scratch(inMemory: true)
        let lake = Lake(root: scratch.path + "/lake")
        let inputs = (0..<3).map { Input.partition(sampleAddress("IN\($0)"), manifest: someHash) }
        let defaults: [String: ParameterValue] = [
            "output_start": .integer(1_767_709_800_000_000_000),
            "output_end": .integer(1_767_733_200_000_000_000),
            "publisher": .null, "assume_complete": .boolean(false), "crossed_policy": .text("invalidate"),
        ]
        try publish(lake, [1], sampleProvenance(defaults: defaults, inputs: inputs))
        let model = lake.path(of: sampleAddress())
        let data = try FileSystem.read(model + "/part-00000.parquet", atMost: 1 << 20)
        var manifest = try #require(
            JSONValue(parsing: try FileSystem.read(model + "/_MANIFEST.json", atMost: 1 << 20)).objectValue)
        for symbol in 0..<100 {
            for day in 0..<1000 {
                let address = sampleAddress("S\(symbol)", sampleDate.adding(days: day))
                manifest["symbol"] = .string(address.symbol)
                manifest["dt"] = .string("\(address.date)")
                let bytes = JSONValue.object(manifest).serializedBytes(.pretty)
                let directory = lake.path(of: address)
                if day == 0 { try FileSystem.makeRoot(lake.path("\(address.symbolDirectory)")) }
                try FileSystem.makeDirectory(directory)
                try write(data, "\(directory)/part-00000.parquet")
                try write(bytes, "\(directory)/_MANIFEST.json")
                try write(Array((SHA256.hex(of: bytes) + "\n").utf8), "\(directory)/_SUCCESS")
            }
        }
        let clock = ProcessorClock()
        var addresses: [PartitionAddress] = []
        let listing = try clock.measure { addresses = try lake.partitions() }
        #expect(addresses.count == 100_001)
        let expected = ExpectedProvenance(
            stage: "sample", revision: 1, contractFingerprint: sampleContract.fingerprint, defaults: defaults,
            inputs: inputs)
        var fresh = 0
        let states = try clock.measure {
            for address in addresses where try lake.status(of: address, expecting: expected).state == .fresh {
                fresh += 1
            }
        }
        #expect(fresh == 100_001)
        let start = ContinuousClock.now
        #expect(try lake.statuses(of: addresses).count == addresses.count)
        print("100,000 partitions: whole or not in \(ContinuousClock.now - start) on two threads")
        print("100,000 partitions: listed in \(listing), states in \(states) of one processor")
    }

    @Test func `the fixed cost of a partition`() throws {
        let scratch = Scratch()
        let lake = Lake(root: scratch.path + "/lake")
        let run = try Run(lake)
        let clock = ContinuousClock()
        let count = 200
        let time = try clock.measure {
            for index in 0..<count {
                _ = try run.publish([try stage(run, [], at: sampleAddress("S\(index)"))])
            }
        }
        try run.end()
        print("an empty partition: \(time / count)")
    }

    /// Processor time of the process, because other load of the machine says nothing about the lake.
    private struct ProcessorClock {
        func measure(_ body: () throws -> Void) rethrows -> Duration {
            let start = clock()
            try body()
            return .microseconds(Int64(clock() - start))
        }
    }

    private func write(_ bytes: [UInt8], _ path: String) throws {
        try File(path, .create).write(bytes)
    }
}
