# Tests on this computer: the portable rooms compiled for it over the modelled machine, with the tests that drive them.
# That they compile here at all is the second proof that they touch no ARM.
option(FAULTLINE_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer, fatal on the first finding" ON)

find_package(Threads REQUIRED)
find_package(Catch2 REQUIRED) # 2, as Debian 12 has it, or 3
include(Catch)
include(cmake/modelled_kernel.cmake)

set(main ${PROJECT_SOURCE_DIR}/tests/host/main.cpp)
room(test_sources tests/host/*.cpp tests/contract/*.cpp)
list(FILTER test_sources EXCLUDE REGEX /tests/contract/kernel)
list(REMOVE_ITEM test_sources ${main})
room(interleave_sources interleave/*.cpp)
room(interleave_test_sources tests/interleave/*.cpp)

add_library(host_flags INTERFACE)
target_compile_definitions(host_flags INTERFACE FAULTLINE_DEBUG) # costly invariants are checked too
target_include_directories(host_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/arch/model)
if(FAULTLINE_SANITIZE)
    # Not again what AddressSanitizer and the processor find: accesses through null pointers and behind objects.
    set(sanitizers -fsanitize=address,undefined -fno-sanitize=null,object-size -fno-sanitize-recover=all
                   -fno-omit-frame-pointer)
    target_compile_options(host_flags INTERFACE ${sanitizers})
    target_link_options(host_flags INTERFACE ${sanitizers})
endif()

# A library, so that others may bring their own in place of what stands there: interleave/kernel.cpp.
add_library(host_kernel STATIC ${modelled_sources})
target_link_libraries(host_kernel PUBLIC host_flags)
target_precompile_headers(host_kernel PRIVATE <algorithm> <functional> base/intrusive.hpp)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang") # preset host-clang: the analysis only
    set_source_files_properties(arch/model/fiber.cpp PROPERTIES HEADER_FILE_ONLY ON) # needs clang's run-time library
endif()

# Each test runs over every back end, unless its file is named after one of them.
foreach(mmu ${back_ends})
    back_end_library(host_${mmu} ${mmu} host_flags ${mmu_sources})
    set(${mmu}_test_sources ${test_sources})
    list(FILTER ${mmu}_test_sources INCLUDE REGEX /tests/host/${mmu}_)
    list(FILTER test_sources EXCLUDE REGEX /tests/host/${mmu}_)
endforeach()

# Catch2's headers are the larger part of a test's source: compiled once. So is the runner of version 2, in main.cpp;
# that of version 3 is in its library.
add_library(catch INTERFACE)
if(Catch2_VERSION VERSION_LESS 3)
    target_link_libraries(catch INTERFACE Catch2::Catch2)
else()
    target_link_libraries(catch INTERFACE Catch2::Catch2WithMain)
    target_include_directories(catch INTERFACE ${PROJECT_SOURCE_DIR}/tests/catch3)
endif()
add_library(test_runner OBJECT ${main})
add_library(shared_tests OBJECT ${test_sources})
add_library(interleave OBJECT ${interleave_sources})
add_library(interleave_test_objects OBJECT ${interleave_test_sources})
set_source_files_properties(${main} PROPERTIES COMPILE_OPTIONS -O0)
if(FAULTLINE_SANITIZE) # ten times as long to compile, for what is not under test
    set_property(SOURCE ${main} APPEND PROPERTY COMPILE_OPTIONS -fno-sanitize=all)
endif()
target_link_libraries(interleave PUBLIC host_flags)
foreach(library test_runner shared_tests interleave_test_objects)
    target_link_libraries(${library} PUBLIC host_flags catch Threads::Threads)
endforeach()
target_compile_definitions(interleave_test_objects PRIVATE CATALOGUE="${PROJECT_SOURCE_DIR}/user/scenarios/catalogue.tsv"
                           MISSING_SCENARIOS="${PROJECT_SOURCE_DIR}/docs/explorer-engine.md")
target_precompile_headers(shared_tests PRIVATE <catch2/catch.hpp>)
target_precompile_headers(interleave PRIVATE interleave/world.hpp)
# In what it precompiles, GCC 12 forgets that a header is the system's, and warns of one.
set_source_files_properties(${PROJECT_SOURCE_DIR}/interleave/engine.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
target_precompile_headers(interleave_test_objects PRIVATE <catch2/catch.hpp> interleave/session.hpp)

# Checks in tests are long to optimise and quick to run. What runs long is the kernel, the model, and the programs.
target_compile_options(shared_tests PRIVATE -O0)

# host_test_program(<name> <back end> [OBJECTS <object library>...] SOURCES <source>...)
function(host_test_program name mmu)
    cmake_parse_arguments(PARSE_ARGV 2 program "" "" "OBJECTS;SOURCES")
    add_executable(${name} ${program_SOURCES})
    target_link_libraries(${name} PRIVATE test_runner ${program_OBJECTS} host_${mmu} host_kernel)
    if(program_SOURCES)
        target_compile_options(${name} PRIVATE -O0)
        target_precompile_headers(${name} REUSE_FROM shared_tests)
    endif()
endfunction()

host_test_program(host_tests walked OBJECTS shared_tests SOURCES ${walked_test_sources})
host_test_program(softtlb_tests softtlb OBJECTS shared_tests SOURCES ${softtlb_test_sources})
host_test_program(interleave_tests walked OBJECTS interleave interleave_test_objects)
host_test_program(softtlb_interleave_tests softtlb OBJECTS interleave interleave_test_objects)

# What stations every program passes, to be compared with the module for a browser: cmake/explorer_tests.cmake.
foreach(mmu ${back_ends})
    add_executable(stations_${mmu} ${PROJECT_SOURCE_DIR}/tests/explorer/stations.cpp)
    target_link_libraries(stations_${mmu} PRIVATE interleave host_${mmu} host_kernel)
endforeach()

# host_tests_of(<program> <prefix> <source>...): a test for each source. One for each case of a source would take longer to start
# than to run.
function(host_tests_of program prefix)
    list(FILTER ARGN INCLUDE REGEX "_test\\.cpp$")
    foreach(source ${ARGN})
        get_filename_component(name ${source} NAME_WE)
        string(REGEX REPLACE "_test$" "" name ${name})
        add_test(NAME "${prefix}: ${name}" COMMAND ${PROJECT_SOURCE_DIR}/tests/host/run.sh $<TARGET_FILE:${program}> ${name})
        set_tests_properties("${prefix}: ${name}" PROPERTIES TIMEOUT 600)
    endforeach()
endfunction()
set(common_test_sources ${test_sources})
list(FILTER common_test_sources EXCLUDE REGEX /tests/contract/[^/]*$) # suite_test.cpp runs them
host_tests_of(host_tests host ${common_test_sources} ${walked_test_sources})
host_tests_of(softtlb_tests softtlb ${common_test_sources} ${softtlb_test_sources})

catch_discover_tests(interleave_tests PROPERTIES TIMEOUT 600)
catch_discover_tests(softtlb_interleave_tests TEST_SPEC "~[long]" TEST_PREFIX "softtlb: " PROPERTIES TIMEOUT 600)

# What parses foreign bytes, under libFuzzer: the preset host-fuzz builds it beside this build.
add_test(NAME "fuzz: parsers" COMMAND tests/fuzz/host.sh runs 15000 1 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set_tests_properties("fuzz: parsers" PROPERTIES TIMEOUT 300)
