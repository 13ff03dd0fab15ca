// What compiled C++ and libgcc expect of a runtime.
#include "base/assert.hpp"

extern "C" {

void* __dso_handle = nullptr;

[[noreturn]] void __cxa_pure_virtual() { faultline::panic("pure virtual function called"); }
[[noreturn]] void abort() { faultline::panic("abort() called"); }

// libgcc calls these for a division by zero, which the divide instruction itself would answer with 0.
int __aeabi_idiv0(int) { faultline::panic("division by zero"); }
long long __aeabi_ldiv0(long long) { faultline::panic("division by zero"); }

// The kernel ends with the machine: destructors of function-local statics never run.
int __aeabi_atexit(void*, void (*)(void*), void*) { return 0; }

} // extern "C"
