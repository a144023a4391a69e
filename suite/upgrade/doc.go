// Package upgrade builds a Go server with different versions of
// golang.org/x/crypto and runs the suite against each, so that what a version
// changes in behaviour can be seen. It drives the go command, and leaves the
// server's source tree as it is.
package upgrade

// Module is the module whose versions are compared: autocert is part of it.
const Module = "golang.org/x/crypto"
