# The storm on real threads (tests/threads): the portable rooms over the modelled machine, each CPU a thread of this
# computer. A program of its own, because a panic cannot be an exception there. tests/run.sh builds it twice: with the other
# host tests, and with the preset host-tsan, under ThreadSanitizer, which does not go with the other sanitizers.
room(thread_sources tests/threads/*.cpp)
add_executable(threads_storm ${thread_sources})
target_link_libraries(threads_storm PRIVATE host_walked host_kernel Threads::Threads)

add_test(NAME "threads: storm" COMMAND threads_storm 3)
set_tests_properties("threads: storm" PROPERTIES TIMEOUT 300)
if(FAULTLINE_SANITIZE)
    add_test(NAME "threads: storm under ThreadSanitizer" COMMAND tests/threads/run.sh build/host-tsan/threads_storm 3
             WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties("threads: storm under ThreadSanitizer" PROPERTIES TIMEOUT 300)
endif()
