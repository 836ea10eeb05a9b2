#ifndef PROCESS_LIMITS_H
#define PROCESS_LIMITS_H

#include <stdint.h>
#include <sys/types.h>

/// Bounds what another process may use: no core dumps, and `memory` bytes of address space where that isn't 0.
///
/// Returns 0, or -1 where the system refused or has no such call.
int limit_process(pid_t process, uint64_t memory);

#endif
