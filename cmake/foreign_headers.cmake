# The only headers from outside the tree and the cross compiler: Linux's UAPI for ARM, and Boost. Each is included
# through a directory that holds only links to it, so that the compiler finds no header of the host's C library.
set(UAPI_SOURCE /usr/arm-linux-gnueabihf/include)
set(BOOST_SOURCE /usr/include)
set(UAPI_INCLUDE ${PROJECT_BINARY_DIR}/foreign/uapi)
set(BOOST_INCLUDE ${PROJECT_BINARY_DIR}/foreign/boost)

function(expose into from)
    file(MAKE_DIRECTORY ${into})
    foreach(name ${ARGN})
        if(NOT IS_DIRECTORY ${from}/${name})
            message(FATAL_ERROR "${from}/${name} is missing: run tools/setup.sh")
        endif()
        file(CREATE_LINK ${from}/${name} ${into}/${name} SYMBOLIC)
    endforeach()
endfunction()

expose(${UAPI_INCLUDE} ${UAPI_SOURCE} linux asm asm-generic)
expose(${BOOST_INCLUDE} ${BOOST_SOURCE} boost)
