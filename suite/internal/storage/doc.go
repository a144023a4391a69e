// Package storage makes a directory in which a server can store nothing, or not
// everything, in each of the ways in which that happens to operators.
package storage
