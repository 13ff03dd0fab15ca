# host_tests: the portable rooms compiled for this computer over the modelled machine, with the tests that drive them.
# That they compile here at all is the second proof that they touch no ARM.
option(FAULTLINE_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer, fatal on the first finding" ON)

find_package(Threads REQUIRED)
find_package(Catch2 2 REQUIRED)
include(Catch)

room(host_sources mm/*.cpp kernel/sched/*.cpp kernel/futex/*.cpp kernel/debug/describe_pte.cpp kernel/debug/format.cpp
     arch/walked/*.cpp arch/model/*.cpp)
room(test_sources tests/host/*.cpp tests/contract/*.cpp)
list(FILTER test_sources EXCLUDE REGEX /tests/contract/kernel)
room(interleave_sources tests/interleave/*.cpp tests/host/main.cpp)

add_library(host_flags INTERFACE)
target_compile_definitions(host_flags INTERFACE FAULTLINE_DEBUG) # costly invariants are checked too
target_include_directories(host_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/arch/model)
if(FAULTLINE_SANITIZE)
    set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_compile_options(host_flags INTERFACE ${sanitizers})
    target_link_options(host_flags INTERFACE ${sanitizers})
endif()

# A library, so that a test may bring its own in place of what stands there: tests/interleave/kernel.cpp.
add_library(host_kernel STATIC ${host_sources})
target_link_libraries(host_kernel PUBLIC host_flags)
add_executable(host_tests ${test_sources})
add_executable(interleave_tests ${interleave_sources})
foreach(tests host_tests interleave_tests)
    target_link_libraries(${tests} PRIVATE host_kernel Catch2::Catch2 Threads::Threads)
    # Catch2 is one header of 18 000 lines. main.cpp includes it in its own way.
    target_precompile_headers(${tests} PRIVATE <catch2/catch.hpp>)
endforeach()
set_source_files_properties(${PROJECT_SOURCE_DIR}/tests/host/main.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)

catch_discover_tests(host_tests TEST_PREFIX "host: " PROPERTIES TIMEOUT 120)
catch_discover_tests(interleave_tests PROPERTIES TIMEOUT 120)
