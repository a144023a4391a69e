package words

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Color is an ANSI colour, or "" for none.
type Color string

// The colours of verdicts and differences.
const (
	Red    Color = "31;1"
	Green  Color = "32"
	Yellow Color = "33"
	Dim    Color = "2"
	Bold   Color = "1"
)

// DefaultWidth is the number of columns at which prose is wrapped by default.
const DefaultWidth = 100

// Terminal writes lines of text for a terminal. Errors of the underlying writer
// are reported by Flush.
type Terminal struct {
	w     *bufio.Writer
	width int
	color bool
}

// NewTerminal returns a Terminal that wraps prose at a width in columns, or at
// 100 if width is not positive, and uses colours if color is set.
func NewTerminal(w io.Writer, width int, color bool) *Terminal {
	if width <= 0 {
		width = DefaultWidth
	}
	return &Terminal{w: bufio.NewWriter(w), width: width, color: color}
}

// Width returns the number of columns at which prose is wrapped.
func (t *Terminal) Width() int { return t.width }

// Flush writes what is buffered and returns the first error that occurred.
func (t *Terminal) Flush() error { return t.w.Flush() }

// Line writes one line without spaces at its end.
func (t *Terminal) Line(s string) { fmt.Fprintln(t.w, strings.TrimRight(s, " ")) }

// Paint returns a text in a colour.
func (t *Terminal) Paint(c Color, s string) string {
	if !t.color || s == "" || c == "" {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}

// Lines writes a text line by line with an indentation.
func (t *Terminal) Lines(indent, text string) {
	for line := range strings.Lines(Printable(text)) {
		t.Line(indent + strings.TrimRight(line, "\n"))
	}
}

// Prose writes a text with an indentation and wraps its lines.
func (t *Terminal) Prose(indent, text string) {
	for line := range strings.Lines(Printable(text)) {
		for _, l := range Wrap(line, t.width-len(indent)) {
			t.Line(indent + l)
		}
	}
}
