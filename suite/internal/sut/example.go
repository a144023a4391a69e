package sut

import _ "embed"

//go:embed example.yaml
var example string

// Example is a target file with every key explained, to start one's own from.
func Example() string { return example }
