// System calls that fail on demand, for tests of what must survive them.
//
// The functions of this target take the place of the C library's in the test binary and pass every call on,
// until the calling thread arms a fault. Counting and faults concern that thread alone.
#pragma once
#include <stdbool.h>

enum {
    /// The call does nothing and fails with `code`.
    FAULTS_FAIL = 1,
    /// The process gets SIGKILL before the call.
    FAULTS_KILL_BEFORE = 2,
    /// The process gets SIGKILL after the call.
    FAULTS_KILL_AFTER = 3,
    /// As FAULTS_KILL_AFTER, and what was written since the last fsync of a file is lost.
    FAULTS_LOSE_UNSYNCED = 4,
    /// As FAULTS_LOSE_UNSYNCED, but half of it is there.
    FAULTS_TEAR_UNSYNCED = 5,
};

/// Lets the `nth` changing system call (from 1) of this thread fail in the given way.
void faults_arm(int nth, int action, int code);

/// Ends that. Returns the number of calls that were counted since.
int faults_disarm(void);

/// Makes every renameat2 of this thread that has flags fail with EINVAL, as on a file system without them.
void faults_refuse_rename_flags(bool refuse);

/// Runs `body` in a forked child and waits for it. Returns 0…255 for its exit status, −signal when it was killed.
int faults_in_child(void (*body)(void *), void *context);
