import Columnar
import Testing

@Suite("Columns in memory")
struct ColumnTests {
    @Test("a buffer grows, keeps its elements and forgets from either end")
    func buffer() {
        var buffer = Buffer<Int64>()
        for i in 0..<1000 { buffer.append(Int64(i)) }
        #expect(buffer.count == 1000)
        #expect((0..<1000).allSatisfy { buffer[$0] == Int64($0) })
        buffer.removeFirst(10)
        buffer.removeLast(5)
        #expect(buffer.count == 985 && buffer[0] == 10 && buffer[984] == 994)
        buffer.append(count: 3) { $0.initialize(repeating: 7) }
        #expect(buffer.count == 988 && buffer[987] == 7)
        let span = buffer.span
        #expect(span.count == 988 && span[0] == 10)
    }

    @Test("an index outside a buffer stops the program")
    func outOfBounds() async {
        await #expect(processExitsWith: .failure) {
            let buffer = Buffer<Int64>(repeating: 0, count: 4)
            _ = buffer[4]
        }
    }

    @Test("nulls keep their place through a view")
    func nulls() {
        var a = OptionalColumn<Int64>()
        a.append(5)
        a.append(nil)
        a.append(-7)
        var b = OptionalColumn<Int64>()
        a.withView { b.append($0) }
        a.withView { b.append($0) }
        #expect(b.count == 6)
        #expect((0..<6).map { b[$0] } == [5, nil, -7, 5, nil, -7])
    }

    @Test("strings are pooled by their bytes: canonically equal texts stay apart")
    func strings() {
        var column = StringColumn()
        let composed = "\u{e9}"
        let decomposed = "e\u{301}"
        #expect(composed == decomposed)
        for text in [composed, decomposed, composed, "x"] { column.append(text) }
        column.withView { view in
            guard case .strings(let codes, let pool) = view.values else { return }
            #expect(Array(codes) == [0, 1, 0, 2])
            #expect(pool.count == 3)
        }
        var copy = StringColumn()
        copy.append("x")
        column.withView { copy.append($0) }
        #expect(copy.count == 5)
        #expect(
            copy[1].utf8.elementsEqual(composed.utf8) && copy[2].utf8.elementsEqual(decomposed.utf8) && copy[4] == "x")
    }
}
