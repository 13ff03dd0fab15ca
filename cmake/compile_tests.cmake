# Snippets that must not compile (tests/compile): each is a test.
room(snippets tests/compile/*.cpp)
foreach(snippet ${snippets})
    get_filename_component(name ${snippet} NAME)
    add_test(NAME "compile: ${name}" COMMAND ${PYTHON3} tests/compile/run.py ${PROJECT_BINARY_DIR} ${name}
             WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endforeach()
