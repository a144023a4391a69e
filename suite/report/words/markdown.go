package words

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Markdown writes Markdown. Errors of the underlying writer are reported by
// Flush.
type Markdown struct{ w *bufio.Writer }

// NewMarkdown returns a Markdown that writes to w.
func NewMarkdown(w io.Writer) *Markdown { return &Markdown{bufio.NewWriter(w)} }

// Flush writes what is buffered and returns the first error that occurred.
func (m *Markdown) Flush() error { return m.w.Flush() }

// Printf writes Markdown by a format. Text has to be escaped by [Inline].
func (m *Markdown) Printf(format string, args ...any) { fmt.Fprintf(m.w, format, args...) }

// Block writes a text as a block of code. language may be empty. The fence is
// longer than any fence in the text.
func (m *Markdown) Block(language, text string) {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	text = strings.TrimRight(Printable(text), "\n")
	m.Printf("%s%s\n%s\n%s\n\n", fence, language, text, fence)
}

// escapes replaces the characters that have a meaning in Markdown or HTML.
var escapes = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;",
	"|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "\\", `\\`,
)

// blockStart matches what makes a heading, a quotation, an item of a list, a block of
// code or a line of a table of a line that begins with it, and a workflow command of
// GitHub Actions.
var blockStart = regexp.MustCompile(`^(?:[#>+=~:-]|(\d{1,9})([.)])(?: |$))`)

// Inline escapes a text for use within one line of Markdown. The line may begin with
// the text.
func Inline(s string) string {
	s = OneLine(Printable(s))
	start := blockStart.FindStringSubmatchIndex(s)
	switch {
	case start == nil:
		return escapes.Replace(s)
	case start[2] >= 0: // a number, which has no escape
		return s[:start[3]] + `\` + escapes.Replace(s[start[4]:])
	case s[0] == '>':
		return escapes.Replace(s)
	}
	return `\` + escapes.Replace(s)
}
