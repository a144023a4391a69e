// Package limits holds the bounds of what Assay takes from a server under test: how
// much of a file, of a log or of an answer it reads, how much it keeps, and how long
// it waits. A server that is not hostile comes near none of them. CONTRACTS.md states
// them, and a test compares the two.
//
// The CA has limits of its own, in package pebble. How long a spec waits for a server
// is in package patience.
package limits

import "time"

// Files below the directory of a spec.
const (
	// File is the number of bytes of a file that is read, such as a certificate.
	File = 8 << 20
	// KeyFile is the number of bytes of a file in which private keys are looked for.
	KeyFile = 1 << 20
	// ReadAtOnce is the number of bytes that one search reads from all files together.
	ReadAtOnce = 64 << 20
	// Secrets is the number of spellings of keys that one spec keeps for redaction.
	Secrets = 2000
	// Files is the number of files and directories that one search visits, and Deep the
	// number of directories that may lie in one another.
	Files = 20_000
	Deep  = 64
	// Disk is the number of bytes that the directory of a spec holds in the namespace
	// world, and DiskFiles the number of its files.
	Disk      = 16 << 20
	DiskFiles = 32 << 10
	// Scratch is the number of bytes of everything else that a run keeps temporarily
	// in the namespace world, and ScratchFiles the number of its files.
	Scratch      = 512 << 20
	ScratchFiles = 128 << 10
	// Kept is the number of bytes of a spec's files that --keep copies into the report.
	Kept = 16 << 20
	// Cleanup is how long the removal of a spec's or of a run's files may take.
	Cleanup = 20 * time.Second
)

// The log of a server.
const (
	// LogLine is the number of bytes of a line that are kept.
	LogLine = 64 << 10
	// Log is the number of bytes of all lines that are kept of one start of a server.
	// Each line counts as [LogLineCost] more than its text.
	Log = 4 << 20
	// LogLineCost counts the bytes that a line costs besides its text.
	LogLineCost = 128
	// LogAtOnce is the number of bytes of a stream, counted as those of [Log], that are
	// read as fast as they come, and LogRate how many are read in each second besides.
	LogAtOnce = 8 << 20
	LogRate   = 2 << 20
	// LogFileAtOnce is the number of bytes of a log file that are read at a time. If
	// more have been written meanwhile, those before are left out.
	LogFileAtOnce = 16 << 20
	// Tail is the number of bytes of a line that an error message shows.
	Tail = 2 << 10
)

// Answers over the network, and the output of commands.
const (
	// HTTPHead is the number of bytes of the status line and the header of an answer.
	HTTPHead = 256 << 10
	// HTTPBody is the number of bytes of the body of an answer that are read.
	HTTPBody = 1 << 20
	// Output is the number of bytes that are kept of what a command prints, and
	// Schedule that number for the schedule command.
	Output   = 1 << 20
	Schedule = 16 << 20
	// Processes is the number of processes and threads of a run from which on targets
	// start no more, in the namespace world.
	Processes = 8192
	// PacketsAtOnce is the number of packets of TCP that everything in the network of a
	// spec sends as fast as it can, in the namespace world, and PacketRate how many it
	// sends in each second besides. DatagramsAtOnce and DatagramRate bound all others.
	PacketsAtOnce   = 100_000
	PacketRate      = 20_000
	DatagramsAtOnce = 8000
	DatagramRate    = 4000
	// Drain is how long the output of a process is read after its end, in case another
	// process still holds it, and DrainAtMost how long while more of it is there.
	Drain       = 500 * time.Millisecond
	DrainAtMost = 5 * time.Second
)

// Worker is the number of bytes from which on a worker collects garbage more often. It
// takes more if it needs more.
const Worker = 40 << 20

// What a report holds.
const (
	// Reason is the number of bytes of the reason of one case.
	Reason = 16 << 10
	// Observed is the number of lines of a log in which observations are looked for.
	Observed = 5000
	// Observation is the number of bytes of the value of one observation, and
	// Observations that of all of one case.
	Observation  = 16 << 10
	Observations = 64 << 10
	// Case is the number of bytes of the evidence of one failure. If there is more, it
	// becomes as short as that of what passed.
	Case = 1 << 20
	// Evidence is the number of bytes of the evidence of all failures, and Captures that
	// of their packets. The workers share both. When the share of a worker is used up,
	// the evidence of its further failures is as short as that of what passed.
	Evidence = 32 << 20
	Captures = 64 << 20
	// Outcomes is the number of bytes of the outcomes that one worker hands over.
	Outcomes = 128 << 20
	// Report is the number of bytes of a report.json that is read.
	Report = 512 << 20
)
