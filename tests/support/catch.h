// SPDX-License-Identifier: Apache-2.0
//
// Catch2 is 2.13 in Debian 12 and 3 in newer distributions.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
