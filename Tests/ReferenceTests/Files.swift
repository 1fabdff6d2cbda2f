import CivilTime
import Foundation
import Reference
import Tables

/// Source files that a test writes down, each in a folder of its own that is removed with it.
final class Files {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "tarn-reference-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    func source(_ name: String, _ text: String) throws -> ReferenceSource {
        let url = folder.appending(path: name)
        try Data(text.utf8).write(to: url)
        return ReferenceSource(file: name, name: name, path: url.path)
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }
}

/// 6 January 2026, a Tuesday; New York is five hours behind UTC.
let day = ReferenceDay(
    product: "equity_taq", symbol: "TSLA", date: CivilDate(year: 2026, month: 1, day: 6)!)

/// 00:00 UTC of the day, ms.
let midnight: Int64 = 20_459 * 86_400_000

func utc(_ hour: Int64, _ minute: Int64 = 0, _ second: Int64 = 0) -> Int64 {
    midnight + ((hour * 60 + minute) * 60 + second) * 1000
}

/// Regular hours of the day: 09:30 to 16:00 New York.
let rules = SessionRules(
    rthOpen: utc(14, 30), rthClose: utc(21), includesExtendedHours: false, tiePolicy: .feedOrder,
    seed: ATRSeed(priorSession: nil, fixedDefault: 0.5))

/// What a failing body throws, as text.
func complaint(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return "\(error)"
    }
}
