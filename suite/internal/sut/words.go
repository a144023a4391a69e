package sut

import (
	"strings"

	"assay/suite/internal/logtext"
)

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
}

// Words returns what all lines say, each with a line break; see [Line.Words].
func (l *Log) Words() string {
	var b strings.Builder
	for _, line := range l.Lines() {
		b.WriteString(line.Words() + "\n")
	}
	return b.String()
}
