package complete

import (
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

type sample struct {
	Run struct {
		Only  []string `placeholder:"GLOB" sep:","`
		World string   `enum:"auto,loopback" default:"auto"`
		Keep  bool     `short:"k"`
		Out   string   `placeholder:"DIR"`
	} `cmd:""`
	Print struct {
		Kind  string   `arg:"" enum:"one,two"`
		Files []string `arg:"" optional:"" name:"FILE"`
	} `cmd:""`
	Secret struct{} `cmd:"" hidden:""`
}

func TestCandidates(t *testing.T) {
	t.Parallel()
	app := kong.Must(new(sample)).Model
	values := func(kind string) ([]string, bool) {
		if kind == "GLOB" {
			return []string{"A-01", "A-02", "B-01"}, true
		}
		return nil, false
	}
	for line, want := range map[string]string{
		"":                         "run print",
		"r":                        "run",
		"sec":                      "",
		"run --":                   "--help --keep --only --out --world",
		"run --o":                  "--only --out",
		"run --only ":              "A-01 A-02 B-01",
		"run --only a":             "A-01 A-02",
		"run --only A-01,b":        "A-01,B-01",
		"run --only=A-01,b":        "--only=A-01,B-01",
		"run --world l":            "loopback",
		"run --keep --world l":     "loopback",
		"run -k --wor":             "--world",
		"run --only A-01 --world ": "auto loopback",
		"run --out ":               File,
		"run --out=":               File,
		"run --nothing=":           "",
		"run x":                    "",
		"print ":                   "one two",
		"print t":                  "two",
		"print two ":               File,
		"print two a b ":           File,
		"print -- o":               "one",
	} {
		got := strings.Join(Candidates(app, strings.Split(line, " "), values), " ")
		if got != want {
			t.Errorf("%q: found %q, expected %q", line, got, want)
		}
	}
	if got := Candidates(app, nil, values); !slices.Equal(got, []string{"run", "print"}) {
		t.Errorf("no word: found %q, expected the commands", got)
	}
}

func TestScript(t *testing.T) {
	t.Parallel()
	for _, shell := range Shells {
		text, err := Script(shell, "tool")
		if err != nil || strings.Contains(text, "PROGRAM") || !strings.Contains(text, "tool") {
			t.Errorf("%s: found %v and\n%s", shell, err, text)
		}
	}
	if _, err := Script("tcsh", "tool"); err == nil {
		t.Error("tcsh: expected an error")
	}
}
