// SPDX-License-Identifier: Apache-2.0

//go:build !go1.21

package library

import "testing"

// context.AfterFunc came with Go 1.21.
func afterFunc(*testing.B) {}
