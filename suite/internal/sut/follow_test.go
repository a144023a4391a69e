package sut

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLogFile follows a file that appears late, is renamed, emptied and left with
// a line that has no end.
func TestLogFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tt := fake(t, "log-to-file", func(tt *Target) {
		tt.Command[3] = "{{.Dir}}/server.log"
		tt.LogFile = "server.log"
	})
	ofFile := func(p *Process) (texts []string) {
		for _, line := range p.Log().Lines() {
			if line.Stream == File {
				texts = append(texts, line.Text)
			}
		}
		return texts
	}
	for start := range 2 { // what the first has left belongs to the first
		os.Remove(filepath.Join(dir, "server.log.rotate"))
		os.Remove(filepath.Join(dir, "server.log.empty"))
		l, err := tt.Prepare(Input{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		p, err := Start(l, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Kill)
		wait := func(text string) {
			t.Helper()
			if _, err := p.Log().Wait(t.Context(), text, func(l Line) bool { return l.Text == text }); err != nil {
				t.Fatal(err)
			}
		}
		let := func(step string) {
			if err := os.WriteFile(filepath.Join(dir, "server.log."+step), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		wait("two, in two parts")
		let("rotate")
		wait("in a new file")
		let("empty")
		wait("emptied, and longer than before")
		p.Stop(t.Context())
		want := []string{
			"one", "two, in two parts", "in a new file", "emptied, and longer than before", "no end",
		}
		if diff := cmp.Diff(want, ofFile(p)); diff != "" {
			t.Errorf("start %d: (-want +got)\n%s", start, diff)
		}
		if !l.Owns("server.log") || l.Owns("other.log") {
			t.Errorf("start %d: the log file, and no other, belongs to the server", start)
		}
	}
}
