# A layer is one folder of src/: an object library, so that a test can link just the layers it is about.

# Include paths, warnings and sanitizers that every target of the project has.
add_library(msrnn_options INTERFACE)
target_include_directories(msrnn_options INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_compile_options(msrnn_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                       -ffp-contract=off)
# g++ 12 takes the assignment of a literal to a string for overlapping copies.
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(msrnn_options INTERFACE -Wno-restrict)
endif()
if(MSRNN_WERROR)
  target_compile_options(msrnn_options INTERFACE -Werror)
endif()
if(MSRNN_SANITIZE)
  target_compile_options(msrnn_options INTERFACE -fsanitize=${MSRNN_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(msrnn_options INTERFACE -fsanitize=${MSRNN_SANITIZE})
endif()

if(MSRNN_FUZZ)
  target_compile_options(msrnn_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# msrnn_layer(NAME SOURCES a.cpp … [LIBRARIES lib …])
function(msrnn_layer name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(msrnn_${name} OBJECT ${arg_SOURCES})
  target_link_libraries(msrnn_${name} PUBLIC msrnn_options ${arg_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY MSRNN_LAYERS msrnn_${name})
endfunction()

# msrnn_test(NAME SOURCES a_test.cpp … LAYERS base tensor … [LIBRARIES lib …] [LABELS label …])
function(msrnn_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LAYERS;LIBRARIES;LABELS" ${ARGN})
  list(TRANSFORM arg_LAYERS PREPEND msrnn_)
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE msrnn_options ${arg_LAYERS} ${arg_LIBRARIES} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  if(arg_LABELS)
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}")
  endif()
endfunction()
