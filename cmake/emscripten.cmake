# Debian's emscripten. Its sysroot has libraries built for it already, so nothing is fetched. The preset tells it where Debian
# keeps the JavaScript packages that it needs, for there may be another node than Debian's.
list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})
set(CMAKE_SYSTEM_NAME Emscripten)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_C_COMPILER emcc)
set(CMAKE_CXX_COMPILER em++)
set(CMAKE_AR emar)
set(CMAKE_RANLIB emranlib)
set(CMAKE_CXX_COMPILER_WORKS TRUE) # a program of this compiler is three files
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)

# em++ takes a second for each file before it calls clang, with flags that are always the same here. So ours are compiled by clang
# itself; em++ says which clang, and its flags. If it says it in another way, em++ compiles.
execute_process(COMMAND em++ -v -x c++ -E /dev/null OUTPUT_QUIET ERROR_VARIABLE emscripten_said)
execute_process(COMMAND em++ -fexceptions --cflags OUTPUT_VARIABLE emscripten_flags OUTPUT_STRIP_TRAILING_WHITESPACE)
if(emscripten_said MATCHES "(/[^\" ]*clang[+][+][^\" ]*)\"? +-target")
    set(CMAKE_CXX_COMPILE_OBJECT
        "${CMAKE_MATCH_1} ${emscripten_flags} <DEFINES> <INCLUDES> <FLAGS> -o <OBJECT> -c <SOURCE>")
endif()
