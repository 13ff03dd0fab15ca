# The retry loop, checked by Spin (docs/model.md), on the machine where most can go wrong. The others: tests/long.sh.
find_program(SPIN spin REQUIRED)
add_test(NAME "model: retry loop" COMMAND tests/model/run.sh lazy WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set_tests_properties("model: retry loop" PROPERTIES PROCESSORS 2 TIMEOUT 600)
