// Package upgrade builds a Go server with different versions of
// golang.org/x/crypto and runs the suite against each, to show what a version
// changes in the server's behaviour. It calls the go command and does not change
// the server's source tree.
package upgrade

// Module names the module whose versions are compared. It contains autocert.
const Module = "golang.org/x/crypto"
