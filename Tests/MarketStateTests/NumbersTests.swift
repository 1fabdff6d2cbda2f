import Testing

import MarketState

@Suite struct `Functions of the formulas` {
    @Test func `deviation of equal or single values is exactly zero`() {
        #expect(Numbers.pstd([0.1, 0.1, 0.1]) == 0)
        #expect(Numbers.pstd([7]) == 0)
        #expect(Numbers.pstd([Double]()) == 0)
    }

    @Test func `deviation is that of the population`() {
        // 2, 4, 4, 4, 5, 5, 7, 9: mean 5, squared deviations sum to 32, 32 / 8 = 4.
        #expect(Numbers.pstd([2, 4, 4, 4, 5, 5, 7, 9]) == 2)
        #expect(Numbers.mean([2, 4, 4, 4, 5, 5, 7, 9]) == 5)
    }

    @Test func `sign has a dead zone, which its ends belong to`() {
        #expect([1e-12, -1e-12, 0, 2e-12, -2e-12].map(Numbers.sign) == [0, 0, 0, 1, -1])
    }

    @Test func `clamping keeps what is inside`() {
        #expect([-0.5, 0.25, 1.5].map(Numbers.clamp01) == [0, 0.25, 1])
    }
}
