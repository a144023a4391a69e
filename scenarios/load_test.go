package scenarios

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"assay/scenarios/strictyaml"
)

// entry is a requirement with nothing wrong; rows replace a line of it.
const entry = `- id: BYO-01
  title: a title
  level: MUST
  source: a document
  text: a promise
  why: a reason
`

func load1(text string) (*Catalogue, error) {
	return loadFiles(map[string]string{"byo.yaml": text})
}

func loadFiles(texts map[string]string) (*Catalogue, error) {
	fsys := fstest.MapFS{}
	for name, text := range texts {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return load(fsys, "")
}

func messages(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	second := strings.Replace(entry, "BYO-01", "BYO-02", 1)
	for name, row := range map[string]struct {
		text string
		want []string // without the file's name
	}{
		"nothing wrong": {entry, nil},
		"empty file":    {"", []string{"1: YAML: found an empty file, expected a list"}},
		"comment only":  {"# later\n", []string{"1: YAML: found an empty file, expected a list"}},
		"no YAML": {
			"- id: [\n",
			[]string{"2: YAML: found did not find expected node content, " +
				"expected one well-formed YAML document"},
		},
		"mapping":    {"id: BYO-01\n", []string{"1: YAML: found a mapping, expected a list"}},
		"empty list": {"[]\n", []string{"1: YAML: found an empty list, expected a list of requirements"}},
		"text for an entry": {
			entry + "- BYO-02\n",
			[]string{"7: [1]: found \"BYO-02\", expected a mapping with id, title, level, source, text, " +
				"why, remedy, needs, autocert, worlds, unbroken, cases, combine, except, group"},
		},
		"two documents": {
			entry + "---\n" + second,
			[]string{"7: YAML: found a second document, expected one YAML document"},
		},
		"unknown key": {
			entry + "  leve: MAY\n",
			[]string{"7: BYO-01: leve: found an unknown key, " +
				"expected one of id, title, level, source, text, why, remedy, needs, autocert, worlds, " +
				"unbroken, cases, combine, except, group; did you mean level?"},
		},
		"duplicate key": {
			entry + "  level: MAY\n",
			[]string{"7: BYO-01: level: found the key a second time, " +
				"expected each key once; it is also on line 3"},
		},
		"duplicate ID": {
			entry + entry, []string{"7: BYO-01: id: found BYO-01 a second time, expected each ID once"},
		},
		"descending": {
			second + entry, []string{"7: BYO-01: id: found BYO-01 after BYO-02, expected ascending order"},
		},
		"gap": {entry + strings.Replace(entry, "BYO-01", "BYO-17", 1), nil},
		"prefix": {
			strings.Replace(entry, "BYO", "CFG", 1),
			[]string{`1: CFG-01: id: found "CFG-01", expected BYO- and two digits`},
		},
		"three digits": {
			strings.Replace(entry, "BYO-01", "BYO-001", 1),
			[]string{`1: BYO-001: id: found "BYO-001", expected BYO- and two digits`},
		},
		"unknown level": {
			strings.Replace(entry, "MUST", "Must", 1),
			[]string{`3: BYO-01: level: found "Must", expected one of MUST, SHOULD, MAY, OBSERVE` +
				"; did you mean MUST?"},
		},
		"missing why": {
			strings.Replace(entry, "  why: a reason\n", "", 1),
			[]string{"1: BYO-01: why: found nothing, expected text"},
		},
		"empty text": {
			strings.Replace(entry, "a promise", `" "`, 1),
			[]string{`5: BYO-01: text: found " ", expected text`},
		},
		"number for a text": {
			strings.Replace(entry, "a title", "12", 1),
			[]string{"2: BYO-01: title: found the number 12, expected text"},
		},
		"null for a text": {
			strings.Replace(entry, "a title", "", 1),
			[]string{"2: BYO-01: title: found nothing, expected text"},
		},
		"autocert range": {
			entry + "  autocert: 0.45\n",
			[]string{"7: BYO-01: autocert: found the number 0.45, expected text"},
		},
		"autocert operator": {
			entry + "  autocert: ~0.45.0\n",
			[]string{`7: BYO-01: autocert: found "~0.45.0", ` +
				`expected comparisons with full versions, such as ">= 0.45.0" or ">= 0.45.0 < 0.58.0"`},
		},
		"unknown world": {
			entry + "  worlds: [docker]\n",
			[]string{`7: BYO-01: worlds[0]: found "docker", expected one of namespace, loopback`},
		},
		"text for worlds": {
			entry + "  worlds: namespace\n",
			[]string{`7: BYO-01: worlds: found "namespace", expected a list`},
		},
		"unknown need": {
			entry + "  needs: [BYO-07]\n",
			[]string{`7: BYO-01: needs[0]: found "BYO-07", expected an ID of the catalogue, or one of ` +
				`config, byo, chain, acme, http-01, tls-alpn-01, renewal, expiry, autocert, resilience, ` +
				`ari, profiles, ip`},
		},
		"own chapter": {
			entry + "  needs: [byo]\n",
			[]string{`7: BYO-01: needs[0]: found "byo", its own chapter, ` +
				`expected another chapter, or an ID`},
		},
		"need twice": {
			entry + "  needs: [acme, acme]\n",
			[]string{`7: BYO-01: needs[1]: found "acme" a second time, expected each item once`},
		},
		"need of itself": {
			entry + "  needs: [BYO-01]\n",
			[]string{"7: BYO-01: needs: found a circle, BYO-01 → BYO-01, " +
				"expected needs that do not lead back here"},
		},
		"circle of needs": {
			entry + "  needs: [BYO-02]\n" + second + "  needs: [BYO-01]\n",
			[]string{
				"7: BYO-01: needs: found a circle, BYO-01 → BYO-02 → BYO-01, " +
					"expected needs that do not lead back here",
				"14: BYO-02: needs: found a circle, BYO-02 → BYO-01 → BYO-02, " +
					"expected needs that do not lead back here",
			},
		},
		"need of a case": {entry + "  cases: [{case: a}]\n" + second + "  needs: [BYO-01/a]\n", nil},
		"need of no case": {
			entry + second + "  needs: [BYO-01/a]\n",
			[]string{`13: BYO-02: needs[0]: found "BYO-01/a", expected an ID of the catalogue, or one of ` +
				`config, byo, chain, acme, http-01, tls-alpn-01, renewal, expiry, autocert, resilience, ` +
				`ari, profiles, ip`},
		},
		"case twice": {
			entry + "  cases:\n    - {case: a}\n    - {case: a}\n",
			[]string{`9: BYO-01: cases[1].case: found "a" a second time, expected each name once`},
		},
		"case of no name": {
			entry + "  cases:\n    - {sni: a.test}\n",
			[]string{"8: BYO-01: cases[0].case: found nothing, " +
				"expected a name of lower-case letters, digits and hyphens"},
		},
		"case name": {
			entry + "  cases:\n    - {case: Dot/Dot}\n",
			[]string{`8: BYO-01: cases[0].case: found "Dot/Dot", ` +
				`expected a name of lower-case letters, digits and hyphens`},
		},
		"key twice in row": {
			entry + "  cases:\n    - {case: a, sni: b, sni: c}\n",
			[]string{"8: BYO-01: cases[0].sni: found the key a second time, " +
				"expected each key once; it is also on line 8"},
		},
		"text for a row": {
			entry + "  cases: [dot-dot]\n",
			[]string{`7: BYO-01: cases[0]: found "dot-dot", expected a row: a mapping with case`},
		},
		"no rows": {
			entry + "  cases: []\n",
			[]string{"7: BYO-01: cases: found an empty list, expected at least one item"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load1(row.text)
			var want []string
			for _, m := range row.want {
				want = append(want, "byo.yaml:"+m)
			}
			if diff := cmp.Diff(want, messages(err)); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAllMistakesComeAtOnce(t *testing.T) {
	t.Parallel()
	_, err := loadFiles(map[string]string{
		"acme.yaml":   "- {id: ACME-01, level: must}\n",
		"byo.yaml":    entry + "  colour: red\n  cases: [{}]\n",
		"dns-01.yaml": entry,
	})
	want := []string{
		"byo.yaml:7: BYO-01: colour: found an unknown key, " +
			"expected one of id, title, level, source, text, why, remedy, needs, autocert, worlds, " +
			"unbroken, cases, combine, except, group",
		"byo.yaml:8: BYO-01: cases[0].case: found nothing, " +
			"expected a name of lower-case letters, digits and hyphens",
		`acme.yaml:1: ACME-01: level: found "must", expected one of MUST, SHOULD, MAY, OBSERVE` +
			"; did you mean MUST?",
		"acme.yaml:1: ACME-01: source: found nothing, expected text",
		"acme.yaml:1: ACME-01: text: found nothing, expected text",
		"acme.yaml:1: ACME-01: title: found nothing, expected text",
		"acme.yaml:1: ACME-01: why: found nothing, expected text",
		"dns-01.yaml:1: YAML: found a file for the chapter dns-01, " +
			"expected one of config, byo, chain, acme, http-01, tls-alpn-01, renewal, expiry, autocert, " +
			"resilience, ari, profiles, ip",
	}
	if diff := cmp.Diff(want, messages(err)); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
	var first strictyaml.Mistake
	if !errors.As(err, &first) || first.File != "byo.yaml" || first.Line != 7 {
		t.Errorf("%+v, want the first mistake", first)
	}
}

func TestEntryIsRead(t *testing.T) {
	t.Parallel()
	c, err := loadFiles(map[string]string{
		"acme.yaml": strings.NewReplacer(
			"BYO-01", "ACME-03", "a promise", ">\n    a promise\n    in two lines",
		).Replace(entry) + `  needs: [byo, BYO-01]
  autocert: ">= 0.45.0"
  worlds: [namespace]
  unbroken: none can be made
  cases: [{case: a}, {case: b}]
`,
		"byo.yaml": entry,
	})
	if err != nil {
		t.Fatal(err)
	}
	r, _, ok := c.Find("ACME-03")
	if !ok {
		t.Fatal("ACME-03 is not found")
	}
	got := []any{
		r.ID, r.Chapter, r.Title, r.Level, r.Source, r.Text, r.Why, r.Needs,
		r.Autocert.String(), r.Worlds, r.Unbroken, r.File, r.Line, len(r.Cases),
	}
	want := []any{
		"ACME-03", "acme", "a title", Must, "a document", "a promise in two lines", "a reason",
		[]Need{{Chapter: "byo"}, {ID: "BYO-01"}},
		">= 0.45.0", []string{"namespace"}, "none can be made", "acme.yaml", 1, 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	names := []string{c.Chapters[0].Name, c.Chapters[1].Name}
	if !slices.Equal(names, []string{"byo", "acme"}) {
		t.Errorf("chapters %v, want the catalogue's order", names)
	}
}

func TestDigestFollowsTheText(t *testing.T) {
	t.Parallel()
	digest := func(text string) string {
		c, err := load1(text)
		if err != nil {
			t.Fatal(err)
		}
		return c.Digest()
	}
	one := digest(entry)
	if !strings.HasPrefix(one, "sha256:") || len(one) != 71 {
		t.Errorf("found the digest %q, expected sha256: and 64 digits", one)
	}
	if one != digest(entry) {
		t.Error("the same text has two digests, expected one")
	}
	if one == digest(entry+"# more\n") {
		t.Error("another text has the same digest, expected another one")
	}
}
