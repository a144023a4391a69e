// Package upgrade builds a Go server in different settings, such as with different
// versions of golang.org/x/crypto or by different Go toolchains, and runs the suite
// against each, to show what a setting changes in the server's behaviour. It calls the go
// command and does not change the server's source tree.
package upgrade

// Module names the module whose versions are compared. It contains autocert.
const Module = "golang.org/x/crypto"
