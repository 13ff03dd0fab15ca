// The functions that compiled C++ and libgcc expect from a runtime.
#include "base/assert.hpp"

extern "C" {

void* __dso_handle = nullptr;

[[noreturn]] void __cxa_pure_virtual() { faultline::panic("pure virtual function called"); }
[[noreturn]] void abort() { faultline::panic("abort() called"); }

// libgcc calls these for a division by zero. (The divide instruction itself returns 0.)
int __aeabi_idiv0(int) { faultline::panic("division by zero"); }
long long __aeabi_ldiv0(long long) { faultline::panic("division by zero"); }

// The kernel ends when the machine does, so destructors of function-local statics never run.
int __aeabi_atexit(void*, void (*)(void*), void*) { return 0; }

} // extern "C"
