import CivilTime
import Digest
import Glibc
import Lake
import Testing

@Suite struct RawTests {
    let scratch = Scratch()
    let location = try! RawLocation(source: .databento, dataset: "GLBX.MDP3", schema: "mbo", date: sampleDate)
    var lake: Lake { Lake(root: scratch.path + "/lake") }
    let folder = "raw/source=databento/dataset=GLBX.MDP3/schema=mbo/dt=2026-01-06"

    @Test(arguments: [RawStore.Mode.cheapest, .copy])
    func `a file is put in place with its hash beside it`(mode: RawStore.Mode) throws {
        let source = try scratch.file("glbx.mbo.dbn.zst", "some bytes")
        let store = RawStore(lake)
        let run = try Run(lake)
        let (file, placement) = try store.add(source, to: location, mode: mode, run: run)
        #expect(placement != .present)
        #expect(mode == .cheapest || placement == .copy)
        #expect(file.path == folder + "/glbx.mbo.dbn.zst")
        // sha256sum of "some bytes"
        #expect(file.sha256 == SHA256.hex(of: "some bytes"))
        #expect(file.bytes == 10)
        #expect(try tree(lake.path(folder)) == ["glbx.mbo.dbn.zst", "glbx.mbo.dbn.zst.sha256"])
        let record = try FileSystem.read(lake.path(file.path + ".sha256"), atMost: 1000)
        #expect(String(decoding: record, as: UTF8.self) == "\(file.sha256)  glbx.mbo.dbn.zst\n")

        let again = try store.add(source, to: location, mode: mode, run: run)
        #expect(again.placement == .present)
        #expect(again.file == file)
        let days = try store.days()
        #expect(days.map(\.location) == [location])
        #expect(days[0].files == [file])
        #expect(days[0].inputs == [.raw(path: file.path, sha256: file.sha256)])
        #expect(try store.damage(of: file) == nil)
        try run.end()
        #expect(try tree(lake.path("_staging")).filter { !$0.hasPrefix(".locks") } == [])
    }

    @Test func `other bytes under the same name are refused`() throws {
        let store = RawStore(lake)
        let run = try Run(lake)
        let (file, _) = try store.add(try scratch.file("a.dbn", "one"), to: location, run: run)
        let other = try scratch.file("b.dbn", "two")
        #expect(throws: LakeError.self) { try store.add(other, to: location, name: "a.dbn", run: run) }
        #expect(try store.damage(of: file) == nil)
        #expect(throws: LakeError.self) {
            try store.add(other, to: location, expectedSHA256: SHA256.hex(of: "one"), run: run)
        }
        #expect(try store.days()[0].files.map(\.name) == ["a.dbn"])
    }

    @Test func `names of strangers stay in their directory`() throws {
        let store = RawStore(lake)
        let run = try Run(lake)
        let source = try scratch.file("x", "bytes")
        for name in ["../../x", "_NO_DATA", ".hidden", "a b"] {
            let (file, _) = try store.add(source, to: location, name: name, mode: .copy, run: run)
            #expect(file.name == name)
        }
        #expect(
            try store.day(location)?.files.map(\.path)
                == ["/%2E.%2F..%2Fx", "/%2Ehidden", "/%5FNO_DATA", "/a%20b"].map { folder + $0 })
        #expect(throws: LakeError.self) { try store.add(source, to: location, name: "x.sha256", run: run) }
        #expect(throws: LakeError.self) { try store.add(source, to: location, name: "", run: run) }
        #expect(throws: LakeError.self) { try store.add(scratch.path, to: location, run: run) }
        #expect(throws: LakeError.self) { try store.add(scratch.path + "/none", to: location, run: run) }
        #expect(throws: LakeError.self) {
            try RawLocation(source: .csv, dataset: "", schema: "trades", date: sampleDate)
        }
    }

    @Test func `a file without its record is not used, and adding it again completes it`() throws {
        let store = RawStore(lake)
        let run = try Run(lake)
        let source = try scratch.file("a.dbn", "one")
        let (file, _) = try store.add(source, to: location, run: run)
        try FileSystem.removeFile(lake.path(file.path + ".sha256"))
        let day = try #require(try store.day(location))
        #expect(day.files == [])
        #expect(day.unrecorded == ["a.dbn"])
        #expect(try store.add(source, to: location, run: run).placement == .present)
        #expect(try store.day(location)?.files == [file])
    }

    @Test func `changed bytes are found`() throws {
        let store = RawStore(lake)
        let run = try Run(lake)
        let (file, _) = try store.add(try scratch.file("a.dbn", "one"), to: location, mode: .copy, run: run)
        try FileSystem.removeFile(lake.path(file.path))
        #expect(try store.damage(of: file)?.category == .notReady)
        try FileSystem.create(lake.path(file.path), Array("onf".utf8))
        #expect(try store.damage(of: file)?.category == .corrupt)
    }

    @Test func `a date without data is recorded until a file comes`() throws {
        let store = RawStore(lake)
        let run = try Run(lake)
        try store.markNoData(location, run: run)
        try store.markNoData(location, run: run)
        let day = try #require(try store.day(location))
        #expect(day.files == [])
        #expect(day.noData?.sha256 == SHA256.hex(of: "no data\n"))
        #expect(day.inputs == [.raw(path: folder + "/_NO_DATA", sha256: SHA256.hex(of: "no data\n"))])
        _ = try store.add(try scratch.file("a.dbn", "one"), to: location, run: run)
        let later = try #require(try store.day(location))
        #expect(later.noData == nil)
        #expect(later.files.map(\.name) == ["a.dbn"])
        #expect(throws: LakeError.self) { try store.markNoData(location, run: run) }
    }

    @Test func `listings select and are in order`() throws {
        let store = RawStore(lake)
        let run = try Run(lake)
        let source = try scratch.file("a.dbn", "one")
        for (schema, offset) in [("mbo", 1), ("definition", 0), ("mbo", 0)] {
            for dataset in ["XNAS.ITCH", "GLBX.MDP3"] {
                let place = try RawLocation(
                    source: .databento, dataset: dataset, schema: schema,
                    date: sampleDate.adding(days: offset))
                _ = try store.add(source, to: place, run: run)
            }
        }
        #expect(
            try store.days().map { "\($0.location)" }.prefix(2) == [
                "databento GLBX.MDP3 definition 2026-01-06", "databento GLBX.MDP3 mbo 2026-01-06",
            ])
        let some = try store.days(
            RawFilter(
                dataset: "GLBX.MDP3", schema: "mbo",
                dates: sampleDate.adding(days: 1)...sampleDate.adding(days: 9)))
        #expect(some.map { "\($0.location)" } == ["databento GLBX.MDP3 mbo 2026-01-07"])
        #expect(try store.days(RawFilter(source: .csv)).isEmpty)
    }

    @Test func `eight processes that add one file agree`() throws {
        let source = try scratch.file("a.dbn", "one")
        let (lake, location) = (lake, location)
        let placements = concurrently(8) { _ -> RawPlacement? in
            guard let run = try? Run(lake) else { return nil }
            let placement = try? RawStore(lake).add(source, to: location, mode: .copy, run: run).placement
            try? run.end()
            return placement
        }
        #expect(placements.filter { $0 == .copy }.count == 1)
        #expect(placements.filter { $0 == .present }.count == 7)
    }
}
