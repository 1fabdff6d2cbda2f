// The few calls that the Glibc overlay lacks, and the processor hints Swift has no name for.
#pragma once
#include <stdint.h>
#include <sys/types.h>

/// renameat2(2) on whole paths. `flags` is 0, TARN_RENAME_NOREPLACE or TARN_RENAME_EXCHANGE.
/// Returns 0, or the errno of the failed call.
int tarn_renameat2(const char *from, const char *to, unsigned int flags);

enum {
    TARN_RENAME_NOREPLACE = 1,
    TARN_RENAME_EXCHANGE = 2,
};

/// Asks the processor to bring the cache line of `address` near. A hint: any address is allowed.
static inline void tarn_prefetch(const void *address) { __builtin_prefetch(address, 1, 3); }
