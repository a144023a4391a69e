package main

import (
	"os"
	"testing"
	"time"
)

// waitFor waits until a path exists. It polls, because there is no portable event
// for a new file.
func waitFor(t *testing.T, path string) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(path); err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited ten seconds for %s, expected it to exist", path)
		}
	}
}
