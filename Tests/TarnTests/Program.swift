import Foundation
import JSON
import Testing

/// The built program, run as a user runs it.
struct Outcome {
    let status: Int32
    let output: String
    let messages: String

    var json: JSONValue? { try? JSONValue(parsing: output) }
}

/// The directory with the built products: where this test bundle lies.
let products = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()

/// The root of the package.
let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

/// Runs the program in a directory, with nothing of this process's environment but what is given.
func tarn(
    _ arguments: String..., in directory: URL = package, environment: [String: String] = [:]
) throws -> Outcome {
    try tarn(arguments, in: directory, environment: environment)
}

func tarn(
    _ arguments: [String], in directory: URL = package, environment: [String: String] = [:]
) throws -> Outcome {
    let process = Process()
    process.executableURL = products.appending(path: "tarn")
    process.arguments = arguments
    process.currentDirectoryURL = directory
    process.environment = environment
    let output = Pipe()
    let messages = Pipe()
    process.standardOutput = output
    process.standardError = messages
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // Both are short enough for a pipe's buffer, or the other one is.
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let errors = messages.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(
        status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
        messages: String(decoding: errors, as: UTF8.self))
}

/// A directory that is gone when the value is.
final class Scratch {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "tarn-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    /// A project with the package's contracts and registry and a lake of its own.
    static func project() throws -> Scratch {
        let scratch = try Scratch()
        for name in ["contracts", "datasets.yaml"] {
            try FileManager.default.createSymbolicLink(
                at: scratch.url.appending(path: name), withDestinationURL: package.appending(path: name))
        }
        return scratch
    }

    func path(_ name: String) -> String { url.appending(path: name).path }

    func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: url.appending(path: name))
    }

    deinit { try? FileManager.default.removeItem(at: url) }
}

/// Vendor files, which may be absent.
enum VendorFiles {
    static let root = URL(
        filePath: ProcessInfo.processInfo.environment["TARN_TEST_DATA"] ?? package.path + "/../shared/data"
    ).standardizedFileURL

    static func path(_ name: String) -> String { root.appending(path: name).path }
    static func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }
}
