import Glibc
import Synchronization

/// Whether somebody has asked the process to stop: SIGINT or SIGTERM. Stages look at it once a block.
public enum Interruption {
    private static let requested = Atomic<Bool>(false)

    /// From now on SIGINT and SIGTERM ask instead of killing; the second one of either kills.
    public static func catchSignals() {
        for number in [SIGINT, SIGTERM] {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { _ in Interruption.request() }
            action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
            sigaction(number, &action, nil)
        }
    }

    public static func request() {
        requested.store(true, ordering: .relaxed)
    }

    public static var isRequested: Bool { requested.load(ordering: .relaxed) }
}
