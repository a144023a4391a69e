package main

import (
	"regexp"
	"strings"
	"testing"
)

// TestStopCommands encloses what a target may have written between two lines whose
// word a target cannot know.
func TestStopCommands(t *testing.T) {
	t.Parallel()
	enclose := func() (stop, resume string) {
		var b strings.Builder
		end := stopCommands(&b)
		b.WriteString("::set-output name=x::y")
		end()
		found := regexp.MustCompile(
			`\A::stop-commands::([A-Z2-7]{26})\n::set-output name=x::y\n::([A-Z2-7]{26})::\n\z`,
		).FindStringSubmatch(b.String())
		if found == nil {
			t.Fatalf("found %q, expected the text between two workflow commands", b.String())
		}
		return found[1], found[2]
	}
	first, end := enclose()
	second, _ := enclose()
	if first != end || first == second {
		t.Errorf("words are %q, %q and %q, expected one word for each pair", first, end, second)
	}
}
