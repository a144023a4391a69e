// Package life leads one server through a walk: a list of steps, such as a start, a
// handshake, a CA that goes away, or a month that passes. After each step and at the end,
// invariants are judged that hold for every correct server.
package life

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"assay/scenarios/strictyaml"
	"assay/suite/internal/live"
	"assay/suite/internal/replace"
)

// The modes of a server in a walk.
const (
	ModeOwn  = "own"         // a certificate of the operator's own
	ModeHTTP = "http-01"     // a certificate from the CA, by HTTP-01
	ModeALPN = "tls-alpn-01" // a certificate from the CA, by TLS-ALPN-01
)

var modes = []string{ModeOwn, ModeHTTP, ModeALPN}

// A Walk is one life of a server, step by step.
type Walk struct {
	Mode string `yaml:"mode" json:"mode"` // one of the modes
	// By is the way in which the operator's tool replaces files, in mode own. Empty means
	// renaming.
	By replace.By `yaml:"by,omitempty" json:"by,omitempty"`
	// With holds the forms of aspects that are not the usual ones, by the aspects' names.
	With map[string]string `yaml:"with,omitempty" json:"with,omitempty"`
	// About says in one line why a walk is kept. It changes nothing.
	About string `yaml:"about,omitempty" json:"about,omitempty"`
	Steps []Step `yaml:"steps" json:"steps"`
}

// A Step is one thing that happens to the server or around it. The kinds of steps are in
// steps.go.
type Step struct {
	Do  string    `yaml:"do" json:"do"`                       // what happens
	How string    `yaml:"how,omitempty" json:"how,omitempty"` // which of its forms
	For live.Span `yaml:"for,omitempty" json:"for,omitempty"` // how much time passes
}

// String returns the step on one line.
func (s Step) String() string {
	text := s.Do
	if s.How != "" {
		text += " " + s.How
	}
	if s.For != 0 {
		text += " " + s.For.String()
	}
	return text
}

// Read reads the walk in a file's text. The error joins a [strictyaml.Mistake] for
// everything that is wrong.
func Read(name string, text []byte) (Walk, error) {
	var w Walk
	f := strictyaml.Decode(name, text, &w)
	if !slices.Contains(modes, w.Mode) {
		f.Expect("mode", oneOf(modes))
	}
	ways := append([]replace.By{""}, ways...)
	if !slices.Contains(ways, w.By) {
		f.Expect("by", oneOf(waysByName()))
	}
	if w.By != "" && w.Mode != ModeOwn {
		f.Wrong("by", string(w.By), "nothing, since only a pair of the operator's own is replaced")
	}
	for _, name := range slices.Sorted(maps.Keys(w.With)) {
		a := aspectOf(w.Mode, name)
		switch {
		case a == nil && w.Mode != "":
			f.Wrong("with", name, "an aspect of the mode "+w.Mode)
		case a != nil && !slices.Contains(a.forms, w.With[name]):
			f.Expect("with."+name, oneOf(a.forms))
		}
	}
	if len(w.Steps) == 0 && !f.Empty() {
		f.Expect("steps", "a list of steps")
	}
	for i, s := range w.Steps {
		key := fmt.Sprintf("steps[%d].", i)
		k := kindOf(s.Do)
		if k == nil {
			f.Expect(key+"do", oneOf(kindNames()))
			continue
		}
		if w.Mode != "" && !k.in(w.Mode) {
			f.Wrong(key+"do", s.Do, "a step of the mode "+w.Mode)
		}
		switch {
		case len(k.hows) == 0 && s.How != "":
			f.Wrong(key+"how", s.How, "nothing, since there is one form of "+s.Do)
		case len(k.hows) > 0 && !slices.Contains(k.hows, s.How):
			f.Expect(key+"how", oneOf(k.hows))
		}
		switch {
		case len(k.spans) == 0 && s.For != 0:
			f.Wrong(key+"for", s.For.String(), "nothing, since no time passes in "+s.Do)
		case len(k.spans) > 0 && s.For == 0:
			f.Expect(key+"for", "a time such as 12h or 30d")
		case time.Duration(s.For) > longestPass:
			f.Wrong(key+"for", s.For.String(), "at most "+live.Span(longestPass).String())
		}
	}
	return w, f.Err()
}

// longestPass is how much time passes at most in one step.
const longestPass = 400 * 24 * time.Hour

// Write returns the walk as YAML, which [Read] reads.
func (w Walk) Write() []byte {
	var b bytes.Buffer
	if w.About != "" {
		fmt.Fprintf(&b, "about: %s\n", scalar(w.About))
	}
	fmt.Fprintf(&b, "mode: %s\n", w.Mode)
	if w.By != "" {
		fmt.Fprintf(&b, "by: %s\n", w.By)
	}
	if len(w.With) > 0 {
		b.WriteString("with:\n")
		for _, name := range slices.Sorted(maps.Keys(w.With)) {
			fmt.Fprintf(&b, "  %s: %s\n", name, scalar(w.With[name]))
		}
	}
	b.WriteString("steps:\n")
	for _, s := range w.Steps {
		fmt.Fprintf(&b, "  - {do: %s", s.Do)
		if s.How != "" {
			fmt.Fprintf(&b, ", how: %s", scalar(s.How))
		}
		if s.For != 0 {
			fmt.Fprintf(&b, ", for: %s", s.For)
		}
		b.WriteString("}\n")
	}
	return b.Bytes()
}

// scalar returns a text as YAML has it on one line.
func scalar(text string) string {
	out, err := yaml.Marshal(text)
	if err != nil {
		return fmt.Sprintf("%q", text)
	}
	line := string(bytes.TrimSpace(out))
	if bytes.ContainsAny([]byte(line), "\n{}[],") {
		return fmt.Sprintf("%q", text)
	}
	return line
}

func oneOf(names []string) string {
	text := "one of"
	for i, name := range names {
		if i > 0 {
			text += ","
		}
		text += " " + name
	}
	return text
}
