package logtext

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"assay/suite/internal/linear"
)

// FuzzReadTime checks that the time that a line takes does not grow with the square
// of its length, whatever is repeated in it.
func FuzzReadTime(f *testing.F) {
	for _, line := range hostile(24) {
		f.Add(line)
	}
	f.Add(`{"a":"b\"c"} `)
	f.Add("\x1b]8;;")
	f.Fuzz(func(t *testing.T, part string) {
		linear.Check(t, part, func(line string) {
			Words(line)
			LevelOf(line)
			Shape(line, nil)
			Complains(line)
			NoConnection(line)
		})
	})
}

// FuzzPacked checks that a message is found in whatever packs it: JSON, a quoted
// value, and either in the other.
func FuzzPacked(f *testing.F) {
	for _, message := range []string{
		`say "no"`, "C:\\new", "tab\tand\nbreak", "a'b\"c`d", `{"msg":"level=warn"}`, "\u2028 ü <&>",
		`open /etc/x: permission denied`, "remote error: tls: bad certificate", `\"`, `'`,
	} {
		f.Add(message, uint8(1))
		f.Add(message, uint8(6))
		f.Add(message, uint8(27))
	}
	f.Fuzz(func(t *testing.T, message string, how uint8) {
		if !utf8.ValidString(message) || strings.ContainsRune(message, escape) || message == "" {
			return
		}
		line := message
		for range 3 { // a digit of how says what packs the line next
			switch how % 3 {
			case 1:
				text, err := json.Marshal(map[string]string{"log": line})
				if err != nil {
					t.Fatal(err)
				}
				line = string(text)
			case 2:
				line = "time=2026-11-26T03:12:05Z level=info msg=" + strconv.Quote(line)
			}
			how /= 3
		}
		if words := Words(line); !strings.Contains(words, message) {
			t.Errorf("%q: found %q, expected %q in it", line, words, message)
		}
	})
}

// FuzzPlain checks that nothing but escape sequences is taken away from a line.
func FuzzPlain(f *testing.F) {
	for _, line := range []string{
		"\x1b[33mWARN\x1b[0m text", "\x1b]8;;https://example.test\x07link\x1b]8;;\x1b\\", "\x1b(B",
		"\x1b",
		"\x1b[", "\x1b[\x1b[0m", "a\x1bPx",
	} {
		f.Add(line, "words\n")
	}
	f.Fuzz(func(t *testing.T, line, more string) {
		plain := Plain(line)
		rest := line
		for i := range len(plain) {
			at := strings.IndexByte(rest, plain[i])
			if at < 0 {
				t.Fatalf("%q became %q, expected a part of it", line, plain)
			}
			rest = rest[at+1:]
		}
		if strings.IndexByte(plain, escape) >= 0 {
			t.Errorf("%q became %q, which holds an escape character", line, plain)
		}
		if more = strings.ReplaceAll(more, "\x1b", ""); !strings.HasSuffix(Plain(line+"\n"+more),
			more) &&
			strings.LastIndexByte(line, escape) < len(line)-longestSequence {
			t.Errorf("%q and %q became %q", line, more, Plain(line+"\n"+more))
		}
	})
}
