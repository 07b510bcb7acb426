// SPDX-License-Identifier: Apache-2.0

// The rows of tests/bench/micro in Go, under the same names. scripts/bench-library runs them.
package library

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"
)

func nothing(context.Context) error { return nil }

func groupOfOne(b *testing.B) {
	for i := 0; i < b.N; i++ {
		group, ctx := errgroup.WithContext(context.Background())
		group.Go(func() error { return nothing(ctx) })
		if group.Wait() != nil {
			b.Fatal()
		}
	}
}

func childOf(count int) func(*testing.B) {
	return func(b *testing.B) {
		for i := 0; i < b.N; i++ { // one operation is the whole group; bench_library.py divides
			group, ctx := errgroup.WithContext(context.Background())
			for i := 0; i < count; i++ {
				group.Go(func() error { return nothing(ctx) })
			}
			if group.Wait() != nil {
				b.Fatal()
			}
		}
	}
}

func derive(b *testing.B) {
	parent, cancelParent := context.WithCancel(context.Background())
	defer cancelParent()
	for i := 0; i < b.N; i++ {
		_, cancel := context.WithCancel(parent)
		cancel() // what dropping the handles does in errand
	}
}

const branches = 100

func descendantsOf(root context.Context) []context.Context {
	contexts := make([]context.Context, 0, branches*branches)
	for branch := 0; branch < branches; branch++ {
		child, _ := context.WithCancel(root)
		contexts = append(contexts, child)
		for i := 1; i < branches; i++ {
			grandchild, _ := context.WithCancel(child)
			contexts = append(contexts, grandchild)
		}
	}
	return contexts
}

func deriveDescendants(b *testing.B) {
	for i := 0; i < b.N; i++ {
		root, cancel := context.WithCancel(context.Background())
		descendantsOf(root)
		b.StopTimer()
		cancel()
		b.StartTimer()
	}
}

func cancelDescendants(b *testing.B) {
	for i := 0; i < b.N; i++ {
		b.StopTimer()
		root, cancel := context.WithCancel(context.Background())
		descendantsOf(root)
		b.StartTimer()
		cancel()
	}
}

func cancelWaiters(b *testing.B) {
	for i := 0; i < b.N; i++ {
		b.StopTimer()
		root, cancel := context.WithCancel(context.Background())
		var started, group sync.WaitGroup
		for _, ctx := range descendantsOf(root) {
			ctx := ctx
			started.Add(1)
			group.Add(1)
			go func() {
				started.Done()
				<-ctx.Done()
				group.Done()
			}()
		}
		started.Wait()
		b.StartTimer()
		cancel()
		group.Wait()
	}
}

func answer(_ context.Context, index int) (int, error) { return index, nil }

// A hedge as one writes it by hand: an attempt in a goroutine, a timer for the second one.
func hedgedCall(b *testing.B) {
	for i := 0; i < b.N; i++ {
		ctx, cancel := context.WithCancel(context.Background())
		answers := make(chan int, 2)
		attempt := func(index int) {
			value, _ := answer(ctx, index)
			answers <- value
		}
		go attempt(0)
		timer := time.NewTimer(50 * time.Millisecond)
		for won := false; !won; {
			select {
			case <-answers:
				won = true
			case <-timer.C:
				go attempt(1)
			}
		}
		timer.Stop()
		cancel()
	}
}

func flownCall(b *testing.B) {
	var flights singleflight.Group
	for i := 0; i < b.N; i++ {
		flights.Do("1", func() (interface{}, error) { return answer(context.Background(), 0) })
	}
}

func semaphoreFree(b *testing.B) {
	permits := semaphore.NewWeighted(1)
	for i := 0; i < b.N; i++ {
		if permits.Acquire(context.Background(), 1) == nil {
			permits.Release(1)
		}
	}
}

func semaphoreHandover(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	permits := semaphore.NewWeighted(1)
	var group sync.WaitGroup
	for side := 0; side < 2; side++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := 0; i < b.N/2; i++ {
				if permits.Acquire(ctx, 1) != nil {
					return
				}
				runtime.Gosched() // the other one queues
				permits.Release(1)
			}
		}()
	}
	group.Wait()
}

func channelOf(capacity int) func(*testing.B) {
	return func(b *testing.B) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		values := make(chan int, capacity)
		group, ctx := errgroup.WithContext(ctx)
		group.Go(func() error {
			defer close(values)
			for i := 0; i < b.N; i++ {
				select {
				case values <- i:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
		group.Go(func() error {
			for {
				select {
				case _, open := <-values:
					if !open {
						return nil
					}
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		})
		if group.Wait() != nil {
			b.Fatal()
		}
	}
}

func BenchmarkRow(b *testing.B) {
	b.Run("group of one", groupOfOne)
	b.Run("child of 1000", childOf(1000))
	b.Run("child of 1000000", childOf(1000000))
	b.Run("derive a context", derive)
	b.Run("derive 10000 descendants", deriveDescendants)
	b.Run("cancel 10000 descendants", cancelDescendants)
	b.Run("cancel 10000 waiting children", cancelWaiters)
	afterFunc(b)
	b.Run("hedge, first attempt wins", hedgedCall)
	b.Run("single flight, alone", flownCall)
	b.Run("semaphore, free", semaphoreFree)
	b.Run("semaphore, hand-over", semaphoreHandover)
	b.Run("channel, buffer of 64", channelOf(64))
	b.Run("channel, no buffer", channelOf(0))
}
