//go:build unix

package once

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

func TestDoneOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "result.json")
	failure := errors.New("no such command")
	_, err := Do(t.Context(), path, func() (int, error) { return 0, failure })
	if !errors.Is(err, failure) {
		t.Errorf("found %v, expected %v", err, failure)
	}
	var calls atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			n, err := Do(t.Context(), path, func() (int, error) { return int(calls.Add(1)) * 42, nil })
			if n != 42 || err != nil {
				t.Errorf("found %d (%v), expected 42", n, err)
			}
		})
	}
	all.Wait()
	if calls.Load() != 1 {
		t.Errorf("found %d calls, expected one", calls.Load())
	}
}

func TestImpatience(t *testing.T) {
	path := filepath.Join(t.TempDir(), "result.json")
	release := make(chan struct{})
	done := make(chan struct{})
	began := make(chan struct{})
	go func() {
		defer close(done)
		Do(context.Background(), path, func() (int, error) { close(began); <-release; return 1, nil })
	}()
	<-began
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Do(ctx, path, func() (int, error) { return 2, nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("found %v, expected %v", err, context.Canceled)
	}
	close(release)
	<-done
}
