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

add_executable(host_tests ${host_sources} ${test_sources})
target_include_directories(host_tests PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/arch/model)
target_link_libraries(host_tests PRIVATE Catch2::Catch2 Threads::Threads)
if(FAULTLINE_SANITIZE)
    set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_compile_options(host_tests PRIVATE ${sanitizers})
    target_link_options(host_tests PRIVATE ${sanitizers})
endif()

catch_discover_tests(host_tests TEST_PREFIX "host: " PROPERTIES TIMEOUT 120)
