# A C++ source that holds a file's bytes: embed_text(SOURCES_VARIABLE FILE HEADER DECLARATION)
# defines DECLARATION, a function of HEADER that returns them as a std::string_view.
function(embed_text sources file header declaration)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  get_filename_component(name ${file} NAME)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[
#include "@header@"
namespace errand {
namespace {
constexpr unsigned char kBytes[] = {@bytes@};
}  // namespace
@declaration@ { return {reinterpret_cast<const char*>(kBytes), sizeof kBytes}; }
}  // namespace errand
]])
  list(APPEND ${sources} ${source})
  set(${sources} ${${sources}} PARENT_SCOPE)
endfunction()
