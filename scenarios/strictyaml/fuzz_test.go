package strictyaml

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

// plain is a type that the library decodes without the rules of this package.
type plain struct {
	Name  string            `yaml:"name" jsonschema:"required,minLength=1"`
	Words []string          `yaml:"words"`
	Env   map[string]string `yaml:"env"`
	Flag  bool              `yaml:"flag"`
	Count int               `yaml:"count"`
	Below []plain           `yaml:"below"`
}

// FuzzDecode checks that each mistake is on a line of the file and can be read, and that
// a file without mistakes is decoded as the library decodes it.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{
		"name: a\nwords: [b, c]\nenv: {d: e}\nflag: true\ncount: 3\n", "name: a\nname: b\n",
		"words: []\n",
		"a: &a [*a]\n", "name: &x y\nwords: [*x, *x]\n", "name: {{ .Port }}\n", "- 1\n- 2\n",
		"name: 1.2\n",
		"below: [{name: a}, {words: 1}]\n", "? [a, b]\n: c\n", "name: a\n---\nname: b\n", "",
		"# nothing\n",
		"name: |\n  a\n  b\nown: bad\n", "<<: &m {name: x}\nbelow: [*m]\n", "name: !!binary aGk=\n",
		"\xff\xfe",
		"name: \"\\x1b[2J\\u202e\"\nunknown\\nkey: 1\n", "name: a\nany: {b: [c]}\nflag: maybe\n",
		"\tname: a\n",
		"name: a\nwait: 3s\npattern: '('\nnumber: x\n", "below: &b [*b]\n", "name: ~\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var first sample
		checkMistakes(t, text, Decode("a.yaml", []byte(text), &first))

		var got, want plain
		file := Decode("a.yaml", []byte(text), &got)
		checkMistakes(t, text, file)
		if file.Err() != nil {
			return
		}
		if err := yaml.Unmarshal([]byte(text), &want); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%q: found %+v, expected %+v (%v)", text, got, want, err)
		}
		if got.Name == "" || !file.Has("name") {
			t.Errorf("%q: the name is missing, and no mistake says so", text)
		}
		for key := range file.Texts("") {
			if !file.Has(key) && !strings.ContainsAny(key, ".[") {
				t.Errorf("%q: the key %q has a text and is not found", text, key)
			}
		}
	})
}

func checkMistakes(t *testing.T, text string, f *File) {
	t.Helper()
	err := f.Err()
	if err == nil {
		return
	}
	lines := strings.Count(text, "\n") + strings.Count(text, "\r") + strings.Count(text, "\u0085") +
		strings.Count(text, "\u2028") + strings.Count(text, "\u2029") + 1
	all, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // what Err joins
	if !ok {
		t.Fatalf("%q: found an error of type %T", text, err)
	}
	for _, err := range all.Unwrap() {
		var m Mistake
		if !errors.As(err, &m) {
			t.Fatalf("%q: found an error of type %T", text, err)
		}
		if m.Line < 1 || m.Line > lines+1 || m.Found == "" || m.Expected == "" || m.Key == "" {
			t.Errorf("%q: found the mistake %+v in %d lines", text, m, lines)
		}
		if strings.IndexFunc(err.Error(), func(r rune) bool {
			return unicode.IsControl(r) &&
				r != '\t'
		}) >= 0 {
			t.Errorf("%q: the message %q holds control characters", text, err.Error())
		}
	}
}
