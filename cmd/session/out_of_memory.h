// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace errand::cmd {

// From now on errand ends at once when it runs out of memory, wherever that happens: with one line
// on standard error and kErrandFailed. What its tasks have started is then ended as if errand had
// been killed. Call it once, before anything allocates.
void end_when_out_of_memory();

}  // namespace errand::cmd
