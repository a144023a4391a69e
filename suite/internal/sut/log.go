package sut

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"assay/suite/internal/limits"
	"assay/suite/internal/logtext"
	"assay/suite/report/words"
)

// tailLines is the number of lines that an error shows.
const tailLines = 12

// ErrExited is the error of waiting for a process that has ended.
var ErrExited = errors.New("the server exited")

// Stream says where a line of the log comes from.
type Stream string

// The streams of a process, the files that it logs to, and Assay's own notes.
const (
	Stdout Stream = "stdout"
	Stderr Stream = "stderr"
	File   Stream = "file"
	Note   Stream = "assay"
)

// Line is one line of the log, without its line break.
type Line struct {
	T      time.Duration // since the process was started
	Stream Stream
	Text   string
	Cut    int // bytes that the server wrote after what Text holds

	names *logtext.Names // see Log.LeaveOut
}

// Log holds what a process wrote, line by line. The lines of all streams are in
// the order in which they arrived. Its methods can be called at any time, by any
// goroutine.
type Log struct {
	started time.Time
	limit   int
	refresh func() // adds what a log file holds by now; nil if there is no file

	mu      sync.Mutex
	names   *logtext.Names // what belongs to this run
	lines   []Line
	dropped int // lines dropped before lines[0]
	bytes   int // of the lines, with what each costs besides its text
	ended   bool
	changed chan struct{} // closed at the next change; nil while nobody waits

	shapes map[string]bool // of the lines before the mark shaped, see [Log.Says]
	shaped int
}

func newLog(started time.Time) *Log { return &Log{started: started, limit: limits.Log} }

// Started returns when the process was started. The times of lines count from then.
func (l *Log) Started() time.Time { return l.started }

// Lines returns the lines so far. If the log has grown beyond
// [limits.Log], a note replaces the oldest lines.
func (l *Log) Lines() []Line { return l.Since(0) }

// Mark returns the current end of the log, for [Log.Since].
func (l *Log) Mark() int {
	l.catchUp()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped + len(l.lines)
}

// Since returns the lines after a mark.
func (l *Log) Since(mark int) []Line {
	lines, missed, _, _ := l.linesFrom(mark, false)
	if missed > 0 {
		note := Line{Stream: Note, Text: fmt.Sprintf("(%d earlier lines dropped)", missed)}
		return append([]Line{note}, lines...)
	}
	return lines
}

// Text returns all lines, each with a line break.
func (l *Log) Text() string { return text(l.Lines()) }

// Tail returns the last n lines, the beginning of each, as indented text, for the
// message of an error.
func (l *Log) Tail(n int) string {
	lines := l.Lines()
	lines = lines[max(0, len(lines)-n):]
	if len(lines) == 0 {
		return "  (it wrote nothing)"
	}
	for i := range lines {
		lines[i].Text = words.Cut(lines[i].Text, limits.Tail)
	}
	return "  " + strings.ReplaceAll(strings.TrimRight(text(lines), "\n"), "\n", "\n  ")
}

// Wait returns the first line that matches, and waits for it if necessary. what
// describes the line in words, for the error. The error shows the last lines and
// wraps the context's error, or [ErrExited] if the process has ended.
func (l *Log) Wait(ctx context.Context, what string, match func(Line) bool) (Line, error) {
	return l.WaitSince(ctx, 0, what, match)
}

// WaitSince waits like [Log.Wait] for a line after a mark.
func (l *Log) WaitSince(
	ctx context.Context, mark int, what string, match func(Line) bool,
) (Line, error) {
	failed := func(cause error) (Line, error) {
		return Line{}, fmt.Errorf("waited for %s in the log: %w; its last lines:\n%s",
			what, cause, l.Tail(tailLines))
	}
	for {
		lines, missed, ended, changed := l.linesFrom(mark, true)
		for _, line := range lines {
			if match(line) {
				return line, nil
			}
		}
		mark += missed + len(lines)
		if ended {
			return failed(ErrExited)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return failed(context.Cause(ctx))
		}
	}
}

