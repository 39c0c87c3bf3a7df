# The library users link: all layers in one archive (or shared object, with BUILD_SHARED_LIBS).
get_property(layers GLOBAL PROPERTY MSRNN_LAYERS)
add_library(msrnn)
foreach(layer ${layers})
  target_sources(msrnn PRIVATE $<TARGET_OBJECTS:${layer}>)
endforeach()
target_link_libraries(msrnn PRIVATE $<BUILD_INTERFACE:msrnn_options> Threads::Threads fmt::fmt PkgConfig::pcre2
                      PkgConfig::utf8proc PkgConfig::xxhash sentencepiece)
target_include_directories(msrnn PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
set_target_properties(msrnn PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0)
add_library(msrnn::msrnn ALIAS msrnn)
