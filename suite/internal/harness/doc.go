// Package harness is the environment of a spec: a world with a network of its
// own, a directory, a CA, and the servers and clients that the spec starts in
// it. It also holds the registry of specs, by requirement ID.
//
// Specs import this package and package match with a dot, so that they read as
// sentences. The helpers here carry the mechanics and record evidence; they
// judge nothing but what every spec takes for granted, such as that a server
// becomes ready.
package harness
