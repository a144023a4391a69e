//go:build !linux

// Command abuse runs the suite against hostile servers. It needs Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr,
		"abuse: it reads /proc to see what a run costs and leaves, which needs Linux")
	os.Exit(2)
}
