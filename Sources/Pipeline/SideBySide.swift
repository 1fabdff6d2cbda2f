import Dispatch
import Synchronization

/// Does so many pieces of work on several threads, each piece once.
///
/// - Returns: the results in the order of the pieces, whatever the number of workers.
func sideBySide<Result: Sendable>(
    _ count: Int, workers: Int, _ work: @Sendable (_ index: Int) -> Result
) -> [Result] {
    let results = Mutex([Result?](repeating: nil, count: count))
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: max(1, min(workers, count))) { _ in
        while true {
            let index = next.add(1, ordering: .relaxed).oldValue
            if index >= count { return }
            let result = work(index)
            results.withLock { $0[index] = result }
        }
    }
    return results.withLock { $0.map { $0! } }
}
