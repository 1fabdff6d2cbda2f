/// A string as tables order and compare it: by its UTF-8 bytes, where strings of Swift that look alike are equal.
///
/// Source: spec/recorder.md 2.6.
public struct ByteKey: Hashable, Comparable, Sendable {
    private let bytes: [UInt8]

    public init(_ text: String) {
        bytes = Array(text.utf8)
    }

    public static func < (a: ByteKey, b: ByteKey) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}
