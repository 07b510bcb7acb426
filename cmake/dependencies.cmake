find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

# Standalone Asio is headers only and ships no CMake package in Debian.
find_path(ERRAND_ASIO_INCLUDE asio.hpp REQUIRED)
add_library(errand_asio INTERFACE)
target_include_directories(errand_asio SYSTEM INTERFACE $<BUILD_INTERFACE:${ERRAND_ASIO_INCLUDE}>)
# Asio 1.22 does not recognise clang's coroutines by itself.
# Its own allocations go through operator new, so that a program's new handler hears of a lack of memory.
target_compile_definitions(errand_asio INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_DISABLE_STD_ALIGNED_ALLOC
  $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_CO_AWAIT=1;ASIO_HAS_STD_COROUTINE=1>)
target_link_libraries(errand_asio INTERFACE Threads::Threads)

find_package(nlohmann_json REQUIRED)
pkg_check_modules(yaml REQUIRED IMPORTED_TARGET yaml-0.1)
if(ERRAND_STATIC)
  find_library(ERRAND_YAML_STATIC libyaml.a REQUIRED)
  set_property(TARGET PkgConfig::yaml PROPERTY INTERFACE_LINK_LIBRARIES ${ERRAND_YAML_STATIC})
endif()
