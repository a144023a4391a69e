// Package explore leads servers through random lives, see package life. A walk that finds
// something is repeated, made as short as possible, and told as a story.
package explore

import "assay/suite/internal/explore/life"

// A Walk is one life of a server, step by step.
type Walk = life.Walk

// Read reads the walk in a file's text, see [life.Read].
func Read(name string, text []byte) (Walk, error) { return life.Read(name, text) }
