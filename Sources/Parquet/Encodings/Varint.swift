import Columnar

// Numbers of variable length: 7 bits a byte, the lowest first; all bytes but the last have the high bit set.

/// Small magnitudes of either sign become small unsigned numbers.
@inline(__always)
func zigzag(_ value: Int64) -> UInt64 {
    UInt64(bitPattern: (value << 1) ^ (value >> 63))
}

@inline(__always)
func unzigzag(_ value: UInt64) -> Int64 {
    Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
}

/// Writes a number and moves `place` behind it; there must be room for 10 bytes.
@inline(__always)
func storeVarint(_ value: UInt64, at place: inout UnsafeMutableRawPointer) {
    var rest = value
    while rest >= 0x80 {
        place.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
        place += 1
        rest >>= 7
    }
    place.storeBytes(of: UInt8(rest), as: UInt8.self)
    place += 1
}

func appendVarint(_ value: UInt64, to bytes: inout Buffer<UInt8>) {
    var rest = value
    while rest >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
        rest >>= 7
    }
    bytes.append(UInt8(rest))
}

/// Reads a number and moves `next` behind it; nil when it does not end before `end` or has more than 64 bits.
@inline(__always)
func loadVarint(_ next: inout UnsafeRawPointer, before end: UnsafeRawPointer) -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while next < end {
        let byte = next.load(as: UInt8.self)
        next += 1
        guard shift < 63 || byte <= 1 else { return nil }
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
        shift += 7
    }
    return nil
}
