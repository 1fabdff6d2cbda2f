import Glibc

/// A producer on a thread of its own, a few blocks ahead of the reader; the thread ends with this object.
///
/// A fixed number of blocks goes round: free → filled by the thread → read → free. So memory is bounded and
/// neither side allocates. Blocking threads rather than tasks, for the producer waits most of the time.
///
/// The thread knows only the shared state, never this object: the last reference to it is the reader's, and its
/// end can wait for the thread.
final class BlockQueue {
    private let shared: SharedBlocks
    private var thread = pthread_t()

    /// - Returns: nil when the system grants no thread; the caller then fills blocks itself.
    init?(producer: BlockProducer, blocks: Int, blockBytes: Int) {
        shared = SharedBlocks(producer: producer, blocks: blocks, blockBytes: blockBytes)
        let argument = Unmanaged.passRetained(shared)
        let failed = pthread_create(
            &thread, nil,
            { argument in
                let shared = Unmanaged<SharedBlocks>.fromOpaque(argument!).takeRetainedValue()
                shared.produce()
                return nil
            }, argument.toOpaque())
        if failed != 0 {
            argument.release()
            thread = 0
            return nil
        }
    }

    deinit {
        guard thread != 0 else { return }
        shared.cancel()
        pthread_join(thread, nil)
    }

    /// Gives a block back and waits for the next one, in file order.
    func next(returning block: Block) -> Block {
        shared.next(returning: block)
    }
}

/// What the thread and the reader share.
private final class SharedBlocks: @unchecked Sendable {
    private let producer: BlockProducer
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    // The mutex guards what follows.
    private var free: [Block]
    private var filled: [Block] = []
    private var isCancelled = false

    init(producer: BlockProducer, blocks: Int, blockBytes: Int) {
        self.producer = producer
        free = (0..<blocks).map { _ in Block(bytes: blockBytes) }
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// The thread's work: fill blocks until the stream ends or nobody wants more.
    func produce() {
        // Signals belong to the program's own threads.
        var every = sigset_t()
        sigfillset(&every)
        pthread_sigmask(SIG_SETMASK, &every, nil)
        while let block = takeFree() {
            producer.fill(block)
            // Read before the reader may have the block.
            let isLast = if case .more = block.ending { false } else { true }
            pthread_mutex_lock(mutex)
            filled.append(block)
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(mutex)
            if isLast { return }
        }
    }

    private func takeFree() -> Block? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while free.isEmpty, !isCancelled { pthread_cond_wait(changed, mutex) }
        return isCancelled ? nil : free.removeLast()
    }

    func cancel() {
        pthread_mutex_lock(mutex)
        isCancelled = true
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }

    func next(returning block: Block) -> Block {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        free.append(block)
        pthread_cond_broadcast(changed)
        while filled.isEmpty { pthread_cond_wait(changed, mutex) }
        return filled.removeFirst()
    }
}
