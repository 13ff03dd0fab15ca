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
