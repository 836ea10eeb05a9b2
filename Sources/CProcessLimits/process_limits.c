// Swift's own import of the C library leaves this call out.
#define _GNU_SOURCE
#include "process_limits.h"

#ifdef __linux__
#include <sys/resource.h>

int limit_process(pid_t process, uint64_t memory) {
    struct rlimit core = {0, 0};
    int result = prlimit(process, RLIMIT_CORE, &core, 0);
    if (memory == 0) return result;
    struct rlimit space = {memory, memory};
    return prlimit(process, RLIMIT_AS, &space, 0) | result;
}
#else
int limit_process(pid_t process, uint64_t memory) { return -1; }
#endif
