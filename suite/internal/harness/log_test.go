package harness

import "testing"

func TestWarningLevel(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		`2026/01/02 03:04:05 warning: config.yaml:2: server_url`: true,
		`{"level":"warn","msg":"deprecated"}`:                    true,
		`level=ERROR msg="no such file"`:                         true,
		`2026-01-02T03:04:05Z WRN deprecated`:                    true,
		`panic: runtime error`:                                   true,
		`listening on 127.0.0.1:443`:                             false,
		`terrors and swarms`:                                     false,
	} {
		if got := warningLevel.MatchString(line); got != want {
			t.Errorf("%s: %t, want %t", line, got, want)
		}
	}
}
