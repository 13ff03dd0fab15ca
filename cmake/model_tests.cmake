# The retry loop, checked by Spin in every combination (docs/model.md).
find_program(SPIN spin REQUIRED)
add_test(NAME "model: retry loop" COMMAND tests/model/run.sh WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set_tests_properties("model: retry loop" PROPERTIES PROCESSORS 2 TIMEOUT 600)
