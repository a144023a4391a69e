// Command layout checks the shape of the repository: which package may import
// which, how many Go files a directory holds, and the form of doc comments.
//
//	go run ./suite/internal/layout [DIR]
//
// DIR is the root of the module, by default the working directory. Command
// layout prints one line for each finding and exits with 1 if there are any,
// with 2 if the tree cannot be read, and with 0 otherwise.
package main

import (
	"fmt"
	"os"
)

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	findings, err := check(os.DirFS(root))
	if err != nil {
		fmt.Fprintln(os.Stderr, "layout:", err)
		os.Exit(2)
	}
	for _, f := range findings {
		fmt.Println(f)
	}
	if len(findings) > 0 {
		fmt.Fprintf(os.Stderr, "layout: %d findings\n", len(findings))
		os.Exit(1)
	}
}
