# Tests of the source text: includes between layers, the list of system calls, formatting, and clang-tidy on the sources
# that the host build compiles. And of a tool that needs no build.
find_program(PYTHON3 python3 REQUIRED)
find_program(CLANG_FORMAT clang-format-19 REQUIRED)
find_program(CLANG_TIDY clang-tidy-19 REQUIRED)
find_program(CLANG clang++-19 REQUIRED)

add_test(NAME "source: layers" COMMAND ${PYTHON3} tools/layers.py WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME "source: layers finds what it must" COMMAND ${PYTHON3} tools/layers.py --self-test
         WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME "source: stations" COMMAND ${PYTHON3} tools/check_stations.py WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME "source: system calls" COMMAND ${PYTHON3} tools/check_syscall_doc.py
         WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME "source: system calls finds what it must" COMMAND ${PYTHON3} tools/check_syscall_doc.py --self-test
         WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME "source: the walker for gdb on tables of every kind" COMMAND ${PYTHON3} tests/gdb/descriptors.py
         WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME "source: what lies in a call or a fault of a trace" COMMAND ${PYTHON3} tests/trace/slices.py
         WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME "source: a trace whose disk is full" COMMAND ${PYTHON3} tests/trace/full_disk.py
         WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME "source: format" COMMAND tools/format.sh --check WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME "source: clang-tidy" COMMAND tools/tidy.sh ${PROJECT_BINARY_DIR} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set_tests_properties("source: clang-tidy" PROPERTIES PROCESSORS 2 TIMEOUT 1200)
add_test(NAME "source: thread safety" COMMAND tools/thread_safety.sh WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set_tests_properties("source: thread safety" PROPERTIES PROCESSORS 2 TIMEOUT 600)
