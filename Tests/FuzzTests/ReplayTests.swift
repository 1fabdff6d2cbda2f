import Foundation
import Testing

/// Every seed, and every input that the fuzzer has found, is read once: what was mended stays mended.
struct ReplayTests {
    @Test(arguments: FuzzTarget.allCases)
    func `inputs of the fuzzer are read to the end`(target: FuzzTarget) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let folder = root.appending(path: "Fuzz/\(target.rawValue)/seeds")
        let seeds = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(seeds.count >= 3)
        for seed in seeds.sorted(by: { $0.path < $1.path }) {
            let bytes = Array(try Data(contentsOf: seed))
            #expect(bytes.count <= 8192, "\(seed.lastPathComponent): seeds are small")
            target.read(bytes)
            // The neighbourhood of each seed: cut short, and one byte changed.
            for index in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 200)) {
                target.read(Array(bytes[..<index]))
                var damaged = bytes
                damaged[index] ^= 0x40
                target.read(damaged)
            }
        }
    }
}
