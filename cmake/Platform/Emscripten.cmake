# CMake asks for this file by its name. What it needs to know of emscripten is in cmake/emscripten.cmake.
