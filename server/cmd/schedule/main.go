// Command schedule runs the server's certificate source for two years of
// virtual time against a CA in memory. It prints as JSON when the source
// renewed, how much life was left at each renewal, and what it did while the CA
// failed. It is the schedule command of the server's target file. The type
// Schedule of package assay/suite/internal/match documents the output.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"testing/synctest"
)

// main runs a test, because virtual time exists only inside one (package
// synctest).
func main() {
	debug.SetGCPercent(400) // the program lives for seconds
	runtime.GOMAXPROCS(1)   // goroutines mostly wait for each other: one thread is faster
	os.Args = os.Args[:1]   // package testing would parse the rest
	testing.Main(func(string, string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "schedule", F: func(t *testing.T) {
			synctest.Test(t, func(*testing.T) { os.Exit(run()) })
		}}}, nil, nil)
}

// run simulates and prints. The process must exit after it, because goroutines
// of Pebble and of the certificate manager have no end, and package testing
// would wait for them.
func run() (exit int) {
	dir, err := os.MkdirTemp("", "schedule-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "schedule:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	found, err := simulate(dir)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(found)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "schedule:", err)
		return 1
	}
	return 0
}
