// The calls whose structures clash with newlib's. This file includes the kernel's headers and none of newlib's.
#include <asm/stat.h>
#include <linux/resource.h>

#include <ulib/sys.hpp>

namespace faultline {

long minor_faults() {
    struct rusage usage;
    const long result = system_call(__NR_getrusage, RUSAGE_SELF, &usage);
    return is_error(result) ? result : usage.ru_minflt;
}

long file_status(int fd, FileStatus& status) {
    struct stat64 answer;
    const long result = system_call(__NR_fstat64, fd, &answer);
    if (!is_error(result))
        status = {answer.st_mode, static_cast<unsigned long long>(answer.st_size)};
    return result;
}

} // namespace faultline
