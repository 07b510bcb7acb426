// SPDX-License-Identifier: Apache-2.0

//go:build go1.21

package library

import (
	"context"
	"testing"
)

func afterFunc(b *testing.B) {
	b.Run("after_func and stop", func(b *testing.B) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		for i := 0; i < b.N; i++ {
			stop := context.AfterFunc(ctx, func() {})
			stop()
		}
	})
}
