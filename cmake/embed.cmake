# Files as parts of a program.

# msrnn_embed(TARGET NAMESPACE ns FILES name=path …): adds std::string_view ns::name() of each file's content, to be
# declared by who uses it. Run again when a file changes.
function(msrnn_embed target)
  cmake_parse_arguments(arg "" "NAMESPACE" "FILES" ${ARGN})
  foreach(entry ${arg_FILES})
    string(REGEX MATCH "^([a-z_]+)=(.+)$" matched "${entry}")
    set(name ${CMAKE_MATCH_1})
    set(path ${CMAKE_MATCH_2})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
    file(READ ${path} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    set(source ${CMAKE_CURRENT_BINARY_DIR}/embedded_${name}.cpp)
    file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[
#include <string_view>

namespace @arg_NAMESPACE@ {

std::string_view @name@();
std::string_view @name@() {
  static constexpr unsigned char bytes[] = {@bytes@};
  return {reinterpret_cast<const char*>(bytes), sizeof bytes};
}

}  // namespace @arg_NAMESPACE@
]])
    set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    target_sources(${target} PRIVATE ${source})
  endforeach()
endfunction()
