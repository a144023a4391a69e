package strictyaml

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

type shared struct {
	Note string `yaml:"note" jsonschema:"minLength=1"`
}

type sample struct {
	shared  `yaml:",inline"`
	Name    string            `yaml:"name" jsonschema:"required,minLength=1"`
	Mode    string            `yaml:"mode" jsonschema:"enum=on,enum=off"`
	Words   []string          `yaml:"words" jsonschema:"minItems=1,minLength=1"`
	Items   []shared          `yaml:"items"`
	Env     map[string]string `yaml:"env"`
	Flag    bool              `yaml:"flag"`
	Number  int               `yaml:"number"`
	Wait    time.Duration     `yaml:"wait"`
	Pattern *regexp.Regexp    `yaml:"pattern"`
	Any     yaml.Node         `yaml:"any"`
	Own     own               `yaml:"own"`
	Hidden  string            `yaml:"-"`
}

// own decodes itself.
type own struct{ text string }

func (o *own) UnmarshalYAML(n *yaml.Node) error {
	if o.text = n.Value; o.text == "bad" {
		return errors.New("something good")
	}
	return nil
}

// lines returns the messages of an error without the file's name.
func lines(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(strings.ReplaceAll(err.Error(), "a.yaml:", ""), "\n")
}

func TestDecode(t *testing.T) {
	t.Parallel()
	const good = "name: x\nmode: on\nwords: [a, b]\nitems: [{note: c}]\nenv: &e {A: b}\nflag: true\n" +
		"number: 3\nwait: 5s\npattern: ^a\nany: {a: null, b: 1}\nown: fine\nnote: d\n"
	var s sample
	text := strings.ReplaceAll(good, "mode: on", "mode: 'on'")
	if err := Decode("a.yaml", []byte(text), &s).Err(); err != nil {
		t.Fatal(err)
	}
	got := []any{
		s.Note, s.Name, s.Mode, s.Words, s.Items[0].Note, s.Env["A"], s.Flag, s.Number, s.Wait,
		s.Pattern.String(), s.Own.text,
	}
	want := []any{"d", "x", "on", []string{"a", "b"}, "c", "b", true, 3, 5 * time.Second, "^a", "fine"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"name: x": nil,
		"": {"1: YAML: found an empty file, expected a mapping with note, name, mode, words, items, " +
			"env, flag, number, wait, pattern, any, own"},
		"- a": {"1: YAML: found a list, expected a mapping with note, name, mode, words, items, env, " +
			"flag, number, wait, pattern, any, own"},
		"name: x\n---\nname: y": {"2: YAML: found a second document, expected one YAML document"},
		"name: x\n---\nname: [": {"4: YAML: found did not find expected node content, " +
			"expected one well-formed YAML document"},
		"mode: a": {
			"1: mode: found \"a\", expected one of on, off", "1: name: found nothing, expected text",
		},
		"name:":        {"1: name: found nothing, expected text"},
		"name: ' '":    {`1: name: found " ", expected text`},
		"name: 5":      {"1: name: found the number 5, expected text"},
		"name: true":   {"1: name: found the boolean true, expected text"},
		"name: [a]":    {"1: name: found a list, expected text"},
		"name: {{.X}}": {"1: name: found a template without quotes, expected text"},
		"name: x\nname: y": {"2: name: found the key a second time, " +
			"expected each key once; it is also on line 1"},
		"name: x\nnames: y": {"2: names: found an unknown key, " +
			"expected one of note, name, mode, words, items, env, flag, number, wait, pattern, any, own; " +
			"did you mean name?"},
		"name: x\nHidden: y": {"2: Hidden: found an unknown key, " +
			"expected one of note, name, mode, words, items, env, flag, number, wait, pattern, any, own"},
		"name: x\nwords: []":      {"2: words: found an empty list, expected at least one item"},
		"name: x\nwords: [a, '']": {`2: words[1]: found "", expected text`},
		"name: x\nwords: [[a], 5]": {
			"2: words[0]: found a list, expected text", "2: words[1]: found the number 5, expected text",
		},
		"name: x\nitems: [{note: a}, {note: b, c: d}, e]": {
			"2: items[1].c: found an unknown key, expected one of note",
			`2: items[2]: found "e", expected a mapping with note`,
		},
		"name: x\nenv: {A: 1, B: c}": {"2: env.A: found the number 1, expected text"},
		"name: x\nenv: {{a: b}: c}": {"2: env: found a mapping as a key, " +
			"expected text; quote a value that begins with {{"},
		"name: x\nflag: 'yes'": {`2: flag: found "yes", expected true or false`},
		"name: x\nnumber: a":   {`2: number: found "a", expected a whole number`},
		"name: x\nwait: 5": {"2: wait: found the number 5, " +
			"expected a duration with a unit, such as 5s or 500ms"},
		"name: x\npattern: (": {"2: pattern: found \"(\", " +
			"expected a regular expression (missing closing ): `(`)"},
		"name: x\npattern: 3": {"2: pattern: found the number 3, expected text"},
		"name: x\nown: bad":   {`2: own: found "bad", expected something good`},
		"name: x\nown:":       {"2: own: found nothing, expected a mapping"},
		"name: x\nany:\n  a: 1\n  b: {c: 1, c: 2}": {"4: any.b.c: found the key a second time, " +
			"expected each key once; it is also on line 4"},
		"name: x\nany: &a [*a]":            nil,
		"name: &n x\nnote: *n":             nil,
		"name: x\nenv: &a {A: 1}\nany: *a": {"2: env.A: found the number 1, expected text"},
		"name: x\nenv:\n  a: {{.X}}/y": {"3: YAML: found did not find expected key, " +
			"expected one well-formed YAML document; a value that begins with {{ has to be quoted"},
	} {
		f := Decode("a.yaml", []byte(text), new(sample))
		if diff := cmp.Diff(want, lines(f.Err())); diff != "" {
			t.Errorf("%q: mistakes (-want +got):\n%s", text, diff)
		}
		if f.Empty() != (text == "") {
			t.Errorf("%q: empty: %t", text, f.Empty())
		}
	}
}

