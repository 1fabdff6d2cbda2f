import Glibc

/// A producer on a thread of its own, a few blocks ahead of the reader.
///
/// A fixed number of blocks goes round: free → filled by the thread → read → free. So memory is bounded and
/// neither side allocates. Blocking threads rather than tasks, for the producer waits most of the time.
final class BlockQueue: @unchecked Sendable {
    private let producer: BlockProducer
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var thread = pthread_t()
    // The mutex guards what follows.
    private var free: [Block]
    private var filled: [Block] = []
    private var isCancelled = false

    /// - Returns: nil when the system grants no thread; the caller then fills blocks itself.
    init?(producer: BlockProducer, blocks: Int, blockBytes: Int) {
        self.producer = producer
        free = (0..<blocks).map { _ in Block(bytes: blockBytes) }
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
        // The thread does not own the queue: `stop` joins it before the queue goes.
        let unowned = Unmanaged.passUnretained(self).toOpaque()
        let failed = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<BlockQueue>.fromOpaque(argument!).takeUnretainedValue().produce()
                return nil
            }, unowned)
        if failed != 0 {
            thread = 0
            return nil
        }
    }

    /// Stops the thread and waits for it.
    deinit {
        if thread != 0 {
            pthread_mutex_lock(mutex)
            isCancelled = true
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(mutex)
            pthread_join(thread, nil)
        }
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// The thread's work: fill blocks until the stream ends or nobody wants more.
    private func produce() {
        // Signals belong to the program's own threads.
        var every = sigset_t()
        sigfillset(&every)
        pthread_sigmask(SIG_SETMASK, &every, nil)
        while let block = takeFree() {
            producer.fill(block)
            pthread_mutex_lock(mutex)
            filled.append(block)
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(mutex)
            if case .more = block.ending { continue }
            return
        }
    }

    private func takeFree() -> Block? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while free.isEmpty, !isCancelled { pthread_cond_wait(changed, mutex) }
        return isCancelled ? nil : free.removeLast()
    }

    /// Gives a block back and waits for the next one, in file order.
    func next(returning block: Block?) -> Block {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if let block {
            free.append(block)
            pthread_cond_broadcast(changed)
        }
        while filled.isEmpty { pthread_cond_wait(changed, mutex) }
        return filled.removeFirst()
    }
}
