package main

import "fmt"

// mostFiles limits the number of Go files in a directory, tests not counted, so
// that a reader can take in the list at a glance.
const mostFiles = 20

// checkSizes finds directories that hold too many Go files.
func checkSizes(sources []source) []string {
	count := map[string]int{}
	for _, s := range sources {
		if !s.test() {
			count[s.dir()]++
		}
	}
	var findings []string
	for dir, n := range count {
		if n > mostFiles {
			findings = append(findings, fmt.Sprintf(
				"%s: holds %d Go files besides tests, expected at most %d", dir, n, mostFiles))
		}
	}
	return findings
}
