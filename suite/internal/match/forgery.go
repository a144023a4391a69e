package match

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/sut"
)

// A Forgery is a text that a stranger sends in order to change what others read in
// the log.
type Forgery struct {
	Kind string // what is special about the text
	Text string // a harmless word, the special characters, and the marker

	special, marker string
}

// specials holds, by kind, the characters that start a new line in a log or make a
// terminal show another text than the log has.
var specials = map[string]string{
	"newline":      "\n",
	"crlf":         "\r\n",
	"return":       "\r",
	"tabulator-up": "\v",
	"form-feed":    "\f",
	"nul":          "\x00",
	"backspace":    "\b\b\b\b",
	"delete":       "\x7f\x7f\x7f\x7f",
	"escape":       "\x1b[1A\x1b[2K\x1b[G",
	"title":        "\x1b]0;pwned\a",
	"c1":           "\x9b2K",       // the control sequence introducer in one byte
	"c1-utf8":      "\u009b2K",     // the same in UTF-8
	"next-line":    "\u0085",       // NEL
	"separator":    "\u2028\u2029", // line and paragraph
	"right-left":   "\u202e",       // overrides the direction of what follows
	"isolate":      "\u2067",
	"not-utf8":     "\xff\xfe",
	"quote":        `","`, // ends a value in a line of JSON
	"long":         "",
}

// longText is the number of characters of a long text. No field of a request has so
// many in practice.
const longText = 100_000

// longWord makes a long text by being repeated.
const longWord = "long-"

// NewForgery returns the forgery of a kind. It panics if the kind is unknown.
func NewForgery(kind string) Forgery {
	special, known := specials[kind]
	if !known {
		panic("no forgery of kind " + kind)
	}
	f := Forgery{Kind: kind, special: special, marker: "forged-by-" + kind}
	f.Text = "seen" + special + f.marker
	switch kind {
	case "quote":
		f.Text += `":"x`
	case "long":
		f.Text = strings.Repeat(longWord, longText/len(longWord))
	}
	return f
}

// Names in a list for ALPN, and bytes of a name (RFC 7301 §3.1). The list stays below
// the 64 KiB that the extension can hold.
const (
	mostProtocols   = 200
	longestProtocol = 255
)

// AsProtocols returns the forgery with as much of its text as a list for ALPN holds.
func (f Forgery) AsProtocols() Forgery {
	f.Text = f.Text[:min(len(f.Text), mostProtocols*longestProtocol)]
	return f
}

// Protocols returns the text as a list for ALPN.
func (f Forgery) Protocols() []string {
	var all []string
	for text := f.AsProtocols().Text; text != ""; {
		n := min(len(text), longestProtocol)
		all = append(all, text[:n])
		text = text[n:]
	}
	return all
}

// Bounds of a log that strangers write into. A line may quote all that a stranger
// sent, as errors of Go's net/http and access logs do. The usual escapes and
// hexadecimal need four bytes at most for a byte (\xff), and the server adds words of
// its own. A few lines may quote the same text: an access log, an error, a note for
// the developer. A log beyond these bounds lets a stranger fill the disk with
// little traffic.
const (
	bytesPerByte = 4
	ownWords     = 1 << 10
	ownLine      = 8 << 10 // a line about something else, such as what the CA has answered
	linesPerText = 4
	otherLines   = 64 << 10 // what the server writes of itself, from start to end
)

// longestQuote returns the longest line that may follow from a text of n bytes.
func longestQuote(n int) int { return bytesPerByte*n + ownWords }

// StayReadable succeeds if no line of the log begins with what followed a special
// character of a forgery, and none holds such a character as it was sent. Lines of
// JSON may hold characters beyond ASCII as they were sent, because programs read
// them, not terminals. No line may be longer than four bytes for each byte of the
// longest text and 1 KiB, or than 8 KiB, and the log may hold four lines of the first
// kind for each text beside 64 KiB that the server writes of itself. The server must have
// ended.
func StayReadable(sent []Forgery) types.GomegaMatcher {
	longestLine, longestLog := ownLine, otherLines
	for _, f := range sent {
		longestLine = max(longestLine, longestQuote(len(f.Text)))
		longestLog += linesPerText * longestQuote(len(f.Text))
	}
	expected := fmt.Sprintf("log lines that a stranger cannot forge, without control characters, "+
		"of %d bytes at most, %d bytes in all", longestLine, longestLog)
	return match(expected, func(log []sut.Line) (bool, string) {
		total := 0
		for _, line := range log {
			size := len(line.Text) + line.Cut
			total += size
			if size > longestLine {
				return false, fmt.Sprintf("a line of %d bytes: %.200q…", size, line.Text)
			}
			for _, f := range sent {
				if how := f.effectOn(line.Text); how != "" {
					return false, fmt.Sprintf("%s: %.400q", how, line.Text)
				}
			}
		}
		return total <= longestLog, fmt.Sprintf("%d bytes of log for %d texts", total, len(sent))
	})
}

// effectOn says how the forgery changed a line. It returns "" if it did not.
func (f Forgery) effectOn(line string) string {
	line = strings.ToLower(line) // servers may log host names in lower case
	if f.special == "" {
		if beginsInside(line) {
			return "a line that begins in the middle of what was sent, by " + f.Kind
		}
		return ""
	}
	if f.Kind == "quote" {
		return f.effectOnJSON(line)
	}
	special := strings.ToLower(f.special)
	if strings.HasPrefix(line, f.marker) {
		return "a forged line, by " + f.Kind
	}
	if strings.ContainsRune(special, '\n') || !strings.Contains(line, special+f.marker) {
		return ""
	}
	if _, object, found := strings.Cut(line, "{"); special[0] >= 0x7f && found &&
		json.Valid([]byte("{"+object)) {
		return ""
	}
	return "a special character as it was sent, by " + f.Kind
}

// beginsInside reports whether a line begins with a part of a long text, as one does that was
// wrapped.
func beginsInside(line string) bool {
	for i := range longWord {
		if strings.HasPrefix(line, longWord[i:]+longWord) {
			return true
		}
	}
	return false
}

// effectOnJSON says how the forgery changed a line of JSON.
func (f Forgery) effectOnJSON(line string) string {
	if !strings.HasPrefix(line, "{") || !strings.Contains(line, f.marker) {
		return ""
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(line), &members); err != nil {
		return "a line that is no JSON any more, by " + f.Kind
	}
	if _, forged := members[f.marker]; forged {
		return "a forged member of a line of JSON, by " + f.Kind
	}
	return ""
}
