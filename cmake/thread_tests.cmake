# The storm on real threads (tests/threads): the portable rooms over the modelled machine, each CPU a thread of this
# computer. Programs of their own, because a panic cannot be an exception there. tests/run.sh builds them twice: with the
# other host tests, and with the preset host-tsan, under ThreadSanitizer, which does not go with the other sanitizers.
room(thread_sources tests/threads/*.cpp)
add_library(thread_programs OBJECT ${thread_sources})
target_link_libraries(thread_programs PUBLIC host_flags Threads::Threads)

foreach(mmu ${back_ends})
    set(program threads_storm_${mmu})
    add_executable(${program})
    target_link_libraries(${program} PRIVATE thread_programs host_${mmu} host_kernel)

    set(test "threads: storm on ${mmu}")
    add_test(NAME ${test} COMMAND ${program} 3)
    set_tests_properties(${test} PROPERTIES TIMEOUT 300)
    if(FAULTLINE_SANITIZE)
        set(test "${test} under ThreadSanitizer")
        add_test(NAME ${test} COMMAND tests/threads/run.sh build/host-tsan/${program} 3
                 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
        set_tests_properties(${test} PROPERTIES TIMEOUT 300)
    endif()
endforeach()