// linesFrom returns the lines after a mark, how many of them were dropped, and
// whether the log has ended. If wait is true, it also returns a channel that is
// closed at the next change.
func (l *Log) linesFrom(
	mark int, wait bool,
) (lines []Line, missed int, ended bool, changed <-chan struct{}) {
	l.catchUp()
	l.mu.Lock()
	defer l.mu.Unlock()
	missed = max(0, l.dropped-mark)
	if first := mark + missed - l.dropped; first < len(l.lines) {
		lines = append(lines, l.lines[first:]...)
		for i := range lines {
			lines[i].names = l.names
		}
	}
	if wait {
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed = l.changed
	}
	return lines, missed, l.ended, changed
}

// catchUp adds what the log file holds by now, so that a reader of the log sees
// everything that was written before.
func (l *Log) catchUp() {
	if l.refresh != nil {
		l.refresh()
	}
}

// add appends a line of which cut bytes were left out. It drops the oldest lines if
// the log would grow too large.
func (l *Log) add(stream Stream, line string, cut int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, Line{
		T: time.Since(l.started), Stream: stream, Text: line, Cut: cut,
	})
	l.bytes += len(line) + limits.LogLineCost
	drop := 0
	for ; l.bytes > l.limit && drop < len(l.lines)-1; drop++ {
		l.bytes -= len(l.lines[drop].Text) + limits.LogLineCost
		l.lines[drop] = Line{} // lets go of the text
	}
	l.lines = l.lines[drop:]
	l.dropped += drop
	l.notify()
}

// Says reports whether a line of the log, also one that was dropped, has this shape;
// see [Line.Shape].
func (l *Log) Says(shape string) bool {
	l.catchUp()
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := max(0, l.shaped-l.dropped); i < len(l.lines) && len(l.shapes) < mostShapes; i++ {
		if l.shapes == nil {
			l.shapes = map[string]bool{}
		}
		l.shapes[l.lines[i].Named(l.names).Shape()] = true
	}
	l.shaped = l.dropped + len(l.lines)
	return l.shapes[shape]
}

// mostShapes bounds the shapes that a log remembers. A server says a few hundred
// different things.
const mostShapes = 50_000

// end marks the log as complete.
func (l *Log) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.notify()
}

func (l *Log) notify() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

func text(lines []Line) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(line.Text)
		b.WriteByte('\n')
	}
	return b.String()
}

// Words returns what the line says to a reader: its text without colours, what
// is quoted in it without escapes, and the addresses that it gives in parts. See
// [logtext.Words].
func (l Line) Words() string { return logtext.Words(l.Text) }

// Subject returns [Line.Words] without the names that belong to this run of the
// server, see [Log.LeaveOut]: "PATH is self-signed" is not about the words in
// PATH.
func (l Line) Subject() string { return l.names.Without(l.Words()) }

// Level returns how serious the line says it is.
func (l Line) Level() logtext.Level { return logtext.LevelOf(l.names.Without(l.Text)) }

// Shape returns what stays the same of the line when a server writes it again,
// in this run or in another one. See [logtext.Shape].
func (l Line) Shape() string { return logtext.Shape(l.Text, l.names) }

// Named returns the line with these names as those of its run.
func (l Line) Named(names *logtext.Names) Line {
	l.names = names
	return l
}

// LeaveOut tells the log which names belong to this run of the server and say
// nothing: its directory, its host, its addresses. See [Line.Subject].
func (l *Log) LeaveOut(names *logtext.Names) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names = names
	l.shapes, l.shaped = nil, 0
}

// Words returns what all lines say, each with a line break; see [Line.Words].
func (l *Log) Words() string {
	var b strings.Builder
	for _, line := range l.Lines() {
		b.WriteString(line.Words() + "\n")
	}
	return b.String()
}
