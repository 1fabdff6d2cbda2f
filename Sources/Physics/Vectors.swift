/// Doubles that inner loops treat side by side. Each element keeps the order of operations of the text, so the
/// width changes no bit.
typealias Vector = SIMD8<Double>

/// For sums over taps: enough independent chains to hide the latency of an addition.
typealias Wide = SIMD16<Double>

@inline(__always)
func load<V: SIMD>(_ pointer: UnsafePointer<Double>) -> V where V.Scalar == Double {
    UnsafeRawPointer(pointer).loadUnaligned(as: V.self)
}

@inline(__always)
func load<V: SIMD>(_ pointer: UnsafeMutablePointer<Double>) -> V where V.Scalar == Double {
    UnsafeRawPointer(pointer).loadUnaligned(as: V.self)
}

@inline(__always)
func store<V: SIMD>(_ vector: V, to pointer: UnsafeMutablePointer<Double>) where V.Scalar == Double {
    UnsafeMutableRawPointer(pointer).storeBytes(of: vector, as: V.self)
}

/// max(0, v) element by element.
@inline(__always)
func positivePart(_ v: Vector) -> Vector {
    v.replacing(with: 0, where: v .< 0)
}
