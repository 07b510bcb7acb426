# g++ before 13 destroys temporaries inside co_await expressions twice; clang before 19 has no
# std::expected with libstdc++ 12.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines. Use clang-19 "
                      "(scripts/setup installs it; cmake --preset release picks it) or g++ 13 and newer.")
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "clang ${CMAKE_CXX_COMPILER_VERSION} has no std::expected with libstdc++. Use clang-19 or newer.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(ERRAND_CCACHE ccache)
if(ERRAND_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${ERRAND_CCACHE})
endif()

option(ERRAND_WERROR "Warnings are errors" OFF)
set(ERRAND_SANITIZE "" CACHE STRING "Value for -fsanitize=, for example address,undefined")

# What every target of the project is compiled with; consumers of the installed library are not.
add_library(errand_build INTERFACE)
target_compile_options(errand_build INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  $<$<BOOL:${ERRAND_WERROR}>:-Werror>
  $<$<CXX_COMPILER_ID:Clang>:-fpch-instantiate-templates;-Xclang;-fno-pch-timestamp>)
if(ERRAND_SANITIZE)
  target_compile_options(errand_build INTERFACE -fsanitize=${ERRAND_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(errand_build INTERFACE -fsanitize=${ERRAND_SANITIZE})
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  find_program(ERRAND_LLD NAMES ld.lld-19 ld.lld)
  if(ERRAND_LLD)
    target_link_options(errand_build INTERFACE --ld-path=${ERRAND_LLD})
  endif()
endif()
