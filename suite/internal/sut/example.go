package sut

import _ "embed"

//go:embed example.yaml
var example string

// Example returns a target file that explains every key, as a start for one's
// own.
func Example() string { return example }
