package match

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"assay/suite/internal/sut"
)

// A log may quote what a stranger sent, whole and escaped, but it may neither
// multiply it nor be changed by it.
func TestStayReadable(t *testing.T) {
	t.Parallel()
	long := NewForgery("long").AsProtocols()
	escape, newline, quote := NewForgery("escape"), NewForgery("newline"), NewForgery("quote")
	quoted := fmt.Sprintf("http: TLS handshake error: unsupported protocols (%q)", long.Protocols())
	for name, row := range map[string]struct {
		lines []sut.Line
		want  string // a part of the reason; "" if the log is readable
	}{
		"nothing":           {nil, ""},
		"quoted whole":      {[]sut.Line{{Text: quoted}}, ""},
		"shortened":         {[]sut.Line{{Text: quoted[:300] + "…"}}, ""},
		"in hexadecimal":    {[]sut.Line{{Text: hex.EncodeToString([]byte(long.Text))}}, ""},
		"in three lines":    {[]sut.Line{{Text: quoted}, {Text: quoted}, {Text: quoted}}, ""},
		"six bytes for one": {[]sut.Line{{Text: fmt.Sprintf("%#v", []byte(long.Text))}}, "a line of 3"},
		"cut by the reader": {[]sut.Line{{Text: quoted, Cut: 4 * len(long.Text)}}, "a line of 2"},
		"once for each": {
			linesOf(strings.Repeat(quoted+"\n", len(long.Protocols()))), "bytes of log for 4 texts",
		},
		"escaped": {
			linesOf(fmt.Sprintf("client offers %q\nclient offers %q", escape.Text, newline.Text)), "",
		},
		"raw escape": {
			linesOf("client offers " + escape.Text), "a special character as it was sent, by escape",
		},
		"raw newline": {linesOf("client offers " + newline.Text), "a forged line, by newline"},
		"wrapped": {
			linesOf("client offers " + long.Text[:100] + "\n" + long.Text[:100]),
			"a line that begins in the middle",
		},
		"JSON":           {linesOf(fmt.Sprintf(`{"offer":%q}`, quote.Text)), ""},
		"quote in words": {linesOf("client offers " + quote.Text), ""},
		"a forged member": {
			linesOf(`{"offer":"` + quote.Text + `"}`), "a forged member of a line of JSON, by quote",
		},
		"broken JSON": {linesOf(`{"offer":` + quote.Text + `}`), "a line that is no JSON any more"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := StayReadable([]Forgery{long, escape, newline, quote})
			ok, err := m.Match(row.lines)
			if err != nil {
				t.Fatal(err)
			}
			if seen := m.FailureMessage(row.lines); ok != (row.want == "") ||
				!strings.Contains(seen, row.want) {
				t.Errorf("got %t: %.300s, want %q", ok, seen, row.want)
			}
		})
	}
}

func linesOf(text string) (lines []sut.Line) {
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, sut.Line{Text: line})
	}
	return lines
}
