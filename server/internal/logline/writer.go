package logline

import (
	"io"
	"log"
	"strings"
)

// writer escapes each message on its way to another writer.
type writer struct{ to io.Writer }

// NewWriter returns a writer for a [log.Logger], which writes each message by
// one call. It turns each message into exactly one line; see [Escape].
func NewWriter(to io.Writer) io.Writer { return writer{to} }

// Write implements [io.Writer].
func (w writer) Write(message []byte) (int, error) {
	line := Escape(strings.TrimRight(string(message), "\n")) + "\n"
	if _, err := io.WriteString(w.to, line); err != nil {
		return 0, err
	}
	return len(message), nil
}

// each calls a function with each message of a logger.
type each func(message string)

// Write implements [io.Writer].
func (f each) Write(message []byte) (int, error) {
	f(strings.TrimRight(string(message), "\n"))
	return len(message), nil
}

// Edit returns a logger whose messages go to another one after a function has
// changed them.
func Edit(to *log.Logger, change func(message string) string) *log.Logger {
	return log.New(each(func(message string) { to.Print(change(message)) }), "", 0)
}
