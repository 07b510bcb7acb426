// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/inherited.h"

namespace errand::task_file {

Inherited::Inherited(const ReadOptions& options)
    : external_variables(options),
      read_file(options.read_file),
      dir(options.dir),
      shell(std::make_shared<const std::vector<std::string>>(options.shell)),
      env(std::make_shared<const std::vector<EnvEntry>>()),
      grace(options.grace),
      masker(options.masker) {}

}  // namespace errand::task_file
