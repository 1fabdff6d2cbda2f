import Glibc

/// libFuzzer's ways in: the target is named by TARN_FUZZ_TARGET. Compiled with FuzzTests/FuzzTarget.swift by
/// Scripts/fuzz.
private let target: FuzzTarget = {
    guard let name = getenv("TARN_FUZZ_TARGET"), let target = FuzzTarget(rawValue: String(cString: name)) else {
        fatalError("TARN_FUZZ_TARGET is none of \(FuzzTarget.allCases.map(\.rawValue))")
    }
    return target
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    target.read(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
