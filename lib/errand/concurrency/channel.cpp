// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/channel.h"

namespace errand {

const Error ChannelClosed = Error::text("the channel is closed");

}  // namespace errand
