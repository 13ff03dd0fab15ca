# Tests of the explorer's engine in Node, with what tools/explorer.sh built beside this build.
function(explorer_test name)
    add_test(NAME "explorer: ${name}" COMMAND ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties("explorer: ${name}" PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77)
endfunction()

foreach(mmu ${back_ends})
    explorer_test("the same stations in Node, ${mmu}" tests/explorer/stations.sh $<TARGET_FILE:stations_${mmu}> ${mmu})
endforeach()
explorer_test("the page in a browser" tests/explorer/page.sh)
