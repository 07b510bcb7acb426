// SPDX-License-Identifier: Apache-2.0
//
// The files of this folder, as the build embeds them.
#pragma once

#include <string_view>

namespace errand {

std::string_view html_page();  // with @style@, @data@ and @script@
std::string_view html_style();
std::string_view html_script();

}  // namespace errand
