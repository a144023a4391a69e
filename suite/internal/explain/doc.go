// Package explain describes a requirement for somebody whose server failed it: the
// promise, how it is tried, how servers break it, and what to do.
package explain
