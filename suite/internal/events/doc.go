// Package events carries the events of a run from the process that judges to the
// process that the user started, as lines of JSON. The sender never waits for the
// reader, and what it sends is bounded: a target decides how much it logs.
package events
