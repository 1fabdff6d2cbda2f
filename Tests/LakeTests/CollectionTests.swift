import Contracts
import Glibc
import Lake
import Testing

/// Everything that was ever published, as a test remembers it; nothing of it is read from the lake.
private struct Memory {
    /// identity → the identities it was made from.
    var inputs: [String: [String]] = [:]
    /// symbol → identity.
    var live: [String: String] = [:]
    /// All that can still be had in `_history`.
    var old: Set<String> = []

    var reached: Set<String> {
        var found: Set<String> = []
        var pending = live.values.flatMap { inputs[$0] ?? [] }
        while let one = pending.popLast() {
            if found.insert(one).inserted { pending += inputs[one] ?? [] }
        }
        return found
    }
}

/// Reproducible draws (SplitMix64).
private struct Draws: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite struct CollectionTests {
    private func rollBack(_ lake: Lake, _ address: PartitionAddress, to old: HistoricGeneration) throws {
        let live = try lake.status(of: address).identity
        let run = try Run(lake)
        let staged = try run.stage(old)
        _ = try run.publish([staged], replacing: live.map { [address: $0] } ?? [:])
        try run.end()
    }

    private func oldIdentities(_ lake: Lake, _ addresses: [PartitionAddress]) throws -> Set<String> {
        Set(try addresses.flatMap { try lake.history(of: $0).map(\.identity) })
    }

    @Test(
        "whatever was published, replaced and rolled back, what a live partition reaches stays and the rest goes",
        arguments: 1...12)
    func property(seed: Int) throws {
        let scratch = Scratch(inMemory: true)
        let lake = Lake(root: "\(scratch.path)/lake")
        var draws = Draws(state: UInt64(seed))
        // Each is made from those before it.
        let addresses = ["A", "B", "C", "D"].map { sampleAddress($0) }
        var memory = Memory()
        var removed = 0
        for step in 0..<60 {
            let index = Int.random(in: addresses.indices, using: &draws)
            let address = addresses[index]
            switch Int.random(in: 0..<10, using: &draws) {
            case 0:
                let before = memory.reached
                let reach = try lake.historyReach()
                #expect(Set(reach.unreached.map(\.identity)) == memory.old.subtracting(before))
                #expect(try oldIdentities(lake, addresses) == memory.old, "looking changes nothing")
                removed += try lake.collectHistory().unreached.count
                memory.old.formIntersection(before)
                #expect(try oldIdentities(lake, addresses) == memory.old)
            case 1, 2:
                guard
                    let old = try lake.history(of: address).filter({
                        $0.identity != memory.live[address.symbol]
                    })
                    .randomElement(using: &draws)
                else { continue }
                try rollBack(lake, address, to: old)
                if let live = memory.live[address.symbol] { memory.old.insert(live) }
                memory.live[address.symbol] = old.identity
            default:
                let sources = addresses[..<index].filter {
                    memory.live[$0.symbol] != nil && Bool.random(using: &draws)
                }
                let inputs = sources.map { Input.partition($0, manifest: memory.live[$0.symbol]) }
                let live = try lake.status(of: address).identity
                try publish(
                    lake, [Int64(step)], at: address, sampleProvenance(revision: step + 1, inputs: inputs),
                    replacing: live)
                let identity = try #require(try lake.status(of: address).inputIdentity)
                memory.inputs[identity] = sources.compactMap { memory.live[$0.symbol] }
                if let before = memory.live[address.symbol] { memory.old.insert(before) }
                memory.live[address.symbol] = identity
            }
            for address in addresses {
                #expect(try lake.status(of: address).inputIdentity == memory.live[address.symbol])
                if memory.live[address.symbol] != nil { #expect(try lake.verifyContent(of: address) == nil) }
            }
        }
        #expect(removed > 0, "the seed never made anything to collect")
    }

    @Test("nothing is removed while a run is at work, and a look is allowed")
    func busy() throws {
        let scratch = Scratch()
        let lake = Lake(root: "\(scratch.path)/lake")
        try publish(lake, [1])
        try publish(
            lake, [2], sampleProvenance(revision: 2), replacing: lake.status(of: sampleAddress()).identity)
        let run = try Run(lake)
        #expect(try lake.historyReach().unreached.count == 1)
        do {
            _ = try lake.collectHistory()
            Issue.record("it was allowed")
        } catch {
            #expect(error.category == .notReady)
        }
        #expect(try lake.history(of: sampleAddress()).count == 1)
        try run.end()
        withExtendedLifetime(run) {}
    }

    @Test("a removal that was cut short is finished by the next one")
    func remains() throws {
        let scratch = Scratch()
        let lake = Lake(root: "\(scratch.path)/lake")
        try publish(lake, [1])
        try publish(
            lake, [2], sampleProvenance(revision: 2), replacing: lake.status(of: sampleAddress()).identity)
        let old = try #require(try lake.history(of: sampleAddress()).first)
        unlink("\(lake.root)/\(old.path)/_SUCCESS")
        unlink("\(lake.root)/\(old.path)/_MANIFEST.json")
        let reach = try lake.collectHistory()
        #expect(reach.remains == [old.path])
        #expect(try tree("\(lake.root)/_history") == [])
    }

    @Test("where a live manifest cannot be read, what it reaches is unknown and nothing is removed")
    func unreadableLive() throws {
        let scratch = Scratch()
        let lake = Lake(root: "\(scratch.path)/lake")
        try publish(lake, [1])
        try publish(
            lake, [2], sampleProvenance(revision: 2), replacing: lake.status(of: sampleAddress()).identity)
        truncate("\(lake.path(of: sampleAddress()))/_MANIFEST.json", 10)
        do {
            _ = try lake.collectHistory()
            Issue.record("it was allowed")
        } catch {
            #expect(error.category == .corrupt)
        }
        #expect(try lake.history(of: sampleAddress()).count == 1)
    }

    @Test("an old generation with a wrong byte does not come back")
    func damagedHistory() throws {
        let scratch = Scratch()
        let lake = Lake(root: "\(scratch.path)/lake")
        try publish(lake, [1])
        try publish(
            lake, [2], sampleProvenance(revision: 2), replacing: lake.status(of: sampleAddress()).identity)
        let old = try #require(try lake.history(of: sampleAddress()).first)
        let live = try lake.status(of: sampleAddress()).inputIdentity
        let descriptor = open("\(lake.root)/\(old.path)/part-00000.parquet", O_WRONLY)
        _ = pwrite(descriptor, "X", 1, 6)
        close(descriptor)
        do {
            try rollBack(lake, sampleAddress(), to: old)
            Issue.record("it came back")
        } catch let error as LakeError {
            #expect(error.category == .corrupt)
        }
        #expect(try lake.status(of: sampleAddress()).inputIdentity == live)
    }
}
