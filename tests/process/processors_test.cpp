// SPDX-License-Identifier: Apache-2.0
#include "errand/process/processors.h"

#include "support/catch.h"
#include "support/folder.h"

namespace errand::test {
namespace {

// A machine with 8 processors, as its files show it.
struct Machine : Folder {
  void cgroup(std::string_view lines) const { write("proc/self/cgroup", lines); }
  void mounts(std::string_view lines) const { write("proc/self/mountinfo", lines); }
  void v2(std::string_view group, std::string_view mounted = "/") const {
    cgroup("0::" + std::string(group) + "\n");
    mounts("24 1 0:22 / /proc rw - proc proc rw\n30 24 0:26 " + std::string(mounted) +
           " /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n");
  }
  void quota(std::string_view group, std::string_view line) const {
    write("sys/fs/cgroup" + std::string(group) + "/cpu.max", std::string(line) + "\n");
  }
  void v1_quota(std::string_view folder, std::string_view quota, std::string_view period) const {
    write(std::string(folder) + "/cpu.cfs_quota_us", std::string(quota) + "\n");
    write(std::string(folder) + "/cpu.cfs_period_us", std::string(period) + "\n");
  }
  unsigned allowed(unsigned affinity = 8) const { return allowed_processors(affinity, path()); }
};

TEST_CASE("without cgroups the affinity counts, and is at least one") {
  const Machine machine;
  CHECK(machine.allowed() == 8);
  CHECK(machine.allowed(0) == 1);
}

TEST_CASE("[P24] a quota limits the processors; a part of one counts as one") {
  const Machine machine;
  machine.v2("/user/task");
  const auto with = [&](std::string_view quota) {
    machine.quota("/user/task", quota);
    return machine.allowed();
  };
  CHECK(with("max 100000") == 8);
  CHECK(with("200000 100000") == 2);
  CHECK(with("250000 100000") == 3);
  CHECK(with("50000 100000") == 1);
  CHECK(with("1000 100000") == 1);
  CHECK(with("3200000 100000") == 8);
  CHECK(with("") == 8);
  CHECK(with("0 0") == 8);
  CHECK(with("nonsense here") == 8);
}

TEST_CASE("[P24] a quota of any group on the way to the root counts, the smallest wins") {
  const Machine machine;
  machine.v2("/a/b/c");
  machine.quota("/a", "300000 100000");
  CHECK(machine.allowed() == 3);
  machine.quota("/a/b", "200000 100000");
  machine.quota("/a/b/c", "max 100000");
  CHECK(machine.allowed() == 2);
  machine.quota("", "100000 100000");  // a container's own root has one
  CHECK(machine.allowed() == 1);
}

TEST_CASE("quotas of other groups do not count") {
  const Machine machine;
  machine.v2("/a/b");
  machine.quota("/a/bc", "100000 100000");
  machine.quota("/b", "100000 100000");
  CHECK(machine.allowed() == 8);
}

TEST_CASE(
    "a container that sees only its own part of the tree finds its quota at the mount point") {
  const Machine machine;
  machine.quota("", "150000 100000");
  machine.v2("/docker/1234", "/docker/1234");
  CHECK(machine.allowed() == 2);
  machine.v2("/docker/1234/inner", "/docker/1234");
  machine.quota("/inner", "100000 100000");
  CHECK(machine.allowed() == 1);
  machine.v2("/../other", "/");  // moved out of its own namespace
  CHECK(machine.allowed() == 2);
}

TEST_CASE("version 1 of cgroups has its quota in two files of the cpu hierarchy") {
  const Machine machine;
  machine.cgroup("12:memory:/docker/1\n7:cpu,cpuacct:/docker/1\n3:cpuset:/other\n0::/x\n");
  machine.mounts(
      "30 24 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "31 24 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
      "32 24 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup "
      "rw,cpu,cpuacct\n"
      "33 24 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  const std::string cpu = "sys/fs/cgroup/cpu,cpuacct";
  machine.v1_quota(cpu, "-1", "100000");
  machine.v1_quota(cpu + "/docker", "450000", "100000");
  machine.v1_quota(cpu + "/docker/1", "-1", "100000");
  CHECK(machine.allowed() == 5);
  machine.v1_quota(cpu + "/docker/1", "25000", "100000");
  CHECK(machine.allowed() == 1);
}

TEST_CASE("a mount point may have spaces in its name") {
  const Machine machine;
  machine.cgroup("0::/\n");
  machine.mounts("30 24 0:26 / /a\\040b rw - cgroup2 cgroup2 rw\n");
  machine.write("a b/cpu.max", "200000 100000\n");
  CHECK(machine.allowed() == 2);
}

TEST_CASE("files that say nothing sensible limit nothing") {
  const Machine machine;
  machine.cgroup("\n::\nx\n0::\n:cpu:\n");
  machine.mounts("\n - \n1 2 3 4 - cgroup2\n1 2 3 / /x rw - cgroup2 x y\n");
  CHECK(machine.allowed() == 8);
}

}  // namespace
}  // namespace errand::test
