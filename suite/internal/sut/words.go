package sut

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Words returns what a line says to a person: its text, followed by every quoted
// text in it that holds escapes, without the escapes, each on a line of its own.
// In this way a log in JSON or of key="value" pairs can be searched like a plain
// one.
func (l Line) Words() string {
	if !strings.Contains(l.Text, `\`) {
		return l.Text
	}
	words := l.Text
	for rest := l.Text; ; {
		begin := strings.IndexByte(rest, '"')
		if begin < 0 {
			return words
		}
		quoted, end := quotedText(rest[begin:])
		if end == 0 {
			return words
		}
		if quoted != rest[begin+1:begin+end-1] {
			words += "\n" + quoted
		}
		rest = rest[begin+end:]
	}
}

// quotedText returns the quoted text at the beginning of s, without quotation
// marks and escapes, and the index after it; 0 if the quotation does not end.
func quotedText(s string) (text string, end int) {
	for end = 1; end < len(s) && s[end] != '"'; end++ {
		if s[end] == '\\' {
			end++
		}
	}
	if end >= len(s) {
		return "", 0
	}
	end++
	if json.Unmarshal([]byte(s[:end]), &text) == nil {
		return text, end
	}
	if text, err := strconv.Unquote(s[:end]); err == nil {
		return text, end
	}
	return s[1 : end-1], end
}

// Words returns what all lines say, each with a line break; see [Line.Words].
func (l *Log) Words() string {
	var b strings.Builder
	for _, line := range l.Lines() {
		b.WriteString(line.Words() + "\n")
	}
	return b.String()
}
