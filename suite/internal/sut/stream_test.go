package sut

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/suite/internal/limits"
)

// A stream that goes on without end is read no faster than the limits say. Empty lines
// count too.
func TestPace(t *testing.T) {
	t.Parallel()
	// Half a second's worth is more than may come at once.
	const cost = limits.LogAtOnce + limits.LogRate/2
	for name, text := range map[string][]byte{
		"long":  bytes.Repeat([]byte("x"), cost),
		"empty": bytes.Repeat([]byte("\n"), cost/(limits.LogLineCost+1)+1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			from := bytes.NewReader(text)
			r := newPace(from)
			for buffer := make([]byte, 1<<10); from.Len() > 0; {
				if _, err := r.Read(buffer); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(began); took < time.Second/3 {
				t.Errorf("took %s, expected about half a second", took)
			}
		})
	}
}

// A JSON object over several lines is one line. Whatever is none stays as it came.
func TestObjects(t *testing.T) {
	t.Parallel()
	long := "{\n" + strings.Repeat("  \"a\": 1,\n", mostObjectLines) + "  \"a\": 1\n}\n"
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"object": {"{\n  \"a\": \"x y\",\n  \"b\": {\n    \"c\": []\n  }\n}\n",
			[]string{`{"a":"x y","b":{"c":[]}}`}},
		"tabs, CRLF": {"{\r\n\t\"a\": 1\r\n}\r\n", []string{`{"a":1}`}},
		"two": {"{\n \"a\": 1\n}\n{\n \"a\": 2\n}\nend\n",
			[]string{`{"a":1}`, `{"a":2}`, "end"}},
		"on one line":  {"{\"a\": 1}\n", []string{`{"a": 1}`}},
		"not indented": {"{\n\"a\": 1\n}\n", []string{"{", `"a": 1`, "}"}},
		"no JSON":      {"{\n  a = 1\n}\n", []string{"{", "  a = 1", "}"}},
		"text in between": {"{\n  \"a\":\nforged\n  1\n}\n",
			[]string{"{", `  "a":`, "forged", "  1", "}"}},
		"no end":         {"{\n  \"a\": 1\n", []string{"{", `  "a": 1`}},
		"within another": {"{\n{\n  \"a\": 1\n}\n", []string{"{", `{"a":1}`}},
		"too many lines": {long, strings.Split(strings.TrimSuffix(long, "\n"), "\n")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newLog(time.Now())
			log.read(Stdout, strings.NewReader(tt.text))
			var got []string
			for _, line := range log.Lines() {
				got = append(got, line.Text)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("found %q, expected %q", got, tt.want)
			}
		})
	}
}

// The lines of an object that does not end are not kept back: another may wait for them.
func TestObjectWithoutEnd(t *testing.T) {
	t.Parallel()
	log := newLog(time.Now())
	lines := newSplitter(log, Stdout)
	if _, err := io.WriteString(lines, "{\n  \"a\": 1,\n"); err != nil {
		t.Fatal(err)
	}
	wanted := func(l Line) bool { return l.Text == `  "a": 1,` }
	if _, err := log.Wait(within(t, 30*time.Second), "the line", wanted); err != nil {
		t.Error(err)
	}
}

// A long line within an object is cut like any other.
func TestLongLineInObject(t *testing.T) {
	t.Parallel()
	log := newLog(time.Now())
	long := "  \"a\": \"" + strings.Repeat("x", limits.LogLine) + "\""
	log.read(Stdout, strings.NewReader("{\n"+long+"\n}\n"))
	if got := log.Lines(); len(got) != 3 || got[1].Cut == 0 {
		t.Errorf("found %d lines, expected 3, of which the second is cut", len(got))
	}
}
