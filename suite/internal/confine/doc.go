// Package confine takes from a server under test what it does not need of the
// machine: files, devices and sockets, root's ID, capabilities, signals to processes
// that are not its own, keys of the user's session, and inherited descriptors.
//
// Everything here holds on Linux. Where a kernel or a container does not allow a
// part of it, that part says so in words, and the rest holds nevertheless.
package confine
