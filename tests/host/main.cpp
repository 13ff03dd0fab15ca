// The runner of the host tests.

#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

// AddressSanitizer's settings. The model allocates often, and three callers of each allocation are enough to see. GCC
// 13 and later also look for uses of a stack frame after its return, which makes the modelled CPUs, each on a stack of
// its own, six times slower.
extern "C" const char* __asan_default_options() { return "malloc_context_size=3:detect_stack_use_after_return=0"; }
