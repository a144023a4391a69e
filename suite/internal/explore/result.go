package explore

import (
	"time"

	"assay/suite/internal/inner"
)

// Options say which server is led through which lives.
type Options struct {
	Target  string        // target file, or the name of a built-in target
	Bin     string        // executable that takes the place of the target's own
	Env     []string      // further KEY=VALUE for the target
	World   string        // "auto" (default), "namespace" or "loopback"
	Seed    uint64        // of the first walk
	For     time.Duration // how long walks are begun, in real time
	Walks   int           // how many walks are begun at most; 0 for no limit
	Workers int           // walks at a time
	First   bool          // end at the first find
	Play    *Walk         // this walk alone; nil for random ones
	// Covdata is the path of Go's tool covdata, see [coverage.Find]. If it is set, the
	// executable was built by "go build -cover", and walks that reach new code are kept: others
	// begin as they do.
	Covdata string
}

// A Result holds what came of all walks. "assay explore --json" prints it.
type Result struct {
	Schema int    `json:"schema"` // 1
	Assay  string `json:"assay,omitempty"`
	Target string `json:"target"`
	// Version is the version of the target.
	Version string `json:"version,omitempty"`
	World   string `json:"world"`
	Seed    uint64 `json:"seed"`
	Walks   int    `json:"walks"` // that were taken to their end
	Steps   int    `json:"steps"` // of these walks
	// Passed is the time of the servers that passed in steps, in days.
	Passed float64 `json:"passed_days"`
	Took   float64 `json:"took_s"` // in real seconds
	Finds  []Find  `json:"finds"`
	// Unsteady are finds that were not there when the walk was taken again.
	Unsteady []Unsteady `json:"unsteady,omitempty"`
	// Covered is how many blocks of code were reached, and Kept how many walks reached a new
	// one; 0 if nobody looked.
	Covered int `json:"covered,omitempty"`
	Kept    int `json:"kept,omitempty"`
	// Unjudged counts why walks could not be judged to their end.
	Unjudged map[string]int `json:"unjudged,omitempty"`
	Exit     int            `json:"exit"`
}

// A Find is an invariant that the server has broken, in the shortest walk that shows it.
type Find struct {
	Invariant string   `json:"invariant"`
	Text      string   `json:"text"` // of the invariant
	From      []string `json:"from"` // requirements that promise it
	Expected  string   `json:"expected"`
	Seen      string   `json:"seen"`
	Walk      Walk     `json:"walk"`
	Story     []string `json:"story"` // what was seen, step by step
	YAML      string   `json:"yaml"`  // the walk, as "assay explore --play" reads it
	Number    int      `json:"number"`
	Steps     int      `json:"steps_before"` // of the walk that found it
	After     float64  `json:"after_s"`      // real seconds since the beginning
	Again     int      `json:"again"`        // further walks that broke the same invariant
}

// An Unsteady is a finding that was not there again.
type Unsteady struct {
	Invariant string `json:"invariant"`
	Seen      string `json:"seen"`
	Walk      Walk   `json:"walk"`
}

// ErrInterrupted is the error of an exploration that a signal ended.
var ErrInterrupted = inner.ErrInterrupted

// An Event tells what happens while walks are taken.
type Event struct {
	Walks int    `json:"walks"`          // taken so far
	Text  string `json:"text,omitempty"` // what has happened; "" if only the number is new
	Find  *Find  `json:"find,omitempty"`
}
