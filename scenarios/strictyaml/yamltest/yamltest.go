// Package yamltest helps tests of code that reads files with package strictyaml.
package yamltest

import (
	"strings"
	"testing"
)

// Replace replaces the first old in a text. The test fails if the text does not
// hold old.
func Replace(t testing.TB, text, old, with string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("found no %q, expected it in:\n%s", old, text)
	}
	return strings.Replace(text, old, with, 1)
}

// ExpectMistakes checks that an error has one line for each want, in this order.
// Each line has to begin with the file's name and hold the want.
func ExpectMistakes(t testing.TB, err error, file string, wants []string) {
	t.Helper()
	if err == nil {
		t.Fatalf("found no error, expected %q", wants)
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(wants) {
		t.Fatalf("found %d mistakes, expected %d:\n%v", len(lines), len(wants), err)
	}
	for i, want := range wants {
		if !strings.HasPrefix(lines[i], file+":") || !strings.Contains(lines[i], want) {
			t.Errorf("found    %s\nexpected %s:…%s…", lines[i], file, want)
		}
	}
}
