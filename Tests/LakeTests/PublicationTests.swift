import Digest
import Glibc
import Lake
import Testing

/// Both ways of renaming give the same lake.
let renamings: [Lake.Renaming] = [.atomicIfPossible, .plain]

@Suite struct PublicationTests {
    let scratch = Scratch()

    func lake(_ renaming: Lake.Renaming) -> Lake { Lake(root: scratch.path + "/lake", renaming: renaming) }

    @Test(arguments: renamings)
    func `a published partition is whole, and nothing else is left`(renaming: Lake.Renaming) throws {
        let lake = lake(renaming)
        #expect(try publish(lake, [1, 2, 3]) == .published)
        let status = try lake.status(of: sampleAddress())
        #expect(status.state == .fresh)
        #expect(status.manifest?.rowCount == 3)
        #expect(
            try tree(lake.path(of: sampleAddress())) == ["_MANIFEST.json", "_SUCCESS", "part-00000.parquet"])
        let manifest = try FileSystem.read(
            lake.path(of: sampleAddress()) + "/_MANIFEST.json", atMost: 1 << 20)
        let marker = try FileSystem.read(lake.path(of: sampleAddress()) + "/_SUCCESS", atMost: 1 << 20)
        #expect(String(decoding: marker, as: UTF8.self) == SHA256.hex(of: manifest) + "\n")
        #expect(try tree(lake.path("_staging")).filter { !$0.hasPrefix(".locks") } == [])
    }

    @Test(arguments: renamings)
    func `a second writer of the same generation finds it committed`(renaming: Lake.Renaming) throws {
        let lake = lake(renaming)
        try publish(lake, [1, 2, 3])
        let before = try lake.status(of: sampleAddress()).identity
        #expect(try publish(lake, [1, 2, 3]) == .alreadyCommitted)
        #expect(try lake.status(of: sampleAddress()).identity == before)
    }

    @Test(arguments: renamings)
    func `another generation is not touched unless the caller has seen it`(renaming: Lake.Renaming) throws {
        let lake = lake(renaming)
        try publish(lake, [1, 2, 3])
        let old = try #require(try lake.status(of: sampleAddress()).identity)
        #expect(throws: LakeError.self) { try publish(lake, [4], sampleProvenance(revision: 2)) }
        #expect(try lake.status(of: sampleAddress()).identity == old)

        let outcome = try publish(lake, [4], sampleProvenance(revision: 2), replacing: old)
        let generation = sampleProvenance().generation(of: sampleAddress())
        let place = "_history/\(sampleAddress().path)/\(generation)"
        #expect(outcome == .replaced(previous: place))
        #expect(try tree(lake.path(place)) == ["_MANIFEST.json", "_SUCCESS", "part-00000.parquet"])
        #expect(try lake.status(of: sampleAddress()).manifest?.provenance.revision == 2)

        // Who has seen the first generation comes too late now.
        do {
            try publish(lake, [5], sampleProvenance(revision: 3), replacing: old)
            Issue.record("replaced a generation that nobody had seen")
        } catch let error as LakeError {
            guard case .conflict = error else {
                Issue.record("unexpected")
                return
            }
            #expect(error.category == .notReady)
        }
        let report = try lake.sweep()
        #expect(report.runs.count == 2)
        #expect(try tree(lake.path("_staging")).filter { !$0.hasPrefix(".locks") } == [])
    }

    @Test func `equal generations with different bytes are an error of their own`() throws {
        let lake = lake(.atomicIfPossible)
        try publish(lake, [1, 2, 3])
        let old = try lake.status(of: sampleAddress()).identity
        for replacing in [nil, old] {
            do {
                try publish(lake, [1, 2, 4], replacing: replacing)
                Issue.record("published")
            } catch let error as LakeError {
                guard case .unreproducible = error else {
                    Issue.record("unexpected")
                    return
                }
            }
        }
        #expect(try lake.status(of: sampleAddress()).identity == old)
    }

    @Test(arguments: renamings)
    func `a generation that comes and goes is kept once`(renaming: Lake.Renaming) throws {
        let lake = lake(renaming)
        try publish(lake, [1])
        for revision in [2, 1, 2, 1] {
            let seen = try lake.status(of: sampleAddress()).identity
            try publish(lake, [Int64(revision)], sampleProvenance(revision: revision), replacing: seen)
        }
        let history = try FileSystem.entries(of: lake.path("_history/\(sampleAddress().path)")).map(\.name)
        let generations = [1, 2].map { sampleProvenance(revision: $0).generation(of: sampleAddress()) }
        #expect(history == generations.sorted())
    }

    @Test(arguments: renamings)
    func `a corrupt partition is replaced on demand and kept in quarantine`(renaming: Lake.Renaming) throws {
        let lake = lake(renaming)
        try publish(lake, [1, 2, 3])
        let data = lake.path(of: sampleAddress()) + "/part-00000.parquet"
        var bytes = try FileSystem.read(data, atMost: 1 << 20)
        bytes[0] ^= 1
        try FileSystem.removeFile(data)
        try FileSystem.create(data, bytes)

        // The sizes are right, so nobody sees it before the bytes are read.
        let status = try lake.status(of: sampleAddress())
        #expect(status.state == .fresh)
        do {
            try publish(lake, [1, 2, 3])
            Issue.record("a corrupt partition passed for committed")
        } catch let error as LakeError {
            #expect(error.category == .corrupt)
        }
        let outcome = try publish(lake, [1, 2, 3], replacing: status.identity)
        guard case .replaced(let previous) = outcome else {
            Issue.record("unexpected")
            return
        }
        #expect(previous.hasPrefix("_quarantine/"))
        #expect(try FileSystem.read(lake.path(previous) + "/part-00000.parquet", atMost: 1 << 20) == bytes)
        #expect(try publish(lake, [1, 2, 3]) == .alreadyCommitted)
    }

    @Test(arguments: renamings)
    func `a partition without a readable manifest can be replaced`(renaming: Lake.Renaming) throws {
        let lake = lake(renaming)
        try publish(lake, [1])
        try FileSystem.removeFile(lake.path(of: sampleAddress()) + "/_MANIFEST.json")
        let status = try lake.status(of: sampleAddress())
        guard case .corrupt = status.state else {
            Issue.record("unexpected")
            return
        }
        #expect(status.identity == LiveIdentity(manifestSHA256: nil))
        #expect(throws: LakeError.self) { try publish(lake, [1]) }
        guard case .replaced = try publish(lake, [1], replacing: status.identity) else {
            Issue.record("not replaced")
            return
        }
        #expect(try lake.status(of: sampleAddress()).state == .fresh)
    }

    @Test func `one conflict keeps all outputs of a task back`() throws {
        let lake = lake(.atomicIfPossible)
        try publish(lake, [9], at: sampleAddress("NQH6"), sampleProvenance(revision: 7))
        let run = try Run(lake)
        let staged = [try stage(run, [1]), try stage(run, [2], at: sampleAddress("NQH6"))]
        #expect(throws: LakeError.self) { try run.publish(staged) }
        #expect(try lake.status(of: sampleAddress()).state == .missing)
        try run.end()
    }

    @Test(arguments: renamings)
    func `eight writers of one partition leave one generation and no damage`(renaming: Lake.Renaming) throws {
        let lake = lake(renaming)
        let outcomes = concurrently(8) { writer in
            try? publish(lake, [Int64(writer % 2)], sampleProvenance(revision: 1 + writer % 2))
        }
        #expect(outcomes.filter { $0 == .published }.count == 1)
        #expect(outcomes.filter { $0 == .alreadyCommitted }.count == 3)
        #expect(outcomes.filter { $0 == nil }.count == 4)
        #expect(try lake.status(of: sampleAddress()).state == .fresh)
    }

    @Test(arguments: renamings)
    func `writers who replace each other lose no generation`(renaming: Lake.Renaming) throws {
        let lake = lake(renaming)
        try publish(lake, [0], sampleProvenance(revision: 1))
        let outcomes = concurrently(4) { writer in
            var replaced = 0
            for round in 0..<10 {
                let seen = try! lake.status(of: sampleAddress()).identity
                let revision = 2 + writer * 100 + round
                let outcome = try? publish(
                    lake, [Int64(revision)], sampleProvenance(revision: revision), replacing: seen)
                if case .replaced = outcome { replaced += 1 }
            }
            return replaced
        }
        let history = try FileSystem.entries(of: lake.path("_history/\(sampleAddress().path)"))
        #expect(history.count == outcomes.reduce(0, +))
        #expect(outcomes.reduce(0, +) > 0)
        #expect(try lake.status(of: sampleAddress()).state == .fresh)
        try lake.sweep()
        #expect(try tree(lake.path("_staging")).filter { !$0.hasPrefix(".locks") } == [])
    }

    @Test func `a run of another process is not swept while it lives`() throws {
        let lake = lake(.atomicIfPossible)
        let run = try Run(lake, id: "alive")
        _ = try stage(run, [1])
        #expect(try lake.sweep().runs == [])
        #expect(throws: LakeError.self) { try Run(lake, id: "alive") }
        #expect(throws: LakeError.self) { try Run(lake, id: "../alive") }
        try run.end()
        #expect(try tree(lake.path("_staging")).filter { !$0.hasPrefix(".locks") } == [])
    }

    @Test func `many runs begin while others sweep`() throws {
        let lake = lake(.atomicIfPossible)
        let failures = concurrently(6) { worker -> Int in
            var failures = 0
            for _ in 0..<40 {
                do {
                    if worker % 2 == 0 {
                        let run = try Run(lake)
                        _ = try stage(run, [1], at: sampleAddress("S\(worker)"))
                        try run.end()
                    } else {
                        try lake.sweep()
                    }
                } catch {
                    failures += 1
                }
            }
            return failures
        }
        #expect(failures == Array(repeating: 0, count: 6))
    }

    @Test func `the report of a run is written whole`() throws {
        let lake = lake(.atomicIfPossible)
        let run = try Run(lake, id: "r1")
        try run.writeReport(["seconds": 1.5])
        try run.writeReport(["seconds": 2.5])
        let bytes = try FileSystem.read(lake.path("_runs/r1.json"), atMost: 1000)
        #expect(String(decoding: bytes, as: UTF8.self) == "{\n  \"seconds\": 2.5\n}\n")
        #expect(try tree(lake.path("_runs")) == ["r1.json"])
        try run.end()
    }
}

/// Runs `body` on `count` threads and collects the results in order.
func concurrently<R: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> R) -> [R] {
    let jobs = (0..<count).map { Job($0, body) }
    var threads: [pthread_t] = []
    for job in jobs {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Box { job.result = job.body(job.index) }).toOpaque()
        let failed = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Box>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, context)
        precondition(failed == 0)
        threads.append(thread)
    }
    for thread in threads { pthread_join(thread, nil) }
    return jobs.map { $0.result! }
}

private final class Job<R: Sendable>: Sendable {
    let index: Int
    let body: @Sendable (Int) -> R
    nonisolated(unsafe) var result: R?

    init(_ index: Int, _ body: @escaping @Sendable (Int) -> R) {
        self.index = index
        self.body = body
    }
}

private final class Box {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
}