// What a caller finds has the line of its key, and does not repeat what decoding
// has found.
func TestWrong(t *testing.T) {
	t.Parallel()
	const text = "name: x\nwords:\n  - a\n  - b\nenv:\n  a.b: |\n    one\n    two\n" +
		"number: a\nitems: [null, {note: c}]\n"
	f := Decode("a.yaml", []byte(text), new(sample))
	f.Expect("words[1]", "c")
	f.OneOf("words[0]", []string{"d", "e"})
	f.OneOf("words[9]", []string{"d", "e"})
	f.WrongLine("env.a.b", 2, "two", "three")
	f.Wrong("env.c", "nothing", "something")
	f.Wrong("number", "a", "what decoding has demanded already")
	f.Wrong("items[0].note", "c", "something at a place that decoding has moved")
	want := []string{
		`3: words[0]: found "a", expected one of d, e`,
		`4: words[1]: found "b", expected c`,
		"6: env.c: found nothing, expected something",
		"8: env.a.b: found two, expected three",
		`9: number: found "a", expected a whole number`,
		"10: items[0]: found nothing, expected a mapping with note",
	}
	if diff := cmp.Diff(want, lines(f.Err())); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
	var first Mistake
	if !errors.As(f.Err(), &first) || first.Line != 3 || first.File != "a.yaml" {
		t.Errorf("found %+v, expected the first mistake", first)
	}
	var keys []string
	for key := range f.Texts("env") {
		keys = append(keys, key)
	}
	if want := []string{"env.a.b"}; !slices.Equal(keys, want) {
		t.Errorf("found the texts %q, expected %q", keys, want)
	}
	for key, want := range map[string]bool{"words[1]": true, "words[2]": false, "env.a": false} {
		if got := f.Has(key); got != want {
			t.Errorf("has %s: %t, expected %t", key, got, want)
		}
	}
}

// Items of a list at the top of a file are called by their id.
func TestListAtTheTop(t *testing.T) {
	t.Parallel()
	var all []struct {
		ID string `yaml:"id" jsonschema:"required"`
		At string `yaml:"at" jsonschema:"required"`
	}
	f := Decode("a.yaml", []byte("- {id: A, at: b}\n- {id: B}\n- {at: c}\n- d\n"), &all)
	want := []string{
		"2: B: at: found nothing, expected text",
		"3: [2].id: found nothing, expected text",
		`4: [3]: found "d", expected a mapping with id, at`,
	}
	if diff := cmp.Diff(want, lines(f.Err())); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
}
