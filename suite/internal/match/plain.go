package match

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/onsi/gomega/format"

	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// Gomega prints values with their Go types and addresses in memory. They say
// nothing to the people who read a report, and differ from run to run.
var _ = format.RegisterCustomFormatter(func(value any) (string, bool) {
	if p := reflect.ValueOf(value); p.Kind() == reflect.Pointer && p.IsNil() {
		return "nil", true
	}
	switch v := value.(type) {
	case sut.Line:
		return v.Text, true
	case *wire.Handshake:
		return Describe(v), true
	case error:
		return "", true // Gomega prints the text itself
	case fmt.Stringer:
		return v.String(), true
	}
	return "", false
})

var (
	// typeName matches what Gomega puts before a value: "<*net.OpError | 0xc0001>: ".
	typeName = regexp.MustCompile(
		`(?m)(^[ \t]*|[ \[{,:])<[\w.*\[\]{} /-]+(?: \| (?:0x[0-9a-f]+|len:\d+(?:, cap:\d+)?))?>: ?`)
	// unexpected matches Gomega's messages about an error where none is expected.
	unexpected = regexp.MustCompile(
		`(?s)(?:Unexpected error:|Expected success, but got an error:)\n(.*?)(?:\s*\noccurred)?\s*$`)
	// compared matches Gomega's message about a value, with or without another one
	// that it is compared with.
	compared = regexp.MustCompile(
		`(?s)(^|\n)Expected\n((?:[ \t]+[^\n]*\n|\n)+?)((?:not )?to [^\n]+)(?:\n([ \t].*))?$`)
)

// Plain returns a failure message in the form of this package, an expectation and
// what was seen, without the names of Go types. Messages in this form stay as they
// are.
func Plain(message string) string {
	if strings.Contains(message, "expected  ") {
		return message
	}
	text := typeName.ReplaceAllString(message, "$1")
	if m := unexpected.FindStringSubmatchIndex(text); m != nil {
		return text[:m[0]] + "expected  no error\nseen      " + Indent(dedent(text[m[2]:m[3]]))
	}
	if m := compared.FindStringSubmatch(text); m != nil {
		before := text[:strings.Index(text, m[0])] + m[1]
		expected := m[3]
		if other := dedent(m[4]); other != "" {
			expected += " " + other
		}
		seen := dedent(m[2])
		if seen == "" {
			seen = "nothing"
		}
		return before + "expected  " + Indent(expected) + "\nseen      " + Indent(seen)
	}
	return text
}

// dedent removes empty lines and the four columns with which Gomega indents a
// value.
func dedent(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(strings.TrimPrefix(line, "    "), " \t\n")
		if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
